"""Who is let in: by a link that holds once, by a password, by a code; and who is not."""

from __future__ import annotations

import io
from itertools import chain
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from syncer.store import access
from syncer.web import passwords
from syncer.web.access import first_link, new_link
from syncer.web.passwords import Throttle
from tests.conftest import Run
from tests.web.house import PASSWORD, House, later, log_in

NEW = {"password": PASSWORD, "again": PASSWORD}


def _link(house: House) -> str:
    return new_link(house.database, house.settings.web, house.at)


@pytest.mark.both_engines
async def test_a_link_sets_the_password_once(house: House) -> None:
    link = _link(house)
    async with house.client() as browser:
        assert (await browser.get(link)).status_code == 200
        done = await browser.post(link, data=NEW)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        cookie = done.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert (await browser.get("/")).status_code == 200
    async with house.client() as stranger:
        again = await stranger.post(link, data={"password": "another one", "again": "another one"})
        assert again.status_code == 404
        assert (await stranger.get(link)).status_code == 404
        assert (await log_in(stranger, "another one")).status_code == 403
        assert (await log_in(stranger)).status_code == 303
    assert first_link(house.database, house.settings.web, house.at) is None


async def test_a_link_holds_for_a_day_and_only_the_newest_does(house: House) -> None:
    old, new = _link(house), _link(house)
    async with house.client() as browser:
        assert (await browser.post(old, data=NEW)).status_code == 404
        later(house, hours=24, seconds=1)
        assert (await browser.post(new, data=NEW)).status_code == 404
        assert (await browser.get("/login")).text.count("No password is set yet") == 1


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [
        ("short", "short", "10 to 1000 characters"),
        ("x" * 1_001, "x" * 1_001, "10 to 1000 characters"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "too easy"),
        (PASSWORD, PASSWORD + "!", "differ"),
    ],
)
async def test_a_poor_password_is_refused_and_the_link_holds_still(
    house: House, password: str, again: str, why: str
) -> None:
    link = _link(house)
    async with house.client() as browser:
        answer = await browser.post(link, data={"password": password, "again": again})
        assert (answer.status_code, why in answer.text) == (422, True)
        assert (await browser.post(link, data=NEW)).status_code == 303


@pytest.mark.both_engines
async def test_a_session_ends_by_itself_by_hand_and_everywhere(house: House) -> None:
    async with house.owner() as one, house.client() as other:
        await log_in(other)
        later(house, hours=11)
        assert (await one.get("/sources")).status_code == 200
        later(house, hours=11)
        assert (await one.get("/sources")).status_code == 200  # it was seen in between
        assert (await other.get("/sources")).status_code == 303
        await log_in(other)
        assert (await one.post("/logout")).headers["location"] == "/login"
        assert (await one.get("/sources")).status_code == 303
        await log_in(one)
        await one.post("/logout", data={"everywhere": "1"})
        assert (await other.get("/sources")).status_code == 303


async def test_a_session_ends_after_thirty_days_whatever_it_does(house: House) -> None:
    async with house.owner() as browser:
        for _ in range(65):
            assert (await browser.get("/login")).status_code == 200
            later(house, hours=11)
            last = await browser.get("/settings")
        assert last.status_code == 200
        later(house, hours=11)
        assert (await browser.get("/settings")).status_code == 303


async def test_a_session_that_somebody_else_chose_is_none(house: House) -> None:
    """Session fixation: a cookie from before the log-in is not the one after it."""
    async with house.owner(), house.client() as browser:
        browser.cookies.set("syncer", "chosen-by-somebody-else")
        assert (await browser.get("/")).status_code == 303
        done = await log_in(browser)
        assert "chosen" not in done.headers["set-cookie"]
        first = done.cookies["syncer"]
        assert (await log_in(browser)).cookies["syncer"] != first


async def test_tries_are_few_from_one_address_and_others_are_not_locked_out(house: House) -> None:
    async with house.owner(), house.client(client=("10.0.0.9", 1)) as guessing:
        answers = [(await log_in(guessing, f"guess number {n}")).status_code for n in range(8)]
        assert answers == [403] * 5 + [429] * 3
        assert (await log_in(guessing)).status_code == 429  # the right one neither
        async with house.client(client=("10.0.0.8", 1)) as other:
            assert (await log_in(other)).status_code == 303


def test_patience_comes_back_and_one_address_cannot_use_up_that_of_all() -> None:
    now = [0.0]
    throttle = Throttle(each=3, each_seconds=10, all=6, all_seconds=10, now=lambda: now[0])
    assert [throttle.may_try("a") for _ in range(5)] == [True, True, True, False, False]
    assert throttle.may_try("b")
    now[0] = 10.0
    assert [throttle.may_try("a") for _ in range(2)] == [True, False]
    assert [throttle.may_try(f"other {n}") for n in range(4)] == [True, True, False, False]


@pytest.mark.both_engines
async def test_with_a_second_factor_a_code_is_needed_and_counts_once(house: House) -> None:
    async with house.owner() as owner, house.client() as browser:
        secret = passwords.new_secret()
        code = pyotp.TOTP(secret).at(house.at)
        wrong = await owner.post(
            "/settings/second-factor",
            data={"secret": secret, "code": "000000", "password": PASSWORD},
        )
        assert wrong.status_code == 422
        told = {"secret": secret, "code": code}
        left_open = await owner.post("/settings/second-factor", data=told)
        assert left_open.status_code == 422  # without the password
        told["password"] = PASSWORD
        assert (await owner.post("/settings/second-factor", data=told)).status_code == 303
        assert (await log_in(browser)).status_code == 403
        assert (await log_in(browser, code=code)).status_code == 303
        assert (await log_in(browser, code=code)).status_code == 403  # seen over a shoulder
        later(house, seconds=30)
        new = pyotp.TOTP(secret).at(house.at)
        assert (await log_in(browser, "wrong password", code=new)).status_code == 403
        assert (await log_in(browser, code=f"{new[:3]} {new[3:]}")).status_code == 303
        assert (await log_in(browser, code=code)).status_code == 403  # the one before, again
    file = house.settings.state_folder / "second-factor"
    assert file.read_text() == secret
    assert file.stat().st_mode & 0o777 == 0o600


async def test_another_password_needs_the_old_one_and_ends_other_sessions(house: House) -> None:
    async with house.owner() as owner, house.client() as other:
        await log_in(other)
        told = {"old": "not the old one", "new": "a new one here", "again": "a new one here"}
        assert (await owner.post("/settings/password", data=told)).status_code == 422
        told["old"] = PASSWORD
        assert (await owner.post("/settings/password", data=told)).status_code == 303
        assert (await owner.get("/settings")).status_code == 200
        assert (await other.get("/settings")).status_code == 303
        assert (await log_in(other)).status_code == 403
        assert (await log_in(other, "a new one here")).status_code == 303


async def test_a_new_password_by_link_ends_tokens_of_programs_too(house: House) -> None:
    async with house.owner() as owner, house.client() as program:
        door = house.app._app.app.state.site.door
        token = await door.make_token("left behind", ("read",))
        program.headers["Authorization"] = f"Bearer {token}"
        assert (await program.get("/api/v1/alerts")).status_code == 200
        told = {"password": "another one here", "again": "another one here"}
        assert (await owner.post(_link(house), data=told)).status_code == 303
        assert (await program.get("/api/v1/alerts")).status_code == 401


@pytest.mark.parametrize(
    ("to", "there"),
    [
        ("/harvest?x=1", "/harvest?x=1"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("", "/"),
    ],
)
async def test_after_a_log_in_nobody_is_sent_elsewhere(house: House, to: str, there: str) -> None:
    async with house.owner(), house.client() as browser:
        done = await log_in(browser, to=to)
        assert (done.status_code, done.headers["location"]) == (303, there)


async def test_no_page_shows_anything_to_a_stranger(house: House) -> None:
    """Whatever there is, but for what is before the log-in and for watchmen."""
    app = house.app._app.app  # within the guards
    included = [r.original_router.routes for r in app.routes if hasattr(r, "original_router")]
    routes = [r for r in [*app.routes, *chain(*included)] if hasattr(r, "path")]
    open_ = {"/login", "/setup/{secret}", "/healthz", "/readyz", "/static/{version}/{name}"}
    asked = 0
    async with house.client() as stranger:
        for route in routes:
            for method in (getattr(route, "methods", None) or set()) - {"HEAD"}:
                if route.path in open_ or route.path == "/metrics":
                    continue
                answer = await stranger.request(method, route.path.replace("{year}", "2025"))
                refused = 401 if "/api/" in route.path else 303
                assert answer.status_code == refused, (method, route.path, answer.text)
                asked += 1
    assert asked > 50


async def test_a_password_is_kept_with_the_effort_of_today(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9106 for little memory: argon2id, 64 MiB, three times; a weaker hash is made anew."""
    async with house.owner() as browser:
        monkeypatch.setattr(passwords, "_hasher", PasswordHasher())
        assert (await log_in(browser)).status_code == 303
    with house.database.read() as connection:
        owner = access.owner(connection)
    assert owner is not None
    kept = extract_parameters(owner.password_hash)
    assert (kept.type, kept.memory_cost, kept.time_cost) == (Type.ID, 64 * 1024, 3)


def test_the_command_line_sets_a_password_and_makes_a_link(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run("web", "--json", config=config).json["web"]
    assert (told["address"], told["password"]) == ("http://127.0.0.1:8377/", False)
    link = run("web", "link", config=config)
    assert link.out.startswith("http://127.0.0.1:8377/setup/")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run("web", "password", config=config).code == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert run("web", "password", config=config).code == 0
    assert run("web", "--json", config=config).json["web"]["password"] is True


@pytest.mark.files_of_sqlite("a restore puts a file in place")
async def test_a_restored_backup_lets_no_old_session_in(
    config: Path, run: Run, tmp_path: Path
) -> None:
    house = House(config)
    async with house.owner() as browser:
        cookie = browser.cookies["syncer"]
        made = run("backup", "--json", config=config).json["backup"]["file"]
        await browser.post("/logout")
    house.close()
    assert run("restore", made, config=config).code == 0
    house = House(config)
    async with house.client() as browser:
        browser.cookies.set("syncer", cookie)
        assert (await browser.get("/settings")).status_code == 303
        assert (await log_in(browser)).status_code == 303  # the password of the backup
    house.close()


@pytest.mark.both_engines
async def test_nothing_that_lets_in_is_in_the_database(house: House) -> None:
    link = _link(house)
    secret = link.rpartition("/")[2]
    async with house.client() as browser:
        await browser.post(link, data=NEW)
        cookie = browser.cookies["syncer"]
        made = await browser.post("/settings/token", data={"name": "t", "scope": "read"})
        assert made.status_code == 200, made.text
        token = made.text.partition("syncer_")[2].partition("<")[0]
        assert len(token) > 30
    with house.database.read() as connection:
        dump = repr(access.owner(connection)) + repr(access.tokens(connection))
        for table in ("owner", "web_session", "api_token", "setup_link"):
            dump += repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
    assert not [x for x in (secret, cookie, token, PASSWORD) if x in dump]
