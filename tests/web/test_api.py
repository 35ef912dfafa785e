"""Programs get what `--json` prints, as far as their token goes, and no odd input breaks it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from syncer.alerts.states import AlertState
from syncer.store.alerts import save_alert
from syncer.web.access import Door
from tests.conftest import Run
from tests.web.house import HOST, House

POSTS: dict[str, dict[str, Any]] = {
    "review/answer": {"id": "x:y", "answer": "z"},
    "review/undo": {"subject": "x"},
    "reconcile/pair": {"line": "a/b/2025/1", "disposals": ["d"]},
    "reconcile/unpair": {"line": "a/b/2025/1"},
    "reconcile/broker-error": {"line": "a/b/2025/1", "note": "n"},
    "identify/order": {"account": "nobody", "rule": "fifo"},
    "alerts/snooze": {"key": "nothing"},
    "alerts/test": {},
    "settings": {"name": "taxpayer.nothing", "value": "1"},
}
GETS = (
    *("status", "overview", "balances", "events", "lots", "disposals", "review", "harvest"),
    *("tax?year=2025", "income?year=2025", "reconcile?year=2025", "identifications"),
    *("alerts", "settings", "papers?year=2025"),
    *("harvest/plan?goal=max-benefit", "openapi.json"),
)


FITTING = ("identify/order", "alerts/test")  # done, if the token may


async def _token(house: House, *scopes: str) -> str:
    door: Door = house.app._app.app.state.site.door
    made = await door.make_token("-".join(scopes) or "none", scopes)
    assert made
    return made


def _program(house: House, token: str) -> httpx.AsyncClient:
    made = house.client()
    made.headers = httpx.Headers({"Authorization": f"Bearer {token}"})
    return made


async def test_documents_are_those_of_the_command_line(
    story: House, run: Run, at_story_end: None
) -> None:
    async with _program(story, await _token(story, "read")) as program:

        async def told(path: str) -> Any:
            answer = await program.get(f"/api/v1/{path}")
            assert answer.status_code == 200, answer.text
            return answer.json()

        for path, words in (
            ("tax?year=2025", ("tax", "--year", "2025")),
            ("income?year=2025", ("income", "--year", "2025")),
            ("review", ("review",)),
            ("balances", ("balances",)),
            ("status", ("status",)),
            ("alerts", ("alerts",)),
            ("settings", ("settings",)),
        ):
            assert await told(path) == run(*words, "--json", config=story.path).json, path
        ours = (await told("reconcile?year=2025"))["reconcile"]
        theirs = run("reconcile", "--year", "2025", "--json", config=story.path).json["reconcile"]
        for mine, other in zip(ours["lines"], theirs["lines"], strict=True):
            assert {k: mine[k] for k in other} == other
        events = run("events", "--json", config=story.path).json["events"]
        found, after = [], "events?"
        while after:
            page = await told(after)
            found += page["events"]
            after = page["next"] and f"events?{httpx.QueryParams(page['next'])}"
        assert sorted(e["event_id"] for e in found) == sorted(e["event_id"] for e in events)
        by_id = {e["event_id"]: e for e in events}
        assert all(by_id[e["event_id"]] == e for e in found)


async def test_a_token_goes_as_far_as_its_scopes(story: House) -> None:
    for scopes in (("read",), ("decide",), ("sync",)):
        async with _program(story, await _token(story, *scopes)) as program:
            for path in GETS:
                code = (await program.get(f"/api/v1/{path}")).status_code
                assert (code == 200) is ("read" in scopes), (scopes, path, code)
            for path, body in POSTS.items():
                code = (await program.post(f"/api/v1/{path}", json=body)).status_code
                assert code == (422 if "decide" in scopes else 403) or path in FITTING, path
            code = (await program.post("/api/v1/sync", json={})).status_code
            assert code == (202 if "sync" in scopes else 403)
    assert story.started == ["sync:kraken", "sync:wallet@demo"]


async def test_a_token_that_is_none_or_was_ended_is_refused(house: House) -> None:
    async with house.owner():  # a password by link ends all tokens
        token = await _token(house, "read")
    for other in ("", "x", token[:-1], token + "x", "Bearer"):
        async with _program(house, other) as program:
            answer = await program.get("/api/v1/status")
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    async with house.owner() as browser, _program(house, token) as program:
        assert (await program.get("/api/v1/status")).status_code == 200
        assert (await program.get("/")).status_code == 303  # pages are not for programs
        assert (await browser.get("/api/v1/status")).status_code == 200
        await browser.post("/settings/token/end", data={"name": "read"})
        assert (await program.get("/api/v1/status")).status_code == 401


async def test_a_program_answers_pairs_and_takes_files_in(house: House) -> None:
    head = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
    file = {"file": ("a.csv", f"{head}2025-01-02T12:00:00Z,deposit,k,,,BTC,2\n".encode())}
    async with _program(house, await _token(house, "read", "decide", "sync")) as program:
        done = (await program.post("/api/v1/import", files=file)).json()
        assert (done["import"]["new_records"], done["derived"]) == (1, True)
        items = (await program.get("/api/v1/review")).json()["review"]
        (item,) = [i for i in items if i["kind"] == "unmatched_deposit"]
        said = {"id": item["id"], "answer": "bought", "basis_usd": "1.10"}
        assert (await program.post("/api/v1/review/answer", json=said)).json()["derived"] is True
        (lot,) = (await program.get("/api/v1/lots")).json()["lots"]
        assert lot["basis_usd"] == "1.10"
        assert house.database.name
    with house.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT who FROM decision").all()
    assert [r[0] for r in rows] == ["token read-decide-sync"]


async def test_a_program_is_silent_for_a_while_and_changes_settings(house: House) -> None:
    with house.database.write() as connection:
        save_alert(connection, AlertState("opening:k:BTC:2026", "firing", house.at))
    async with _program(house, await _token(house, "read", "decide")) as program:

        async def told(path: str, **body: Any) -> Any:
            method = "POST" if body else "GET"
            answer = await program.request(method, f"/api/v1/{path}", json=body or None)
            assert answer.status_code == 200, answer.text
            return answer.json()

        (alert,) = (await told("alerts"))["alerts"]
        until = (await told("alerts/snooze", key=alert["key"], days=2))["snooze"]["until"]
        assert datetime.fromisoformat(until) == house.at + timedelta(days=2)
        assert (await told("alerts"))["alerts"][0]["snoozed_until"] == until
        assert (await told("alerts/snooze", key=alert["key"], days=0))["snooze"]["until"] is None

        name = "harvest.min_loss_usd"
        done = await told("settings", name=name, value="9.50")
        assert done["settings"] == {"name": name, "value": "9.50", "from_the_next_start": None}
        assert str(house.settings.harvest.min_loss_usd) == "9.50"
        refused = await program.post("/api/v1/settings", json={"name": "web.host", "value": "::"})
        assert (refused.status_code, "settings file" in refused.text) == (422, True)
        await told("settings", name=name, value=None)
        rows = {r["name"]: r for r in (await told("settings"))["settings"]}
        assert rows[name]["origin"] == "the default"


async def test_a_program_makes_papers_and_gets_them(story: House, run: Run, tmp_path: Path) -> None:
    async with _program(story, await _token(story, "read", "sync")) as program:
        assert (await program.get("/api/v1/papers?year=2025")).json() == {"papers": []}
        wanted = {"year": 2025, "without_forms": True, "name": "Ann Example"}
        made = (await program.post("/api/v1/papers", json=wanted)).json()["report"]
        words = ("report", "--year", "2025", "--without-forms", "--name", "Ann Example")
        out = str(tmp_path / "out")
        theirs = run(*words, "--out", out, "--json", config=story.path).json["report"]
        assert sorted(made["files"]) == sorted(Path(f).name for f in theirs["files"])
        assert made["warnings"] == theirs["warnings"]
        listed = (await program.get("/api/v1/papers?year=2025")).json()["papers"]
        assert sorted(made["files"]) == sorted(p["name"] for p in listed)
        name = next(f for f in made["files"] if f.endswith(".csv"))
        got = await program.get(f"/api/v1/papers/2025/{name}")
        assert got.content == (tmp_path / "out" / name).read_bytes()
        for strange in ("..%2f..%2fsyncer.db", "syncer.db", "x"):
            answer = await program.get(f"/api/v1/papers/2025/{strange}")
            assert answer.status_code in (404, 422)


# ---- whatever may be asked


async def test_whatever_is_asked_is_answered_as_described(story: House) -> None:
    """Every operation, with inputs made from its description, right and wrong ones."""
    token = await _token(story, "read", "decide", "sync")
    app = story.app._app.app
    described = schemathesis.openapi.from_dict(app.openapi())
    described.app = story.app
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 28
    headers = {"Authorization": f"Bearer {token}", "Host": HOST}
    await asyncio.to_thread(lambda: [_ask(one, headers) for one in operations])


def _stays_here(case: schemathesis.Case) -> bool:
    """Blank forms come from irs.gov."""
    return not (isinstance(case.body, dict) and case.body.get("download"))


def _ask(operation: Any, headers: dict[str, str]) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy().filter(_stays_here))
    def asked(case: schemathesis.Case) -> None:
        # what does not exist, or does not fit the books, is refused though its form is right
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    asked()
