"""Takes a broker's form in: all of a file, or nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from config.errors import DataError
from connectors.brokers import gain_loss
from connectors.brokers.placing import placed
from connectors.brokers.reading import Reading, Told
from connectors.records import RawRecord
from syncer.store import records
from syncer.store.database import Database


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many lines a file has, which of them are new or changed, and what to know."""

    lines: int
    new: int
    changed: int
    notes: tuple[str, ...]


def take_in(database: Database, name: str, reading: Reading, told: Told, now: datetime) -> TakenIn:
    """Raises DataError that names the first line that is wrong."""
    if not reading.lines and not reading.faults:
        raise DataError(f"{name} has no line of Form 1099-DA")
    with database.write() as connection:

        def known(source: str) -> Sequence[RawRecord]:
            return list(records.latest(connection, source))

        try:
            found = placed(reading, told, known)
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
        return _write(connection, found.records, tuple(found.notes), len(reading.lines), now)


def take_in_evidence(
    database: Database, name: str, text: str, told: Told, now: datetime
) -> TakenIn:
    """A gain and loss report."""
    try:
        found = gain_loss.read(text, told)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    if not found:
        raise DataError(f"{name} has a header and no rows")
    with database.write() as connection:
        return _write(connection, found, (), len(found), now)


def _write(
    connection: Connection,
    found: Sequence[RawRecord],
    notes: tuple[str, ...],
    lines: int,
    now: datetime,
) -> TakenIn:
    before = records.bodies(connection, found)
    known = sum(1 for r in found if (r.source, r.stream, r.native_id) in before)
    rows = records.write_records(connection, found, now)
    new = len(found) - known
    return TakenIn(lines, new, rows - new, notes)
