"""No stranger's page, name, frame or flood gets through, and every answer tells browsers so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from syncer.web import guard
from syncer.web.guard import Place
from tests.web.house import HOST, PASSWORD, House, log_in

ALWAYS = {
    "content-security-policy": "default-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


async def test_every_kind_of_answer_has_the_headers(house: House) -> None:
    async with house.owner() as browser:
        for method, path, status in (
            ("GET", "/", 200),
            ("GET", "/settings", 200),
            ("GET", "/nowhere", 404),
            ("GET", "/harvest?rates_of=abc", 200),
            ("GET", "/ledger?year=abc", 422),
            ("GET", "/charts/year.svg", 200),
            ("GET", "/ledger/export/events.csv", 200),
            ("GET", "/api/v1/status", 200),
            ("GET", "/api/v1/nowhere", 404),
            ("GET", "/healthz", 200),
            ("GET", "/metrics", 401),
            ("POST", "/sources/sync", 422),
            ("POST", "/", 405),
            ("PUT", "/", 405),
            ("TRACE", "/", 405),
        ):
            answer = await browser.request(method, path)
            assert answer.status_code == status, (method, path, answer.text)
            for name, value in ALWAYS.items():
                assert answer.headers[name].startswith(value), (path, name)
            assert answer.headers["cache-control"] == "no-store", path
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy


async def test_what_breaks_is_a_page_with_the_headers_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("marker of the inside")

    async with house.owner() as browser:
        monkeypatch.setattr("syncer.web.pages.settings._told", breaks)
        browser._transport.raise_app_exceptions = False  # as a server does, which logs it
        answer = await browser.get("/settings")
        assert (answer.status_code, "marker" in answer.text) == (500, False)
        assert "see the log" in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_only_files_by_their_version_are_kept_by_browsers(house: House) -> None:
    async with house.client() as browser:
        page = (await browser.get("/login")).text
        for name in ("style.css", "syncer.js", "icon.svg"):
            path = page.partition("/static/")[2].partition("/")[0]
            version = page.partition(f"/{name}")[0].rpartition("/")[2]
            told = await browser.get(f"/static/{version}/{name}")
            assert told.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert path
            old = await browser.get(f"/static/0/{name}")
            assert (old.status_code, old.headers["cache-control"]) == (200, "no-store")
        for path in ("/static/0/base.html", "/static/0/..%2fapp.py", "/static/0/%2e%2e/app.py"):
            assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": f"http://{HOST}"}, 403),
        ({"Origin": f"http://{HOST}"}, 303),  # an old browser
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": f"https://{HOST}"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Authorization": "Bearer x"}, 403),  # beside a cookie that is no excuse
    ],
)
async def test_changes_are_asked_from_our_own_pages(
    house: House, headers: Mapping[str, str], status: int
) -> None:
    async with house.owner() as browser:
        del browser.headers["Sec-Fetch-Site"]
        del browser.headers["Origin"]
        answer = await browser.post("/logout", headers=headers)
        assert answer.status_code == status
        still = (await browser.get("/settings")).status_code
        assert still == (303 if status == 303 else 200)


async def test_nothing_is_changed_by_looking(story: House) -> None:
    """No GET of any page writes a decision, a setting or a record."""

    def said() -> list[int]:
        with story.database.read() as connection:
            tables = ("decision", "setting", "identification", "raw_record", "api_token")
            query = "SELECT count(*) FROM {}"
            return [int(connection.exec_driver_sql(query.format(t)).scalar_one()) for t in tables]

    async with story.owner() as browser:
        before = said()
        for path in ("/review/answer", "/review/undo", "/settings/change", "/sources/sync"):
            assert (await browser.get(path)).status_code in (404, 405), path
        for path in ("/", "/harvest", "/review", "/ledger", "/reconcile", "/reports", "/sources"):
            assert (await browser.get(path)).status_code == 200, path
        assert said() == before
        assert story.started == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "x:8377"])
async def test_another_name_of_this_machine_is_refused(house: House, host: str) -> None:
    """DNS rebinding: the browser believes that it talks with a page of the stranger."""
    async with house.owner() as browser:
        assert (await browser.get("/", headers={"Host": host})).status_code == 400
        assert (await browser.get("/", headers={"Host": "localhost:1"})).status_code == 200


async def test_too_much_is_refused_before_it_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LARGEST_FORM", 1_000)
    monkeypatch.setattr(guard, "LARGEST_FILE", 5_000)
    async with house.owner() as browser:
        much = {"subject": "x" * 2_000}
        assert (await browser.post("/review/undo", data=much)).status_code == 413

        async def without_a_length() -> object:
            for _ in range(100):
                yield b"x" * 100

        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await browser.post("/review/undo", content=without_a_length(), headers=kind)
        assert answer.status_code in (400, 413, 422)
        file = {"file": ("a.csv", b"x" * 6_000)}
        assert (await browser.post("/sources/import", files=file)).status_code == 413
        small = {"file": ("a.csv", b"x" * 3_000)}
        assert (await browser.post("/sources/import", files=small)).status_code == 422
        assert (await browser.get("/settings")).status_code == 200


def _placed(config: Path, more: str) -> House:
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}\n[web]\n{more}\n", encoding="utf-8")
    return House(config)


async def test_behind_a_proxy_with_tls_and_a_prefix(config: Path) -> None:
    house = _placed(
        config,
        'public_url = "https://home.example/syncer"\nproxies = ["10.0.0.1"]',
    )
    at = {"base_url": "https://home.example", "client": ("10.0.0.1", 1)}
    same = {"Origin": "https://home.example", "Sec-Fetch-Site": "same-origin"}
    async with house.client(**at) as browser:
        browser.headers.update(same)
        first = await browser.get("/syncer/")
        assert first.headers["location"] == "/syncer/login"
        assert first.headers["strict-transport-security"] == "max-age=31536000"
        from syncer.web.access import new_link

        link = new_link(house.database, house.settings.web, house.at)
        assert link.startswith("https://home.example/syncer/setup/")
        told = {"password": PASSWORD, "again": PASSWORD}
        done = await browser.post(link, data=told)
        assert done.headers["location"] == "/syncer/"
        cookie = done.headers["set-cookie"]
        assert cookie.startswith("__Host-syncer=")
        assert "Secure" in cookie
        assert "Path=/;" in cookie
        page = await browser.get("/syncer/")
        assert page.status_code == 200
        links = [p.partition('"')[0] for p in page.text.split('href="')[1:]]
        assert len(links) > 10
        assert [x for x in links if not x.startswith(("/syncer/", "#")) and x] == []
        assert (await browser.get("/")).status_code == 200  # a proxy that takes the prefix off
    house.close()


async def test_who_asks_is_told_by_a_proxy_that_is_trusted_and_by_no_other(config: Path) -> None:
    house = _placed(config, 'proxies = ["10.0.0.1", "10.0.0.2"]')
    async with house.owner():
        pass
    for client, forwarded, codes in (
        ("10.0.0.1", "1.1.1.1", (403, 429)),
        ("10.0.0.1", "1.1.1.2", (403, 429)),  # another person behind the same proxy
        ("10.0.0.1", "6.6.6.6, 1.1.1.3, 10.0.0.2", (403, 429)),
        ("10.0.0.1", "7.7.7.7, 1.1.1.3", (429, 429)),  # the first is what the person said
        ("9.9.9.9", "1.1.1.4", (403, 429)),
        ("9.9.9.9", "1.1.1.5", (429, 429)),  # no proxy of ours: its word does not count
    ):
        async with house.client(client=(client, 1)) as browser:
            browser.headers["X-Forwarded-For"] = forwarded
            answers = [(await log_in(browser, "a wrong one")).status_code for _ in range(6)]
            assert (answers[0], answers[-1]) == codes, forwarded
    house.close()


async def test_a_proxys_own_line_counts_beside_that_of_a_stranger(config: Path) -> None:
    house = _placed(config, 'proxies = ["10.0.0.1"]')
    async with house.owner():
        pass
    async with house.client(client=("10.0.0.1", 1)) as browser:
        seen = []
        for n in range(7):
            headers = [("X-Forwarded-For", f"6.6.6.{n}"), ("X-Forwarded-For", "1.1.1.1")]
            browser.headers = httpx.Headers([*browser.headers.items(), *headers])
            seen.append((await log_in(browser, "a wrong one")).status_code)
            browser.headers.pop("X-Forwarded-For")
    assert seen[-1] == 429
    house.close()


async def test_the_address_that_it_listens_on_and_a_prefix_like_a_page_are_reached(
    config: Path,
) -> None:
    as_it_was = config.read_text(encoding="utf-8")
    house = _placed(config, 'host = "192.168.1.5"\nallow_remote = true')
    async with house.client(base_url="http://192.168.1.5:8377") as browser:
        assert (await browser.get("/login")).status_code == 200
    house.close()
    config.write_text(as_it_was, encoding="utf-8")
    house = _placed(config, 'public_url = "http://home.example/ledger"')
    async with house.client(base_url="http://home.example") as browser:
        answer = await browser.get("/ledger/ledger/lots")
        assert answer.headers["location"] == "/ledger/login?to=/ledger/lots"
        assert (await browser.get("/ledger/login/")).status_code == 404  # sent nowhere else
    house.close()


async def test_nothing_is_read_of_a_file_before_the_token_is_known(house: House) -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(20):
            read += 1
            yield b"a" * 100_000

    async with house.client() as program:
        program.headers = httpx.Headers({"Authorization": "Bearer nothing"})
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = await program.post("/api/v1/import", content=chunks(), headers=kind)
    assert (answer.status_code, read) == (401, 0)


def test_an_address_is_taken_apart() -> None:
    assert Place.of("https://a.example/x/", ("b",), ()) == Place(True, "/x", ("a.example", "b"), ())
    assert Place.of(None, (), ()) == Place()
    assert Place.of("http://a.example", ("a.example",), ()).hosts == ("a.example",)
