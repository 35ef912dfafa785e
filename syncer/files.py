"""Takes a file in: its rows become raw records, so importing again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from config.errors import DataError
from config.settings import Settings
from connectors.brokers import mapping, reading
from connectors.brokers.readers import READERS, reader_of
from connectors.files import allocation, detect, journal, statement
from connectors.files.detect import Detected
from connectors.files.formats import is_statement
from connectors.files.places import whose
from connectors.records import RawRecord
from syncer import forms
from syncer.store import records
from syncer.store.database import Database

Rows = tuple[list[RawRecord], list[str]]  # and one sentence for each that cannot be read


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says of a file."""

    format: str | None = None
    account: str | None = None
    broker: str | None = None
    year: int | None = None
    mapped: forms.Mapped | None = None
    rows: int | None = None  # that a form states
    total: Decimal | None = None  # of its proceeds

    @property
    def of_form(self) -> reading.Told:
        return reading.Told(self.broker, self.account, self.year)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: `changed` rows replaced an earlier version of themselves, `sentences`
    are the rows that were refused, `notes` what to know of the rest."""

    format: str
    rows: int
    new_records: int
    changed: int
    sentences: tuple[str, ...]
    account: str | None = None
    notes: tuple[str, ...] = ()


def import_file(
    database: Database,
    path: Path,
    now: datetime,
    told: Told | None = None,
    settings: Settings | None = None,
    check: Callable[[list[RawRecord]], list[str]] = lambda _: [],
) -> Imported:
    """Read a file by what it holds; raises DataError if the format is not known. A form and an
    allocation, which `check` may find sentences against, are taken in whole or not at all."""
    told, file = told or Told(), detect.open_file(path)
    mapped = told.mapped
    if mapped is None and told.format is None and reader_of(file) is None:
        mapped = forms.kept_mapping(database, file, told.broker, told.rows, told.total)
    if mapped is not None:
        taken = forms.take_in_mapped(database, file, told.of_form, mapped, now)
        return _of_form(forms.MAPPED, taken)
    format_ = detect.detect(file, told.format)
    if format_.is_form:
        lines = replace(READERS[format_.name].read(file), format=format_.name)
        if not lines.faults:
            mapping.check(lines, path.name, told.rows, told.total)
        taken = forms.take_in(database, path.name, lines, told.of_form, now)
        return _of_form(format_.name, taken)
    if told.rows is not None or told.total is not None:
        raise DataError(f"{path.name} is no form: --rows and --total are what a form states")
    text = file.text or ""
    if format_.name == detect.GAIN_LOSS:
        taken = forms.take_in_evidence(database, path.name, text, told.of_form, now)
        return _of_form(format_.name, taken)
    account, (found, sentences) = _rows(format_, text, told, settings or Settings())
    if format_.name == "allocation" and (sentences := sentences or check(found)):
        raise DataError(f"{path.name}: {'; '.join(sentences)}; nothing of it was taken in")
    if not found and not sentences:
        raise DataError(f"{path.name} has a header and no rows")
    with database.write() as connection:
        known = records.bodies(connection, found)
        changed = [r for r in found if known.get(_key(r), r.body) != r.body]
        foreign = [r for r in changed if _is_another_row(known[_key(r)] or "{}", r)]
        sentences += [
            f"id {r.native_id} is another row already (an earlier file); give this one its own id"
            for r in foreign
        ]
        kept = [r for r in found if r not in foreign]
        new = records.write_records(connection, kept, now)
    replaced = len(changed) - len(foreign)
    return Imported(format_.name, len(found), new - replaced, replaced, tuple(sentences), account)


def _of_form(format_: str, taken: forms.TakenIn) -> Imported:
    return Imported(format_, taken.lines, taken.new, taken.changed, (), None, taken.notes)


def _rows(format_: Detected, text: str, told: Told, settings: Settings) -> tuple[str | None, Rows]:
    """The rows, and the account of a statement."""
    if format_.statement:
        found, sheet = format_.statement
        place = whose(found, sheet, settings, told.account)
        return place.account, statement.read(found, sheet, place.account, place.own)
    return None, allocation.read(text) if format_.name == "allocation" else journal.read(text)


def _key(record: RawRecord) -> tuple[str, str, str]:
    return record.source, record.stream, record.native_id


def _is_another_row(before: str, record: RawRecord) -> bool:
    """Whether a row with a known id is no later version of that row but a stranger to it. A venue's
    own ids are never given twice."""
    if is_statement(record.source):
        return False
    old, new = json.loads(before), json.loads(record.body)
    return all(old.get(k) != new.get(k) for k in ("time", "account"))
