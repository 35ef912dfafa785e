"""Holds the sum of a source's entries against what the source reports; a difference is a row."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from config.exact import ZERO
from connectors.records import Balance, Puller, Reported
from syncer.clock import Clock
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database


@dataclass(frozen=True, slots=True)
class Proof:
    """How many assets differ, how many are newly in doubt (a difference or a break), and what could
    not be held against a report: assets without one, records that cannot be read. `breaks` are
    assets whose rows do not follow one from another, with or without a difference."""

    gaps: int
    new_gaps: int
    unproved: tuple[str, ...]
    unread: int
    breaks: tuple[str, ...] = ()


async def prove(database: Database, source: Source, puller: Puller, clock: Clock) -> Proof:
    """Store reported and computed balances, and say how they compare."""
    reported = await puller.balances()
    return await asyncio.to_thread(_compare, database, source, reported, clock)


def _compare(database: Database, source: Source, reported: Reported, clock: Clock) -> Proof:
    theirs = {(b.account, b.asset): b for b in reported.balances}
    with database.read() as connection:
        said = list(records.latest(connection, source.name))
        before = {
            (row.account, row.asset): row.differs_since
            for row in records.reported_balances(connection)
            if row.source == source.name
        }
    translation, breaks = source.translate(said), source.breaks(said)
    computed: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for entry in translation.entries:
        computed[entry.account, entry.asset] += entry.quantity
    unproved = {a for _, a in computed if a in reported.unproved or _is_single(a)}
    pairs, since, details, gaps = [], {}, {}, 0
    for key in sorted(theirs.keys() | computed.keys()):
        if key[1] in unproved:
            continue
        balance = theirs.get(key) or Balance(*key, ZERO, clock())
        pairs.append((balance, computed[key]))
        if balance.quantity != computed[key]:
            details[key] = source.causes
            gaps += 1
        if key[1] in breaks:
            details[key] = breaks[key[1]]
        if key in details:
            since[key] = before.get(key) or clock()
    with database.write() as connection:
        records.write_balances(connection, source.name, pairs, since, details)
    new = sum(1 for key in since if before.get(key) is None)
    return Proof(
        gaps,
        new,
        tuple(sorted(unproved)),
        len(translation.problems),
        tuple(sorted(breaks)),
    )


def _is_single(asset: str) -> bool:
    """An NFT, by its token id: nobody reports a list of those."""
    return "/" in asset
