"""Takes a file in: its rows become raw records, so importing again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.errors import DataError
from connectors.brokers import form_1099da
from connectors.files import detect, journal
from syncer.store import records
from syncer.store.database import Database


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; `sentences` are the rows that were refused."""

    format: str
    rows: int
    new_records: int
    sentences: tuple[str, ...]


def import_file(
    database: Database,
    path: Path,
    now: datetime,
    wanted: str | None = None,
    account: str | None = None,
    broker: str | None = None,
    year: int | None = None,
) -> Imported:
    """Read a file by its header; raises DataError if the format is not known."""
    text = detect.read_text(path)
    format_ = detect.format_of(text, path.name, wanted)
    if format_ == "journal":
        found, sentences = journal.read(text)
    else:
        found, sentences = form_1099da.read(text, broker, account, year)
    if not found and not sentences:
        raise DataError(f"{path.name} has a header and no rows")
    with database.write() as connection:
        new = records.write_records(connection, found, now)
    return Imported(format_, len(found), new, tuple(sentences))
