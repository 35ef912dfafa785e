"""Papers made on the page: once, said to be old after a change, and nothing else given out."""

from __future__ import annotations

import asyncio
import io
import os
import threading
import zipfile
from typing import Any

import httpx
import pytest

from syncer.web.pages import reports
from tests.web.house import HEAD, LOSS, House, send_file


async def test_papers_are_made_and_only_papers_are_given_out(
    house: House, browser: httpx.AsyncClient
) -> None:
    await send_file(browser, HEAD + LOSS)
    before = await browser.get("/reports?year=2025")
    assert "none yet" in before.text
    assert (await browser.post("/reports/2025", data={"without_forms": "1"})).status_code == 303
    page = (await browser.get("/reports?year=2025")).text
    assert "audit-2025.zip" in page
    bundle = await browser.get("/reports/2025/audit-2025.zip")
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as packed:
        assert any("8949" in n for n in packed.namelist())
    assert "attachment" in bundle.headers["content-disposition"]
    for path in (
        *("/reports/2025/..%2f..%2f..%2fsyncer.db", "/reports/2025/%2e%2e/syncer.toml"),
        *("/reports/0/x", "/reports/2025/syncer.db", "/reports/-1/x"),
    ):
        answer = await browser.get(path)
        assert answer.status_code in (404, 422), path
        assert b"SQLite" not in answer.content


async def test_papers_of_before_a_change_are_said_to_be_old(
    house: House, browser: httpx.AsyncClient
) -> None:
    await send_file(browser, HEAD + LOSS)
    await browser.post("/reports/2025", data={"without_forms": "1"})
    old = "make them again before you file"
    assert old not in (await browser.get("/reports?year=2025")).text
    for file in (house.settings.state_folder / "papers" / "2025").iterdir():
        os.utime(file, (0, house.at.timestamp() - 60))
    assert old in (await browser.get("/reports?year=2025")).text


async def test_papers_wanted_in_two_ways_at_once_are_made_in_one_and_the_other_is_told_so(
    story: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, write = threading.Event(), threading.Event(), reports._written
    written = []

    def slowly(*asked: Any) -> Any:
        written.append(asked)
        begun.set()
        assert may_end.wait(20)
        return write(*asked)

    monkeypatch.setattr(reports, "_written", slowly)
    async with story.owner() as browser:
        first = asyncio.create_task(_asks_for_papers(browser, "Ada"))
        assert await asyncio.to_thread(begun.wait, 20)
        same = asyncio.create_task(_asks_for_papers(browser, "Ada"))
        other = await _asks_for_papers(browser, "Grace")
        await asyncio.sleep(0.3)  # until the same is asked for too
        may_end.set()
        made = [await first, await same]
    assert (other.status_code, [m.status_code for m in made]) == (422, [200, 200])
    assert "other papers of 2025 are being made" in other.json()["error"]
    assert made[0].json() == made[1].json()
    assert len(written) == 1


async def _asks_for_papers(browser: httpx.AsyncClient, name: str) -> httpx.Response:
    wanted = {"year": 2025, "name": name, "without_forms": True}
    return await browser.post("/api/v1/papers", json=wanted, timeout=30)
