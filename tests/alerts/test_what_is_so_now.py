"""A look goes by the books and prices of its moment, and by a clock that may have been wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config import settings
from connectors.notify import channel_of
from connectors.prices.source import Price
from syncer.alerting import tell
from syncer.harvest.market import Market
from syncer.harvesting import AS_IT_IS, look
from syncer.pipeline import Pipeline
from syncer.pricing import Pricing
from syncer.store import alerts
from syncer.store.database import Database
from tests.conftest import Run
from tests.reports.reporting import JOURNAL

D = Decimal
DAY = datetime(2026, 11, 20, 17, tzinfo=UTC)
PLAIN = """
[taxpayer]
ordinary_income = 100000
other_short_term = 20000
[harvest]
fee_percent = 0
[alerts]
urls = ["json://localhost:1/"]
quiet_hours = ""
daily_budget = 0
confirm_readings = 1
"""


class Service:
    """Looks at prices that the test says, at times that it says."""

    def __init__(self, config: Path) -> None:
        self.now = DAY
        self.settings = settings.load(config)
        self.database = Database(self.settings.database_url)
        self.pipeline = Pipeline(self.settings, self.database, lambda: self.now)

    def look(self, now: datetime, age: timedelta = timedelta(0), **usd: int) -> int:
        self.now = now
        prices = {asset: Market(D(price), now - age) for asset, price in usd.items()}
        with closing(self.pipeline.books()) as books:
            found = look(books, prices, now, AS_IT_IS)
            return tell(self.database, self.settings, books, found, [])

    def messages(self) -> list[tuple[str, str]]:
        with self.database.read() as connection:
            return sorted((m.alert_id, m.body) for m in alerts.outbox(connection, 50))

    def due(self) -> list[str]:
        with self.database.read() as connection:
            return [w.alert_id for w in alerts.waiting(connection, self.now)]


@pytest.fixture
def held(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One coin of 10,000, a week from being long-term."""
    monkeypatch.setenv("SYNCER_NOW", "2026-11-20T17:00:00Z")
    config.write_text(config.read_text() + PLAIN)
    _import(run, config, "2025-11-26T12:00:00Z,buy,k,USD,10000,BTC,1,,\n")
    return config


@pytest.fixture
def service(held: Path) -> Iterator[Service]:
    made = Service(held)
    yield made
    made.database.close()


def _import(run: Run, config: Path, rows: str) -> None:
    path = config.parent / f"{len(list(config.parent.glob('*.csv')))}.csv"
    path.write_text(JOURNAL + rows)
    assert run("import", str(path), config=config).code == 0


def test_nothing_is_told_by_an_old_price(service: Service) -> None:
    assert service.look(DAY, timedelta(minutes=16), BTC=5000) == 0
    assert service.look(DAY, timedelta(minutes=14), BTC=5000) == 3
    rules = [key.split(":")[0] for key, _ in service.messages()]
    assert rules == ["harvest", "long_term", "year_end"]


def test_what_is_left_as_dust_closes_the_opening(service: Service, held: Path, run: Run) -> None:
    service.look(DAY, BTC=5000)
    _import(run, held, "2026-11-20T17:30:00Z,sell,k,BTC,0.9999,USD,4999.5,,\n")
    service.look(DAY + timedelta(hours=1), BTC=5000)
    assert "harvest:k:BTC:2026#1:closed" in dict(service.messages())


def test_a_look_while_a_sale_waits_to_be_derived_is_not_kept(
    service: Service, held: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sale is stored, a look comes before the books are derived: the next one must not go by
    the lots of then."""

    async def present(self: Pricing, assets: Any) -> dict[str, Price]:
        return {a: Price(D(5000), "test", "bid") for a in assets}

    async def not_yet(self: Pipeline) -> list[str]:
        return []

    monkeypatch.setattr(Pricing, "present", present)
    assert len(asyncio.run(service.pipeline.watch()).sales) == 1
    with monkeypatch.context() as before:
        before.setattr(Pipeline, "derive", not_yet)
        _import(run, held, "2026-11-20T16:30:00Z,sell,k,BTC,1,USD,9900,,\n")
        assert len(asyncio.run(service.pipeline.watch()).sales) == 1
    asyncio.run(service.pipeline.derive())
    assert len(asyncio.run(service.pipeline.watch()).sales) == 0


def test_a_clock_that_was_ahead_silences_nothing(service: Service) -> None:
    ahead = DAY + timedelta(days=20)
    assert service.look(ahead, BTC=5000) == 2  # the lot is long-term then
    assert service.look(DAY, BTC=5000) >= 1
    assert "harvest:k:BTC:2026#2" in service.due()
    assert "harvest:k:BTC:2026#1" in service.due()


def test_a_channel_that_is_named_again_gets_what_waited(service: Service) -> None:
    service.look(DAY, BTC=5000)
    own = [channel_of(u) for u in service.settings.alerts.urls]
    waited = service.due()
    for named, expected in (([], []), (own, waited)):
        with service.database.write() as connection:
            alerts.give_up(connection, named, DAY)
        assert service.due() == expected


def test_accounts_of_one_pool_count_one_lot_once(held: Path, run: Run) -> None:
    both = '[[account]]\nname = "{}"\nkind = "manual"\nbroker = "B"\n'
    held.write_text(held.read_text() + both.format("k") + both.format("l"))
    _import(run, held, "2025-12-20T12:00:00Z,buy,l,USD,10000,BTC,1,,\n")
    service = Service(held)
    with closing(service.pipeline.books()) as books:
        found = look(books, {"BTC": Market(D(5000), DAY)}, DAY, AS_IT_IS)
    assert [(s.account, s.loss) for s in found.sales] == [("k", D(5000)), ("l", D(5000))]
    service.look(DAY, BTC=5000)
    bodies = dict(service.messages())
    (year_end,) = [b for k, b in bodies.items() if k.startswith("year_end")]
    assert year_end.startswith("1 openings")
    service.database.close()


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("confirm_minutes", "1000000000000000", "less than or equal to 10000"),
        ("cooldown", '"400000000d"', "is too long; at most 3660d"),
        ("stale_after", '"9999999999999d"', "is too long; at most 3660d"),
    ],
)
def test_no_setting_is_so_long_that_a_look_breaks(
    run: Run, config: Path, key: str, value: str, why: str
) -> None:
    config.write_text(f"{config.read_text()}[alerts]\n{key} = {value}\n")
    done = run("status", config=config)
    assert done.code == 78
    assert why in done.err
