"""Why an event is what it is: what its sources said, and what else it could have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from config.settings import Settings
from connectors.files import journal
from connectors.records import Entry, RawRecord
from syncer.deriving import treatments
from syncer.events import Event, event_id
from syncer.ledger.group import drafts
from syncer.ledger.joining import REST
from syncer.ledger.rules import Alternative, alternatives
from syncer.sources import translators
from syncer.store import records
from syncer.store.database import Database

LONGEST = 600  # of a raw record, as it is shown


@dataclass(frozen=True, slots=True)
class Explained:
    """An event with the raw records behind it, and the rules that fit it, the first of which named
    it."""

    event: Event
    raw: tuple[RawRecord, ...]
    alternatives: tuple[Alternative, ...]


def explain(database: Database, settings: Settings, event: Event) -> Explained:
    """Read again what the event follows from."""
    wanted = {p.removesuffix(REST) for p in (event.event_id, *event.parts)}
    raw: list[RawRecord] = []
    others: list[Alternative] = []
    with database.read() as connection:
        for source in sorted(_sources(connection, wanted)):
            found = list(_entries(connection, settings, source, wanted))
            for draft in drafts(found):
                others += alternatives(draft, treatments(settings))
            ids = sorted({e.native_id for e in found})
            raw += records.named(connection, source, ids)
    return Explained(event, tuple(raw), tuple(dict.fromkeys(others)))


def _sources(connection: Connection, wanted: set[str]) -> set[str]:
    """The sources whose entries make up these events; a row that is told twice has none."""
    groups = records.groups(connection)
    return {source for source, group in groups if event_id(source, group) in wanted}


def _entries(
    connection: Connection, settings: Settings, source: str, wanted: set[str]
) -> Iterator[Entry]:
    reader = translators(settings, [source]).get(source)
    if reader is None:
        return
    said = records.Stored(connection, source)
    if source == journal.SOURCE:  # each row stands for itself, and there may be a million
        ids = [g for s, g in records.groups(connection, source) if event_id(s, g) in wanted]
        translation = reader.translate(records.named(connection, source, ids))
    else:
        translation = reader.translate(said)
    yield from (e for e in translation.entries if event_id(e.source, e.group) in wanted)
