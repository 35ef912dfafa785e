"""Programs get what `--json` prints, as far as their token goes, and no odd input breaks it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from syncer.web.access import Door
from tests.conftest import Run
from tests.web.house import HOST, House

POSTS: dict[str, dict[str, Any]] = {
    "review/answer": {"id": "x:y", "answer": "z"},
    "review/undo": {"subject": "x"},
    "reconcile/pair": {"line": "a/b/2025/1", "disposals": ["d"]},
    "reconcile/unpair": {"line": "a/b/2025/1"},
    "identify/order": {"account": "nobody", "rule": "fifo"},
}
GETS = (
    *("status", "overview", "balances", "events", "lots", "disposals", "review", "harvest"),
    *("tax?year=2025", "income?year=2025", "reconcile?year=2025", "identifications"),
    *("harvest/plan?goal=max-benefit", "openapi.json"),
)


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
                assert code == (422 if "decide" in scopes else 403) or "order" in path, path
            code = (await program.post("/api/v1/sync", json={})).status_code
            assert code == (202 if "sync" in scopes else 403)
    assert story.started == ["sync:kraken", "sync:wallet@demo"]


async def test_a_token_that_is_none_or_was_ended_is_refused(house: House) -> None:
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


# ---- whatever may be asked


async def test_whatever_is_asked_is_answered_as_described(story: House) -> None:
    """Every operation, with inputs made from its description, right and wrong ones."""
    token = await _token(story, "read", "decide", "sync")
    app = story.app._app.app
    described = schemathesis.openapi.from_dict(app.openapi())
    described.app = story.app
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 18
    headers = {"Authorization": f"Bearer {token}", "Host": HOST}
    await asyncio.to_thread(lambda: [_ask(one, headers) for one in operations])


def _ask(operation: Any, headers: dict[str, str]) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def asked(case: schemathesis.Case) -> None:
        # what does not exist, or does not fit the books, is refused though its form is right
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    asked()
