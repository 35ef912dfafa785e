"""Writes a year's papers into a folder."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from config.errors import SyncerError
from config.exact import whole_dollars
from connectors.files import journal
from syncer import views
from syncer.books import Books
from syncer.collector import collector_paused
from syncer.reports.journal import journal_rows
from syncer.tax.form_8949 import Line, Row

FORM_8949 = (
    "part",
    "box",
    "description",
    "date_acquired",
    "date_sold",
    "proceeds",
    "basis",
    "codes",
    "adjustment",
    "gain",
    "account",
    "disposal_id",
    "identification",
    "gaps",
)
SCHEDULE_D = ["line", "label", "proceeds", "basis", "adjustment", "gain"]


@dataclass(frozen=True, slots=True)
class Papers:
    """The files written, and what a reader must know first."""

    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def write_papers(books: Books, year: int, folder: Path, without_forms: bool) -> Papers:
    """`form-8949-YEAR.csv`, `schedule-d-YEAR.csv` and `journal.csv`; raises SyncerError if the
    folder cannot be written. Sales that await a form stay without a box unless `without_forms`."""
    whole = books.settings.report.whole_dollars
    rows = books.form_8949(year)
    warnings = list(books.incomplete(year))
    awaited = [r for r in rows if r.box is None and r.gain is not None]
    if awaited and without_forms:
        rows = [_own_box(r) if r.box is None else r for r in rows]
        warnings.append(f"{len(awaited)} rows are in box I or L although their form is awaited")
    elif awaited:
        warnings.append(f"{len(awaited)} rows have no box: their 1099-DA is awaited")
    lines = books.schedule_d(year, rows)
    names = (f"form-8949-{year}.csv", f"schedule-d-{year}.csv", "journal.csv")
    files = tuple(folder / n for n in names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(files[0], FORM_8949, (_row(r, whole) for r in rows))
        _write(files[1], SCHEDULE_D, (_line(x, whole) for x in lines))
        missing = _write_journal(files[2], books)
    except OSError as error:
        raise SyncerError(f"the papers cannot be written to {folder}: {error.strerror}") from None
    if missing:
        warnings.append(f"{missing} events do not fit a journal row and are not in journal.csv")
    return Papers(files, tuple(warnings))


def _write_journal(path: Path, books: Books) -> int:
    """All events as journal rows; how many fit none."""
    with collector_paused(), path.open("w", encoding="utf-8", newline="") as file:
        rows, missing = journal_rows(books.events)
        file.writelines(journal.write(rows))
    return missing


def _own_box(row: Row) -> Row:
    return replace(row, box="L" if row.part == "II" else "I")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _row(row: Row, whole: bool) -> list[str]:
    def money(value: Decimal | None) -> str:
        return _money(value, whole)

    return [
        row.part,
        row.box or "",
        row.description,
        row.acquired,
        row.sold,
        money(row.proceeds),
        money(row.basis),
        row.codes,
        money(row.adjustment) if row.codes else "",
        money(row.gain),
        row.account,
        row.disposal_id,
        row.identification,
        " ".join(row.gaps),
    ]


def _line(line: Line, whole: bool) -> list[str]:
    columns = (line.proceeds, line.basis, line.adjustment, line.gain)
    return [line.line, line.label, *(_money(c, whole) for c in columns)]


def _money(value: Decimal | None, whole: bool) -> str:
    if value is None:
        return ""
    return str(whole_dollars(value)) if whole else str(views.usd(value))
