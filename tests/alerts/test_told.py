"""From prices to deliveries over the database: restarts, kills, what is open and silenced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from config import settings
from syncer.alerting import tell
from syncer.harvesting import WhatIf
from syncer.pipeline import Pipeline
from syncer.store import alerts
from syncer.store.database import Database
from tests.conftest import Run
from tests.reports.reporting import JOURNAL
from tests.serving import serving

D = Decimal
DAY = datetime(2026, 5, 1, tzinfo=UTC)
PLAIN = """
[harvest]
min_loss_percent = 0
min_benefit_usd = 0
fee_percent = 0
[alerts]
quiet_hours = ""
daily_budget = 0
confirm_readings = 1
long_term_days = 0
"""


class Service:
    """One that is restarted at will; the loss of its one coin is what the test says."""

    def __init__(self, config: Path) -> None:
        self.now = DAY
        self._config = config
        self.restart()

    def restart(self) -> None:
        self.settings = settings.load(self._config)
        self.database = Database(self.settings.database_url)
        self.pipeline = Pipeline(self.settings, self.database, lambda: self.now)

    async def look(self, when: str, loss: int) -> int:
        hour, minute = map(int, when.split(":"))
        self.now = DAY + timedelta(hours=hour, minutes=minute)
        found = await self.pipeline.harvest(WhatIf({"BTC": D(10_000 - loss)}))
        books = self.pipeline.books()
        try:
            return tell(self.database, self.settings, books, found, [])
        finally:
            books.close()


@pytest.fixture
def service(run: Run, config: Path) -> Service:
    config.write_text(config.read_text() + PLAIN)
    path = config.parent / "j.csv"
    path.write_text(JOURNAL + "2025-01-01T12:00:00Z,buy,k,USD,10000,BTC,1,,\n")
    assert run("import", str(path), config=config).code == 0
    return Service(config)


async def test_a_loss_that_hovers_round_the_threshold_is_told_twice(service: Service) -> None:
    """Checks of a day, a restart in between, and one the next day (24 h 30 min later)."""
    told = []
    checks = (("1:00", 490), ("2:00", 510), ("3:00", 520), ("4:00", 505), ("5:00", 480),
              ("6:00", 515), ("26:30", 530))  # fmt: skip
    for when, loss in checks:
        if when == "4:00":
            service.database.close()
            service.restart()
        told += [when] * await service.look(when, loss)
    assert told == ["2:00", "26:30"]
    service.database.close()


def _webhook(got: list[str]) -> web.Application:
    async def take(request: web.Request) -> web.Response:
        document: dict[str, Any] = await request.json()
        got.append(document["message"].splitlines()[-1])
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    return app


async def test_a_kill_between_sending_and_noting_repeats_the_same_id(
    service: Service, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[str] = []
    with serving(_webhook(got)) as url:
        text = config.read_text().replace("[alerts]", f'[alerts]\nurls = ["{url}/"]')
        config.write_text(text.replace("http://", "json://"))
        service.database.close()
        service.restart()
        assert await service.look("1:00", 900) == 1
        with monkeypatch.context() as killed:
            killed.setattr(alerts, "record_delivery", _kill)
            with pytest.raises(Killed):
                await service.pipeline.deliver()
        service.database.close()
        service.restart()
        assert await service.pipeline.deliver() == []
        assert await service.pipeline.deliver() == []
    assert got == ["[harvest:k:BTC:2026#1]"] * 2
    service.database.close()


class Killed(Exception):
    """The end, wherever it comes."""


def _kill(*_: object) -> None:
    raise Killed


async def test_states_and_messages_go_in_together_or_not_at_all(
    service: Service, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(config.read_text().replace("[alerts]", '[alerts]\nurls = ["json://x/"]'))
    service.database.close()
    service.restart()
    with monkeypatch.context() as killed:
        killed.setattr(alerts, "put_in_outbox", _kill)
        with pytest.raises(Killed):
            await service.look("1:00", 900)
    with service.database.read() as connection:
        assert alerts.alert_states(connection) == {}
    assert await service.look("1:15", 900) == 1
    service.database.close()


async def test_a_snoozed_opening_is_silent_from_the_command_line(
    service: Service, run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await service.look("1:00", 900) == 1
    monkeypatch.setenv("SYNCER_NOW", "2026-05-01T01:30:00Z")
    done = run("alerts", "snooze", "harvest:k:BTC:2026", "--for", "3d", config=config)
    assert (done.code, "silent until 2026-05-04T01:30:00Z" in done.out) == (0, True)
    shown = run("alerts", "--json", config=config).json["alerts"]
    (one,) = [a for a in shown if a["key"] == "harvest:k:BTC:2026"]
    assert (one["state"], one["snoozed_until"]) == ("firing", "2026-05-04T01:30:00Z")
    assert await service.look("49:00", 2000) == 0
    assert await service.look("73:31", 2000) == 1
    service.database.close()


async def test_an_opening_that_closes_is_told_and_one_of_last_year_ends_in_silence(
    service: Service, config: Path
) -> None:
    config.write_text(config.read_text().replace("[alerts]", '[alerts]\nurls = ["json://x/"]'))
    service.database.close()
    service.restart()
    assert await service.look("1:00", 900) == 1
    assert await service.look("2:00", 0) == 1
    assert await service.look("30:00", 900) == 1
    new_year = (datetime(2027, 1, 1, 6, tzinfo=UTC) - DAY).total_seconds() / 3600
    await service.look(f"{int(new_year)}:00", 900)
    with service.database.read() as connection:
        titles = [(m.alert_id, m.title) for m in alerts.outbox(connection, 20)]
        states = alerts.alert_states(connection)
    closed = [i for i, t in titles if "closed" in t]
    assert closed == ["harvest:k:BTC:2026#1:closed"]
    assert states["harvest:k:BTC:2026"].state == "clear"
    service.database.close()
