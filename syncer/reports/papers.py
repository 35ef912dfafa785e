"""Writes a year's papers into a folder, what is not complete said first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from config.errors import SyncerError
from config.exact import ZERO
from config.official import official_forms
from connectors.files import journal
from syncer import views
from syncer.books import Books
from syncer.collector import collector_paused
from syncer.reports import sheets
from syncer.reports.blanks import Blanks, Download, find_blanks
from syncer.reports.bundle import as_csv, write_bundle
from syncer.reports.journal import journal_rows
from syncer.reports.money import Money
from syncer.reports.official import form_8949_pdf, schedule_d_answers, schedule_d_pdf
from syncer.reports.summary_pdf import Summary, summary_pdf, table_pdf
from syncer.store.database import Database
from syncer.tax.digital_assets import Behind, behind_the_answer
from syncer.tax.exception_2 import summed_up
from syncer.tax.fees import Fee, fees
from syncer.tax.form_8949 import Row

TXF_WARNING = (
    "the TXF format is of 2011 and knows no digital assets: programs that read it print boxes A to "
    "F instead of G to L; use it for totals only"
)
_STATEMENT = (0.4, 0.4, 2.2, 0.8, 0.8, 0.9, 0.9, 0.5, 0.8, 0.9, 0.9)  # inches


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants of the papers: whose name is on them, where the blank forms are."""

    without_forms: bool = False
    forms_dir: Path | None = None
    get_blanks: Download | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Papers:
    """The files written, and what a reader must know first."""

    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def write_papers(
    books: Books, database: Database, year: int, folder: Path, wanted: Wanted, today: date
) -> Papers:
    """Everything for a year. Raises SyncerError if the folder cannot be written or a blank form is
    not the one of the year; sales that await a form stay without a box unless `without_forms`."""
    work = _Year(books, year, wanted, today)
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, make in work.papers():
            (folder / name).write_bytes(make())
            written.append(folder / name)
        summary = folder / f"summary-{year}.pdf"
        summary.write_bytes(summary_pdf(work.summary([p.name for p in written])))
        bundle = folder / f"audit-{year}.zip"
        write_bundle(bundle, [summary, *written], database, books, year)
    except OSError as error:
        raise SyncerError(f"the papers cannot be written to {folder}: {error.strerror}") from None
    return Papers((summary, *written, bundle), tuple(work.warnings))


Paper = tuple[str, Callable[[], bytes]]


class _Year:
    """The papers of one year over one reading of the books."""

    def __init__(self, books: Books, year: int, wanted: Wanted, today: date) -> None:
        self.books, self.year, self.wanted, self.today = books, year, wanted, today
        self.how = books.settings.report
        self.money = Money(self.how.whole_dollars)
        self.rows, self.warnings = self._rows()
        self.schedule = books.schedule_d(year, self.rows)

    def _rows(self) -> tuple[list[Row], list[str]]:
        rows = self.books.form_8949(self.year)
        warnings = list(self.books.incomplete(self.year))
        awaited = [r for r in rows if r.box is None and r.gain is not None]
        if awaited and self.wanted.without_forms:
            rows = [_own_box(r) if r.box is None and r.part else r for r in rows]
            warnings.append(f"{len(awaited)} rows are in box I or L although their form is awaited")
        elif awaited:
            warnings.append(f"{len(awaited)} rows have no box: their 1099-DA is awaited")
        return rows, warnings

    # ---- the papers

    def papers(self) -> Iterator[Paper]:
        year, money = self.year, self.money
        yield from self._official()
        printed = self.schedule.on_form_8949
        yield f"form-8949-{year}.csv", lambda: _csv(sheets.form_8949(self.rows, money))
        if self.how.exception_2:
            statement = sheets.form_8949(printed, money)
            yield f"statement-8949-{year}.csv", lambda: _csv(statement)
            yield f"statement-8949-{year}.pdf", self._statement
        yield f"schedule-d-{year}.csv", lambda: _csv(sheets.schedule_d(self.schedule, money))
        if found := self.books.worksheet(year, self.schedule):
            yield f"carryover-{year}.csv", lambda: _csv(sheets.worksheet(found, money))
        yield f"digital-assets-{year}.csv", lambda: _csv(sheets.question(self.question))
        incomes = self.books.incomes_in(year)
        yield f"income-{year}.csv", lambda: _csv(sheets.income(incomes, money))
        yield f"fees-{year}.csv", lambda: _csv(sheets.fees(self.fees, money))
        yield f"fees-by-month-{year}.csv", lambda: _csv(sheets.fees_by_month(self.fees, money))
        yield f"turbotax-{year}.csv", lambda: _csv(sheets.turbotax(self.rows))
        yield f"form-8949-{year}.txf", self._txf
        yield "journal.csv", self._journal

    def _official(self) -> Iterator[Paper]:
        blanks = self._blanks()
        if blanks is None:
            return
        name, money = self.wanted.name, self.money
        rows = self.schedule.on_form_8949
        if self.how.exception_2:
            rows = tuple(summed_up(rows, self._broker))
        left_out = [r for r in rows if r.box is None or r.gain is None]
        if left_out:
            self.warnings.append(
                f"{len(left_out)} rows are not on the official Form 8949: box or gain is not known"
            )
        yield f"form-8949-{self.year}.pdf", lambda: form_8949_pdf(blanks, rows, money, name)
        dividends = self.books.taxpayer(self.year).qualified_dividends
        answers = schedule_d_answers(self.schedule, dividends)
        yield (
            f"schedule-d-{self.year}.pdf",
            lambda: schedule_d_pdf(blanks, self.schedule, answers, money, name),
        )
        self._warn_of_schedule_d(answers)

    def _blanks(self) -> Blanks | None:
        """The blank forms, where the person named a folder or asked for them."""
        forms = official_forms(self.year)
        folder = self.wanted.forms_dir or self.books.settings.forms_dir
        if forms is None:
            self.warnings.append(f"no official form of {self.year} is known: there is only CSV")
            return None
        if folder is None and self.wanted.get_blanks is None:
            self.warnings.append(
                "the official PDFs are not filled in: name a folder that has the blank forms with "
                "--forms, or get them from irs.gov with --download-forms"
            )
            return None
        return find_blanks(forms, folder, self.wanted.get_blanks)

    def _warn_of_schedule_d(self, answers: Mapping[str, bool]) -> None:
        for line in self.schedule.unplaced:
            self.warnings.append(
                f"Schedule D: ${views.usd(line.gain)} ({line.label}) is on no line yet, so lines "
                "7, 15, 16 and 21 are left empty"
            )
        if "20" in answers:
            self.warnings.append("Schedule D, line 20 is yes: that holds unless you file Form 4952")
        if answers.get("22") is False:
            self.warnings.append("Schedule D, line 22 is no: [taxpayer] qualified_dividends is 0")
        self.warnings.append("Schedule D: answer the question on qualified opportunity funds")

    def _statement(self) -> bytes:
        """Columns (a) to (h) of every row, for Exception 2."""
        whole = sheets.form_8949(self.schedule.on_form_8949, self.money)
        names, rows = whole.header[: len(_STATEMENT)], [r[: len(_STATEMENT)] for r in whole.rows]
        title = f"Statement for Form 8949 ({self.year}), Exception 2"
        return table_pdf(title, sheets.Sheet(names, rows), _STATEMENT)

    def _broker(self, account: str) -> str:
        place = self.books.places.get(account)
        return place.broker if place and place.broker else account

    def _txf(self) -> bytes:
        if any(r.box and r.gain is not None for r in self.rows):
            self.warnings.append(TXF_WARNING)
        return ("\r\n".join(sheets.txf(self.rows, self.today)) + "\r\n").encode()

    def _journal(self) -> bytes:
        """All events as journal rows."""
        with collector_paused():
            rows, missing = journal_rows(self.books.events)
            text = "".join(journal.write(rows))
        if missing:
            self.warnings.append(
                f"{missing} events do not fit a journal row and are not in journal.csv"
            )
        return text.encode()

    # ---- what is asked for more than once

    @cached_property
    def fees(self) -> list[Fee]:
        return list(fees(self.books.events, self.year, self.books.settings.zone))

    @cached_property
    def question(self) -> list[Behind]:
        return list(behind_the_answer(self.books.events, self.year, self.books.settings.zone))

    # ---- the page that is read first

    def summary(self, papers: Sequence[str]) -> Summary:
        books, year, money = self.books, self.year, self.money.printed
        netting = self.schedule.netting
        carried = self.books.worksheet(year, self.schedule)
        income = sum((i.usd or ZERO for i in books.incomes_in(year)), ZERO)
        found = views.reconciliation(books.reconciliation(year))
        open_gaps = [g for g in found["gaps"] if g["severity"] != "info"]
        return Summary(
            title=f"Tax year {year}: digital assets",
            totals=(
                ("Net short-term gain (Schedule D, line 7)", money(netting.line_7)),
                ("Net long-term gain (Schedule D, line 15)", money(netting.line_15)),
                ("Net (line 16)", money(netting.line_16)),
                ("Loss that is deducted (line 21)", money(netting.line_21)),
                ("Short-term loss carried over", money(carried[8] if carried else ZERO)),
                ("Long-term loss carried over", money(carried[13] if carried else ZERO)),
                ("Income in digital assets (Schedule 1, line 8v)", money(income)),
                ("Form 1040, digital assets", "Yes" if self.question else "No"),
            ),
            forms=[
                (
                    f"{f['broker']} {f['account']}: {f['lines']} lines, not explained",
                    f"${f['unexplained_usd']}",
                )
                for f in found["forms"]
            ],
            incomplete=books.incomplete(year),
            to_do=[f"{g['detail']}: {g['suggestion']}" for g in open_gaps]
            + [w for w in self.warnings if w not in books.incomplete(year)],
            papers=papers,
        )


def _own_box(row: Row) -> Row:
    return replace(row, box="L" if row.part == "II" else "I")


def _csv(sheet: sheets.Sheet) -> bytes:
    return as_csv(sheet).encode()
