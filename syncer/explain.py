"""Why an event is what it is: what its sources said, and what else it could have been."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.engine import Connection

from config.settings import Settings
from connectors.files import journal
from connectors.records import Entry, RawRecord
from syncer.deriving import treatments
from syncer.events import DUPLICATE, Event, event_id
from syncer.ledger.group import drafts
from syncer.ledger.rules import Alternative, alternatives
from syncer.sources import translators
from syncer.store import records
from syncer.store.database import Database
from syncer.store.shelf import events_named

LONGEST = 600  # of a raw record, as it is shown
NEAR = timedelta(days=1)  # fills of an order, a part that arrived later


@dataclass(frozen=True, slots=True)
class Explained:
    """An event with the raw records behind it, and the rules that fit it, the first of which named
    it."""

    event: Event
    raw: tuple[RawRecord, ...]
    alternatives: tuple[Alternative, ...]


def explain(database: Database, settings: Settings, event: Event) -> Explained:
    """Read again what the event follows from."""
    wanted = {id_.partition(".")[0] for id_ in (event.event_id, *event.halves)}
    raw: list[RawRecord] = []
    others: list[Alternative] = []
    with database.read() as connection:
        groups = _groups(connection, event, wanted)
        for source in sorted({source for source, _ in groups}):
            found = list(_entries(connection, settings, source, groups, wanted))
            for draft in drafts(found):
                others += alternatives(draft, treatments(settings))
            ids = sorted({e.native_id for e in found})
            raw += records.named(connection, source, ids)
    return Explained(event, tuple(raw), tuple(dict.fromkeys(others)))


def _groups(connection: Connection, event: Event, wanted: set[str]) -> set[tuple[str, str]]:
    """(source, group) of the stored entries of these events; a row that is told twice has none.
    At their instant first, then near, then among all: an id does not say what it was made of, and
    to make those of a million entries takes seconds."""
    parts = (event, *events_named(connection, event.halves))
    to_find = wanted - {event.event_id} if event.kind == DUPLICATE else wanted
    for reach in (timedelta(), NEAR):
        found = {g for one in parts for g in _near(connection, one, reach, wanted)}
        if to_find <= {event_id(*group) for group in found}:
            return found
    return _of(records.groups(connection), wanted)


def _near(
    connection: Connection, one: Event, reach: timedelta, wanted: set[str]
) -> set[tuple[str, str]]:
    where = {(leg.account, leg.asset) for leg in one.legs}
    start, end = one.at - reach, (one.arrived_at or one.at) + reach
    return _of(records.groups_between(connection, where, start, end), wanted)


def _of(groups: set[tuple[str, str]], wanted: set[str]) -> set[tuple[str, str]]:
    return {group for group in groups if event_id(*group) in wanted}


def _entries(
    connection: Connection,
    settings: Settings,
    source: str,
    groups: set[tuple[str, str]],
    wanted: set[str],
) -> Iterator[Entry]:
    reader = translators(settings, [source]).get(source)
    if reader is None:
        return
    said: Iterable[RawRecord] = records.Stored(connection, source)
    if source == journal.SOURCE:  # each row stands for itself, and there may be a million
        said = records.named(connection, source, [g for s, g in groups if s == source])
    for entry in reader.translate(said).entries:
        if event_id(entry.source, entry.group) in wanted:
            yield entry
