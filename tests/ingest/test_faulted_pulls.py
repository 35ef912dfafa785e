"""Many pulls while rows arrive in the middle of walks, arrive late, change their state, and the
venue answers badly: nothing is lost, nothing doubled, and the balances prove it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from config.secrets import ApiKey
from connectors.exchanges import kraken
from connectors.exchanges.client import VenueClient
from connectors.retry import RetryPolicy
from syncer.clock import Clock
from syncer.demo import market
from syncer.demo.exchange import Book, ExchangeServer
from syncer.demo.sandbox import API_KEY, API_SECRET
from syncer.ingest.pull import Again, PullResult, pull_source
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.serving import serving

DAY = 86_400
IMPATIENT = RetryPolicy(attempts=2, base=0.001, limited=0.001)
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 502, "text": "bad gateway"},
    {"status": 500, "text": ""},
    {"text": "<html>maintenance", "content_type": "text/html"},
    {"text": '{"error":[],"res', "content_type": "application/json"},
    {"text": '{"error":["EService:Unavailable"]}', "content_type": "application/json"},
    {"text": '{"error":["EAPI:Invalid nonce"]}', "content_type": "application/json"},
)


@dataclass
class Unruly:
    """A venue whose book grows by chance."""

    chance: random.Random
    now: int = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
    fault_rate: float = 0.0
    quiet: bool = False
    faults: int = 0
    book: Book = field(default_factory=Book)

    def server(self) -> ExchangeServer:
        server = ExchangeServer(
            self.book, API_KEY, API_SECRET, lambda: Decimal(self.now), market.price
        )
        answer = server._reply

        def unruly(method: Any, asked: Any) -> web.Response:
            if self.chance.random() < self.fault_rate:
                self.faults += 1
                return web.Response(**self.chance.choice(FAULTS))
            if not self.quiet and self.chance.random() < 0.1:
                self.add(self.chance.randint(1, 3), 0)
            return answer(method, asked)

        server._reply = unruly  # type: ignore[method-assign]
        return server

    def add(self, rows: int, back: int) -> None:
        """Ledger rows up to `back` seconds old, some with a deposit that is still pending."""
        for _ in range(rows):
            number = len(self.book.ledgers)
            when = self.now - self.chance.randint(0, back)
            asset = self.chance.choice(("XXBT", "XETH", "SOL", "ZUSD"))
            units = str(Decimal(self.chance.randint(1, 1000)) / 100)
            row = {"refid": f"R{number}", "time": when, "subtype": "", "asset": asset}
            kind = self.chance.choice(("staking", "deposit", "trade"))
            self.book.ledgers[f"L{number:05d}"] = {**row, "type": kind, "amount": units, "fee": "0"}
            if kind == "deposit":
                self.book.deposits.append(
                    {"refid": f"R{number}", "time": when, "status": "Pending"}
                )

    def settle(self) -> None:
        """Only what is young: a state is read again for 45 days and no longer."""
        for deposit in self.book.deposits:
            if deposit["time"] > self.now - 30 * DAY and self.chance.random() < 0.3:
                deposit["status"] = "Success"


@pytest.mark.parametrize("seed", [1, 2])
async def test_faulted_pulls_lose_nothing_and_double_nothing(seed: int, tmp_path: Path) -> None:
    venue = Unruly(random.Random(seed))
    venue.add(300, 200 * DAY)
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(database)
    with serving(venue.server().app()) as url:

        def open_(_: Database, clock: Clock) -> kraken.Kraken:
            key = ApiKey(API_KEY, API_SECRET)
            return kraken.Kraken("k", VenueClient("kraken", "k", key, url, 1, IMPATIENT), clock)

        async def pull() -> PullResult:
            source = Source("k", "k", open_, kraken.translate, kraken.alone)
            clock = datetime.fromtimestamp(venue.now, UTC)
            return await pull_source(database, source, lambda: clock, Again(), lambda *a: None)

        for _ in range(8):
            venue.fault_rate = venue.chance.choice((0.05, 0.3))
            venue.now += venue.chance.randint(60, 3 * DAY)
            venue.add(venue.chance.randint(0, 40), 6 * DAY)
            venue.settle()
            await pull()
        venue.fault_rate, venue.quiet = 0.0, True  # a row between walk and report is a true gap
        venue.now += 60
        last = await pull()
    assert venue.faults > 5
    assert (last.sentence, last.proof and last.proof.gaps) == (None, 0)
    with database.read() as connection:
        stored = list(records.latest(connection))
    assert {r.native_id for r in stored if r.stream == "ledgers"} == set(venue.book.ledgers)
    statuses = {r.native_id: json.loads(r.body)["status"] for r in stored if r.stream == "deposits"}
    assert statuses == {d["refid"]: d["status"] for d in venue.book.deposits}
    database.close()
