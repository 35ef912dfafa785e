"""Pulls a local venue through the real client into a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.secrets import ApiKey
from connectors.exchanges.client import VenueClient
from connectors.exchanges.venues import VENUES
from connectors.retry import RetryPolicy
from syncer.clock import Clock
from syncer.ingest.pull import Again, PullResult, pull_source
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.serving import serving
from tests.venues.local import LocalVenue

IMPATIENT = RetryPolicy(attempts=2, base=0.001, limited=0.001)


@dataclass
class Pulled:
    """A local venue and what was pulled from it."""

    local: LocalVenue
    url: str
    database: Database
    key: ApiKey | None = None

    async def pull(self, again: Again | None = None) -> PullResult:
        now = datetime.fromtimestamp(self.local.now / 1000, UTC)
        return await pull_source(
            self.database, self.source, lambda: now, again or Again(), lambda *told: None
        )

    @property
    def source(self) -> Source:
        venue = VENUES[self.local.venue]

        def open_(database: Database, clock: Clock) -> Any:
            key = self.key or self.local.key
            client = VenueClient(self.local.venue, "x", key, self.url, 1, IMPATIENT)
            client._client.enableRateLimit = False
            return venue.talk("x", client, clock, True)

        return Source(
            "x", "x", open_, venue.translate, venue.alone, venue.causes, venue.breaks, venue.note
        )

    def stored(self) -> dict[tuple[str, str], Any]:
        with self.database.read() as connection:
            return {(r.stream, r.native_id): json.loads(r.body) for r in records.latest(connection)}

    def revisions(self) -> int:
        with self.database.read() as connection:
            return len(records.since(connection, 0))


@contextmanager
def pulled_from(local: LocalVenue, folder: Path) -> Iterator[Pulled]:
    database = Database(f"sqlite:///{folder / 'x.db'}")
    migrate(database)
    with serving(local.app()) as url:
        yield Pulled(local, url, database)
    database.close()


def as_sent(rows: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """Rows as they come out of JSON with exact numbers."""
    return {key: json.loads(json.dumps(row), parse_float=str) for key, row in rows.items()}


def difference(pulled: Pulled) -> tuple[set[tuple[str, str]], set[tuple[str, str]], list[Any]]:
    """What is lost, what is stored that the venue never had, and what differs."""
    wanted, stored = as_sent(pulled.local.rows()), pulled.stored()
    same = wanted.keys() & stored.keys()
    other = [(k, wanted[k], stored[k]) for k in sorted(same) if wanted[k] != stored[k]]
    streams = {stream for stream, _ in wanted}
    extra = {k for k in stored.keys() - wanted.keys() if k[0] in streams}
    return wanted.keys() - stored.keys(), extra, other
