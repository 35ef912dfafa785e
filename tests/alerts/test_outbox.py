"""Each channel gets a message once, and one that fails does not repeat to the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from config import settings
from connectors.notify import channel_of
from syncer.alerts.states import Message
from syncer.pipeline import Pipeline
from syncer.store import alerts
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.serving import serving

START = datetime(2025, 5, 1, tzinfo=UTC)


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


async def test_broken_channel_waits_and_the_good_one_hears_once(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path
) -> None:
    good, bad, urls = channels
    path = tmp_path / "syncer.toml"
    path.write_text(f'[alerts]\nurls = {urls}\nquiet_hours = ""\n', encoding="utf-8")
    loaded = settings.load(path)
    database = Database(loaded.database_url)
    migrate(database)
    now = [START]
    pipeline = Pipeline(loaded, database, lambda: now[0])
    with database.write() as connection:
        alerts.put_in_outbox(
            connection,
            Message("harvest:k:BTC:2025#1", "T", "B"),
            [channel_of(u) for u in urls],
            START,
        )
    told = []
    for minutes in (0, 0, 2, 3, 10):
        now[0] = START + timedelta(minutes=minutes)
        told.append(len(await pipeline.deliver()))
    # tried at once, after 1 minute, then after 2 more, then after 4 more
    assert told == [1, 0, 1, 0, 1]
    bad.broken = False
    now[0] = START + timedelta(hours=7)
    assert await pipeline.deliver() == []
    assert good.got == ["B\n[harvest:k:BTC:2025#1]"]
    assert bad.got == ["B\n[harvest:k:BTC:2025#1]"]
    assert await pipeline.deliver() == []
    database.close()


async def test_a_channel_broken_for_weeks_hears_once_when_it_is_back(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path
) -> None:
    _, bad, urls = channels
    path = tmp_path / "syncer.toml"
    path.write_text(f'[alerts]\nurls = {urls[1:]}\nquiet_hours = ""\n', encoding="utf-8")
    loaded = settings.load(path)
    database = Database(loaded.database_url)
    migrate(database)
    now = [START]
    pipeline = Pipeline(loaded, database, lambda: now[0])
    with database.write() as connection:
        told = Message("harvest:k:BTC:2025#1", "T", "B")
        alerts.put_in_outbox(connection, told, [channel_of(urls[1])], START)
    for hours in range(0, 400, 6):
        now[0] = START + timedelta(hours=hours)
        await pipeline.deliver()
    bad.broken = False
    for hours in range(400, 430, 6):
        now[0] = START + timedelta(hours=hours)
        assert await pipeline.deliver() == []
    assert bad.got == ["B\n[harvest:k:BTC:2025#1]"]
    database.close()


async def test_channels_are_known_by_their_address_and_not_by_their_place(
    channels: tuple[Channel, Channel, list[str]], tmp_path: Path
) -> None:
    """One is taken out and the other moves up: nothing is lost, nothing told twice."""
    good, bad, urls = channels
    path = tmp_path / "syncer.toml"

    def pipeline_of(wanted: list[str]) -> Pipeline:
        path.write_text(f'[alerts]\nurls = {wanted}\nquiet_hours = ""\n', encoding="utf-8")
        loaded = settings.load(path)
        return Pipeline(loaded, Database(loaded.database_url), lambda: START + timedelta(hours=9))

    both = pipeline_of(list(reversed(urls)))
    migrate(both.database)
    with both.database.write() as connection:
        known = [channel_of(u) for u in urls]
        alerts.put_in_outbox(connection, Message("a#1", "T", "B"), known, START)
        alerts.put_in_outbox(connection, Message("b#1", "T", "B"), known, START)
    assert len(await both.deliver()) == 2
    one = pipeline_of(urls[:1])
    assert await one.deliver() == []
    assert good.got == ["B\n[a#1]", "B\n[b#1]"]
    with one.database.read() as connection:
        rows = alerts.outbox(connection, 9)
    assert sorted(r.sentence or "" for r in rows) == ["", "", alerts.GONE, alerts.GONE]
    assert bad.got == []
