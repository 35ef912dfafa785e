"""Holds the sum of a source's entries against what the source reports; a difference is a row."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.engine import Connection

from config.exact import ZERO
from connectors.files import journal, statement
from connectors.files.formats import FORMATS, account_of, is_statement
from connectors.records import Balance, Entry, Puller, Reported
from syncer.clock import Clock
from syncer.collector import collector_paused
from syncer.ledger.decisions import named, renamed
from syncer.ledger.derive import only_once
from syncer.sources import Source
from syncer.store import decisions, records
from syncer.store.database import Database

Key = tuple[str, str]  # account, asset


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


@dataclass(frozen=True, slots=True)
class _Ours:
    """What a source's records add up to, how many cannot be read, and where they do not follow."""

    sums: Mapping[Key, Decimal]
    unread: int
    breaks: Mapping[str, str]


def _added_up(connection: Connection, source: Source) -> _Ours:
    with collector_paused():
        said = records.Stored(connection, source.name)
        breaks = source.breaks(said)
        translation = source.translate(said)
        said_of = decisions.decisions(connection)
        entries = renamed(translation.entries, named(said_of))
        if files := list(_of_files(connection, source)):
            entries = only_once([*entries, *renamed(files, named(said_of))], said_of)
        sums: dict[Key, Decimal] = defaultdict(lambda: ZERO)
        for entry in entries:
            sums[entry.account, entry.asset] += entry.quantity
        return _Ours(sums, len(translation.problems), breaks)


def _of_files(connection: Connection, source: Source) -> Iterator[Entry]:
    """What files tell of the source's account: history that the source no longer gives."""
    stored = records.counts(connection)
    name = source.name if "@" in source.name else source.account
    for one in filter(is_statement, stored):
        if one.split(":", 2)[2] == name:
            said = records.Stored(connection, one)
            yield from statement.translate(FORMATS, said, account_of(one)).entries
    if journal.SOURCE in stored and "@" not in source.name:
        told = records.latest(connection, journal.SOURCE, naming=source.account)
        yield from (e for e in journal.translate(told).entries if e.account == source.account)


def _compare(database: Database, source: Source, reported: Reported, clock: Clock) -> Proof:
    with database.read() as connection:
        theirs = _by_name(reported.balances, named(decisions.decisions(connection)))
        ours = _added_up(connection, source)
        before = {
            (row.account, row.asset): row.differs_since
            for row in records.reported_balances(connection)
            if row.source == source.name
        }
    unproved = {
        a
        for account, a in ours.sums
        if a in reported.unproved or (_is_single(a) and (account, a) not in theirs)
    }
    pairs, since, details, gaps = [], {}, {}, 0
    for key in sorted(theirs.keys() | ours.sums.keys()):
        if key[1] in unproved:
            continue
        balance = theirs.get(key) or Balance(*key, ZERO, clock())
        computed = ours.sums.get(key, ZERO)
        pairs.append((balance, computed))
        if balance.quantity != computed:
            details[key] = source.causes
            gaps += 1
        if key[1] in ours.breaks:
            details[key] = ours.breaks[key[1]]
        if key in details:
            since[key] = before.get(key) or clock()
    with database.write() as connection:
        records.write_balances(connection, source.name, pairs, since, details)
    new = sum(1 for key in since if before.get(key) is None)
    unseen = tuple(sorted(unproved))
    return Proof(gaps, new, unseen, ours.unread, tuple(sorted(ours.breaks)))


def _by_name(balances: Iterable[Balance], names: Mapping[str, str]) -> dict[Key, Balance]:
    """With the names that a person gave to words that no list knows."""
    found: dict[Key, Balance] = {}
    for one in balances:
        key = one.account, names.get(one.asset, one.asset)
        other = found[key].quantity if key in found else ZERO
        found[key] = Balance(*key, one.quantity + other, one.at)
    return found


def _is_single(asset: str) -> bool:
    """An NFT, by its token id: who does not report it may not know it."""
    return "/" in asset
