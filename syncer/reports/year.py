"""The papers of one year over one reading of the books, and what a person must know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from config.assets import names
from config.exact import ZERO
from config.official import official_forms
from connectors.files import journal
from syncer import form_views, views
from syncer.books import Books
from syncer.collector import collector_paused
from syncer.reports import sheets
from syncer.reports.blanks import Blanks, Download, find_blanks
from syncer.reports.bundle import as_csv
from syncer.reports.fill import printable
from syncer.reports.journal import journal_rows
from syncer.reports.money import Money
from syncer.reports.official import (
    form_8949_pdf,
    may_be_collectibles,
    schedule_d_answers,
    schedule_d_pdf,
)
from syncer.reports.summary_pdf import Summary, table_pdf
from syncer.tax.digital_assets import Behind, behind_the_answer
from syncer.tax.exception_2 import summed_up
from syncer.tax.fees import Fee, fees
from syncer.tax.form_8949 import Row
from syncer.tax.netting import Carryover

TXF_NOTE = (
    "the TXF format is of 2011 and knows no digital assets: programs that read it print boxes A to "
    "F instead of G to L; use it for totals only"
)
_STATEMENT = (0.4, 0.4, 2.2, 0.8, 0.8, 0.9, 0.9, 0.5, 0.8, 0.9, 0.9)  # inches
Paper = tuple[str, Callable[[], bytes]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants of the papers: whose name is on them, where the blank forms are."""

    without_forms: bool = False
    forms_dir: Path | None = None
    get_blanks: Download | None = None
    name: str = ""


class YearPapers:
    """`gaps` keep the year from being complete, `notes` are to be known."""

    def __init__(self, books: Books, year: int, wanted: Wanted) -> None:
        self.books, self.year, self.wanted = books, year, wanted
        self.how = books.settings.report
        self.money = Money(self.how.whole_dollars)
        self.gaps, self.notes = list(books.incomplete(year)), list[str]()
        self.rows = self._rows()
        self.schedule = books.schedule_d(year, self.rows)
        self._say_what_is_open()

    def _rows(self) -> list[Row]:
        rows = self.books.form_8949(self.year)
        awaited = [r for r in rows if r.box is None and r.gain is not None]
        if awaited and self.wanted.without_forms:
            rows = [_own_box(r) if r.box is None and r.part else r for r in rows]
            self.gaps.append(f"{len(awaited)} rows are in box I or L although a form is awaited")
        elif awaited:
            self.gaps.append(f"{len(awaited)} rows have no box: their 1099-DA is awaited")
        return rows

    def _say_what_is_open(self) -> None:
        for line in self.schedule.unplaced:
            self.gaps.append(
                f"Schedule D: ${views.usd(line.gain)} ({line.label}) is on no line yet, so lines "
                "7, 15, 16 and 21 of the PDF are left empty"
            )
        self._say_what_the_carryover_rests_on()
        if nfts := may_be_collectibles(self.rows):
            self.gaps.append(
                f"{len(nfts)} long-term rows are NFTs: if they are collectibles they need code C "
                "and the 28% Rate Gain Worksheet (Schedule D, lines 18 and 20)"
            )
        if self.how.whole_dollars:
            self.notes.append(
                "whole dollars: each row and each line is rounded by itself, so that sums of "
                "rounded figures may differ from rounded sums by some dollars"
            )

    def _say_what_the_carryover_rests_on(self) -> None:
        """The worksheet needs the taxable income (line 1), which only the person can tell."""
        who, brought = self.books.taxpayer(self.year), self.books.years.brought_into(self.year)
        if who.ordinary_income is None and (
            self.schedule.netting.line_16 < 0 or brought != Carryover()
        ):
            self.gaps.append(
                "what losses carry over is worked out as if the taxable income were no less than "
                f"the loss that counts (filing {who.filing_status}): tell [taxpayer] "
                "ordinary_income"
            )

    # ---- the papers

    def papers(self) -> Iterator[Paper]:
        """Each by name, made when it is asked for."""
        year, money = self.year, self.money
        yield from self._official()
        yield f"form-8949-{year}.csv", lambda: _csv(sheets.form_8949(self.rows, money))
        if self.how.exception_2:
            yield f"statement-8949-{year}.csv", lambda: _csv(self._statement())
            yield f"statement-8949-{year}.pdf", self._statement_pdf
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
        self._say_what_is_left_out(rows)
        yield f"form-8949-{self.year}.pdf", lambda: form_8949_pdf(blanks, rows, money, name)
        dividends = self.books.taxpayer(self.year).qualified_dividends
        answers = schedule_d_answers(self.schedule, dividends)
        self._explain(answers)
        yield (
            f"schedule-d-{self.year}.pdf",
            lambda: schedule_d_pdf(blanks, self.schedule, answers, money, name),
        )

    def _say_what_is_left_out(self, rows: Sequence[Row]) -> None:
        left_out = [r for r in rows if r.box is None or r.gain is None]
        if left_out:
            self.gaps.append(
                f"{len(left_out)} rows are not on the official Form 8949: box or gain is not known"
            )
        texts = [t for t in (self.wanted.name, *(r.description for r in rows)) if "?" not in t]
        if unread := sum("?" in printable(t) for t in texts):
            self.notes.append(f"{unread} texts have letters that the forms lack: each is a ?")

    def _blanks(self) -> Blanks | None:
        """The blank forms, where the person named a folder or asked for them."""
        forms = official_forms(self.year)
        folder = self.wanted.forms_dir or self.books.settings.forms_dir
        if forms is None:
            self.notes.append(f"no official form of {self.year} is known: there is only CSV")
            return None
        if folder is None and self.wanted.get_blanks is None:
            self.notes.append(
                "the official PDFs are not filled in: name a folder that has the blank forms with "
                "--forms, or get them from irs.gov with --download-forms"
            )
            return None
        return find_blanks(forms, folder, self.wanted.get_blanks)

    def _explain(self, answers: Mapping[str, bool]) -> None:
        """What stands behind the answers on Schedule D."""
        if "20" in answers:
            self.notes.append("Schedule D, line 20 is yes: that holds unless you file Form 4952")
        if answers.get("22") is False:
            self.notes.append("Schedule D, line 22 is no: [taxpayer] qualified_dividends is 0")
        self.notes.append("Schedule D: answer the question on qualified opportunity funds")

    def _statement(self) -> sheets.Sheet:
        """Every row that a row with code M sums up, by broker and box."""
        rows = [r for r in self.schedule.on_form_8949 if r.box is not None and r.gain is not None]
        return sheets.statement(rows, self._broker, self.money)

    def _statement_pdf(self) -> bytes:
        title = f"Statement for Form 8949 ({self.year}), Exception 2"
        if self.wanted.name:
            title += f": {self.wanted.name}"
        return table_pdf(printable(title), self._statement(), _STATEMENT)

    def _broker(self, account: str) -> str:
        place = self.books.places.get(account)
        return place.broker if place and place.broker else account

    def _txf(self) -> bytes:
        if any(r.box and r.gain is not None for r in self.rows):
            self.notes.append(TXF_NOTE)
        return ("\r\n".join(sheets.txf(self.rows, self.year)) + "\r\n").encode()

    def _journal(self) -> bytes:
        """All events as journal rows."""
        with collector_paused():
            rows, missing = journal_rows(self.books.events)
            text = "".join(journal.write(rows))
        if missing:
            self.notes.append(
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
        """Made last, when all gaps and notes are known."""
        found = form_views.reconciliation(self.books.reconciliation(self.year))
        order = {"wrong": 0, "check": 1}
        open_gaps = sorted(
            (g for g in found["gaps"] if g["severity"] != "info"),
            key=lambda g: order[g["severity"]],
        )
        return Summary(
            title=f"Tax year {self.year}: digital assets",
            totals=self._totals(),
            forms=[
                (
                    f"{f['broker']} {f['account']}: {f['lines']} lines, "
                    f"{f['missing_in_ledger']} not in the ledger, not explained",
                    f"${f['unexplained_usd']}",
                )
                for f in found["forms"]
            ],
            incomplete=self.gaps,
            to_do=[*self.notes, *(f"{g['detail']}: {g['suggestion']}" for g in open_gaps)],
            papers=papers,
        )

    def _totals(self) -> list[tuple[str, str]]:
        money, netting = self.money.printed, self.schedule.netting
        carried = self.books.worksheet(self.year, self.schedule)
        digital, dollars = self._income()
        return [
            ("Net short-term gain (Schedule D, line 7)", money(netting.line_7)),
            ("Net long-term gain (Schedule D, line 15)", money(netting.line_15)),
            ("Net (line 16)", money(netting.line_16)),
            ("Loss that is deducted (line 21)", money(netting.line_21)),
            ("Short-term loss carried over", money(carried[8] if carried else ZERO)),
            ("Long-term loss carried over", money(carried[13] if carried else ZERO)),
            (f"Income in digital assets ({sheets.DIGITAL})", money(digital)),
            (f"Interest in dollars ({sheets.DOLLARS})", money(dollars)),
            ("Form 1040, digital assets", self._answer()),
        ]

    def _income(self) -> tuple[Decimal, Decimal]:
        """In digital assets, and in dollars."""
        sums = {True: ZERO, False: ZERO}
        for one in self.books.incomes_in(self.year):
            sums[names().is_fiat(one.asset)] += one.usd or ZERO
        return sums[False], sums[True]

    def _answer(self) -> str:
        if self.question:
            return "Yes"
        asked = any("open questions" in g for g in self.gaps)
        return "No, unless an open question says otherwise" if asked else "No"


def _own_box(row: Row) -> Row:
    return replace(row, box="L" if row.part == "II" else "I")


def _csv(sheet: sheets.Sheet) -> bytes:
    return as_csv(sheet).encode()
