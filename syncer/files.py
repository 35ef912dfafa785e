"""Takes a file in: its rows become raw records, so importing again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.errors import DataError
from connectors.brokers import form_1099da
from connectors.files import allocation, detect, journal
from connectors.records import RawRecord
from syncer.store import records
from syncer.store.database import Database


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: `changed` rows replaced an earlier version of themselves, `sentences`
    are the rows that were refused."""

    format: str
    rows: int
    new_records: int
    changed: int
    sentences: tuple[str, ...]


def import_file(
    database: Database,
    path: Path,
    now: datetime,
    wanted: str | None = None,
    account: str | None = None,
    broker: str | None = None,
    year: int | None = None,
    check: Callable[[list[RawRecord]], list[str]] = lambda _: [],
) -> Imported:
    """Read a file by its header; raises DataError if the format is not known, or if `check` finds
    sentences against an allocation, which is taken in whole or not at all."""
    text = detect.read_text(path)
    format_ = detect.format_of(text, path.name, wanted)
    if format_ == "journal":
        found, sentences = journal.read(text)
    elif format_ == "allocation":
        found, sentences = allocation.read(text)
        if sentences := sentences or check(found):
            raise DataError(f"{path.name}: {'; '.join(sentences)}; nothing of it was taken in")
    else:
        found, sentences = form_1099da.read(text, broker, account, year)
    if not found and not sentences:
        raise DataError(f"{path.name} has a header and no rows")
    with database.write() as connection:
        known = records.bodies(connection, found)
        changed = [r for r in found if known.get(_key(r), r.body) != r.body]
        foreign = [r for r in changed if _is_another_row(known[_key(r)] or "{}", r.body)]
        sentences += [
            f"id {r.native_id} is another row already (an earlier file); give this one its own id"
            for r in foreign
        ]
        kept = [r for r in found if r not in foreign]
        new = records.write_records(connection, kept, now)
    replaced = len(changed) - len(foreign)
    return Imported(format_, len(found), new - replaced, replaced, tuple(sentences))


def _key(record: RawRecord) -> tuple[str, str, str]:
    return record.source, record.stream, record.native_id


def _is_another_row(before: str, after: str) -> bool:
    """Whether a row with a known id is no later version of that row but a stranger to it."""
    old, new = json.loads(before), json.loads(after)
    same = ("time", "account") if "time" in new else ("digital_asset_name", "date_sold", "units")
    return all(old.get(k) != new.get(k) for k in same)
