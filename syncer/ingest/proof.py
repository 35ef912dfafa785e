"""Holds the sum of a source's entries against what the source reports; a difference is a row."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from config.exact import ZERO
from connectors.records import Balance, Puller
from syncer.clock import Clock
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database


async def prove(database: Database, source: Source, puller: Puller, clock: Clock) -> int:
    """Store reported and computed balances; how many differ."""
    reported = {(b.account, b.asset): b for b in await puller.balances()}
    with database.read() as connection:
        stored = list(records.latest(connection, source.name))
        before = {
            (row.account, row.asset): row.differs_since
            for row in records.reported_balances(connection)
            if row.source == source.name
        }
    computed: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for entry in source.translate(stored).entries:
        computed[entry.account, entry.asset] += entry.quantity
    pairs, since = [], {}
    for key in sorted(reported.keys() | computed.keys()):
        balance = reported.get(key) or Balance(*key, ZERO, clock())
        pairs.append((balance, computed[key]))
        if balance.quantity != computed[key]:
            since[key] = before.get(key) or clock()
    with database.write() as connection:
        records.write_balances(connection, source.name, pairs, since)
    return len(since)
