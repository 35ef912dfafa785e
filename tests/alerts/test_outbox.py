"""Each channel gets a message once, and one that fails does not repeat to the others."""

from __future__ import annotations

import asyncio
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from config import settings
from connectors import notify
from connectors.notify import channel_of
from syncer import duties
from syncer.alerts.states import Message
from syncer.duties import Duties
from syncer.pipeline import Pipeline
from syncer.store import alerts
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.conftest import Run
from tests.serving import serving

pytestmark = pytest.mark.both_engines
START = datetime(2025, 5, 1, tzinfo=UTC)
ID = "harvest:k:BTC:2025#1"


@dataclass
class Channel:
    """A webhook that can be broken."""

    broken: bool = False
    got: list[Any] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if self.broken:
            return web.Response(status=500)
        self.got.append((await request.json())["message"])
        return web.Response()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/", self.take)
        return app


@pytest.fixture
def channels() -> Iterator[tuple[Channel, Channel, list[str]]]:
    good, bad = Channel(), Channel(broken=True)
    with serving(good.app()) as first, serving(bad.app()) as second:
        yield good, bad, [u.replace("http://", "json://") + "/" for u in (first, second)]


class _Service:
    """Delivers to some channels at a time that the test sets."""

    def __init__(self, folder: Path, urls: list[str], more: str = "") -> None:
        path = folder / "syncer.toml"
        path.write_text(f'[alerts]\nurls = {urls}\nquiet_hours = ""\n{more}', encoding="utf-8")
        loaded = settings.load(path)
        self.database, self.now = Database(loaded.database_url), START
        migrate(self.database)
        self.pipeline = Pipeline(loaded, self.database, lambda: self.now)

    def put(self, alert_id: str, urls: list[str]) -> None:
        with self.database.write() as connection:
            known = [channel_of(u) for u in urls]
            alerts.put_in_outbox(connection, Message(alert_id, "T", "B"), known, START)

    async def deliver_after(self, since: timedelta) -> list[str]:
        self.now = START + since
        return await self.pipeline.deliver()


class _Trickle(socketserver.BaseRequestHandler):
    """Answers a byte at a time, for ever."""

    def handle(self) -> None:
        with suppress(OSError):
            while not self.server.over.wait(0.05):  # type: ignore[attr-defined]
                self.request.sendall(b"H")


@pytest.fixture
def trickling() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Trickle) as server:
        server.over = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_address[1]}/"
        server.over.set()  # type: ignore[attr-defined]
        server.shutdown()


async def test_a_channel_that_trickles_holds_no_other_and_no_later_look(
    channels: tuple[Channel, Channel, list[str]],
    trickling: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notify, "LONGEST_SECONDS", 0.5)
    good, _, urls = channels
    service = _Service(tmp_path, [urls[0], trickling])
    for alert_id in ("a#1", "b#1", "c#1"):
        service.put(alert_id, [urls[0], trickling])
    start = time.monotonic()
    assert await service.deliver_after(timedelta(0)) == [notify.TOO_SLOW]
    assert time.monotonic() - start < 5
    assert good.got == ["B\n[a#1]", "B\n[b#1]", "B\n[c#1]"]
    with service.database.read() as connection:
        tried = {m.alert_id: m.attempts for m in alerts.outbox(connection, 9) if m.sentence}
    assert tried == {"a#1": 1}  # the others wait for the next look
    service.database.close()


async def test_a_database_that_waits_holds_up_no_loop(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path
) -> None:
    _, _, urls = channels
    service = _Service(tmp_path, urls[:1])
    service.put(ID, urls[:1])
    free, gaps, last = threading.Event(), list[float](), time.monotonic()
    held = threading.Thread(target=_hold, args=(service.database, free))
    held.start()
    delivering = asyncio.create_task(service.deliver_after(timedelta(0)))
    for _ in range(10):
        await asyncio.sleep(0.05)
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
    assert not delivering.done()
    free.set()
    assert await delivering == []
    assert max(gaps) < 0.5
    held.join()
    service.database.close()


def _hold(database: Database, free: threading.Event) -> None:
    with database.write():
        free.wait(20)


async def test_without_detail_the_id_says_nothing_and_stays_the_same(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path, run: Run
) -> None:
    good, bad, urls = channels
    bad.broken = False
    service = _Service(tmp_path, urls, 'detail = "none"\n')
    service.put(ID, urls)
    await service.deliver_after(timedelta(0))
    (told,) = good.got
    assert bad.got == [told]
    assert "BTC" not in told
    (_, row) = run("alerts", "--json", config=tmp_path / "syncer.toml").json["messages"]
    assert told == f"B\n[{row['reference']}]"
    assert row["id"] == ID
    service.database.close()


async def test_broken_channel_waits_and_the_good_one_hears_once(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path
) -> None:
    good, bad, urls = channels
    service = _Service(tmp_path, urls)
    service.put(ID, urls)
    told = [len(await service.deliver_after(timedelta(minutes=m))) for m in (0, 0, 2, 3, 10)]
    # tried at once, after 1 minute, then after 2 more, then after 4 more
    assert told == [1, 0, 1, 0, 1]
    bad.broken = False
    assert await service.deliver_after(timedelta(hours=7)) == []
    assert good.got == [f"B\n[{ID}]"]
    assert bad.got == [f"B\n[{ID}]"]
    assert await service.pipeline.deliver() == []
    service.database.close()


async def test_a_channel_broken_for_weeks_hears_once_when_it_is_back(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path
) -> None:
    _, bad, urls = channels
    service = _Service(tmp_path, urls[1:])
    service.put(ID, urls[1:])
    for hours in range(0, 400, 6):
        await service.deliver_after(timedelta(hours=hours))
    bad.broken = False
    for hours in range(400, 430, 6):
        assert await service.deliver_after(timedelta(hours=hours)) == []
    assert bad.got == [f"B\n[{ID}]"]
    service.database.close()


async def test_channels_are_known_by_their_address_and_not_by_their_place(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path
) -> None:
    """One is taken out and the other moves up: nothing is lost, nothing told twice."""
    good, bad, urls = channels
    both = _Service(tmp_path, list(reversed(urls)))
    for alert_id in ("a#1", "b#1"):
        both.put(alert_id, urls)
    assert len(await both.deliver_after(timedelta(0))) == 2
    both.database.close()
    one = _Service(tmp_path, urls[:1])
    assert await one.deliver_after(timedelta(hours=9)) == []
    assert good.got == ["B\n[a#1]", "B\n[b#1]"]
    with one.database.read() as connection:
        rows = alerts.outbox(connection, 9)
    assert sorted(r.sentence or "" for r in rows) == ["", "", alerts.GONE, alerts.GONE]
    assert bad.got == []
    one.database.close()


async def test_while_books_are_on_their_way_nothing_is_looked_at_and_what_waits_is_delivered(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, _, urls = channels
    service = _Service(tmp_path, urls[:1])
    service.put(ID, urls[:1])
    settings_ = service.pipeline.settings
    held = Duties(
        settings_, service.database, service.pipeline, lambda: service.now, print, lambda: True
    )
    monkeypatch.setattr(duties, "PATIENCE", 0.05)
    look = held.jobs()[duties.HARVEST]
    async with held._deriving:
        await look()
    assert good.got == [f"B\n[{ID}]"]
    with service.database.read() as connection:
        assert alerts.alert_states(connection) == {}
    await look()
    with service.database.read() as connection:
        assert "review:queue" in alerts.alert_states(connection)
    service.database.close()
