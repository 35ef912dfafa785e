"""Writes a year's papers into a folder: all of them or none, what is not complete said first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from config.errors import SyncerError
from syncer.books import Books
from syncer.reports.bundle import write_bundle
from syncer.reports.summary_pdf import summary_pdf
from syncer.reports.year import Wanted, YearPapers
from syncer.store.database import Database

# every paper that a run may make, so that none of an earlier run stays beside new ones
_ALL = (
    *("summary-{}.pdf", "form-8949-{}.pdf", "schedule-d-{}.pdf", "form-8949-{}.csv"),
    *("statement-8949-{}.csv", "statement-8949-{}.pdf", "schedule-d-{}.csv", "carryover-{}.csv"),
    *("digital-assets-{}.csv", "income-{}.csv", "fees-{}.csv", "fees-by-month-{}.csv"),
    *("turbotax-{}.csv", "form-8949-{}.txf", "journal.csv", "audit-{}.zip"),
)


@dataclass(frozen=True, slots=True)
class Papers:
    """The files written, the gaps that a reader must know first, and what else is to be known."""

    files: tuple[Path, ...]
    gaps: tuple[str, ...]
    notes: tuple[str, ...]


def write_papers(
    books: Books, database: Database, year: int, folder: Path, wanted: Wanted
) -> Papers:
    """Everything for a year, or nothing. Raises SyncerError if the folder cannot be written or a
    blank form is not the one of the year; sales that await a form stay without a box unless they
    are wanted `without_forms`."""
    work = YearPapers(books, year, wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".papers-", dir=folder) as place:
            made = _make(work, database, Path(place))
            _check_places(folder, made)
            for name in (n.format(year) for n in _ALL):
                (folder / name).unlink(missing_ok=True)
            for path in made:
                path.replace(folder / path.name)
    except OSError as error:
        raise SyncerError(f"the papers cannot be written to {folder}: {error.strerror}") from None
    return Papers(tuple(folder / p.name for p in made), tuple(work.gaps), tuple(work.notes))


def _make(work: YearPapers, database: Database, place: Path) -> list[Path]:
    written: list[Path] = []
    for name, make in work.papers():
        (place / name).write_bytes(make())
        written.append(place / name)
    summary = place / f"summary-{work.year}.pdf"
    summary.write_bytes(summary_pdf(work.summary([p.name for p in written])))
    bundle = place / f"audit-{work.year}.zip"
    write_bundle(bundle, [summary, *written], database, work.books, work.year)
    return [summary, *written, bundle]


def _check_places(folder: Path, made: Sequence[Path]) -> None:
    for path in made:
        if (folder / path.name).is_dir():
            raise SyncerError(f"{folder / path.name} is a folder; a paper of that name goes there")
