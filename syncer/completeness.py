"""What keeps a year from being complete, each in a sentence with its figures."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from connectors.brokers.form_1099da import FormLine
from syncer.ledger.review import Item
from syncer.reconcile.model import LineResult
from syncer.reconcile.summary import unconfirmed, unexplained

if TYPE_CHECKING:
    from syncer.books import Books


def incomplete(books: Books, year: int) -> list[str]:
    """Why the totals of a year are not complete; empty if they are."""
    reasons = _alone(books, year)
    first = books.years.first(year)
    earlier = [y for y in range(first, year) if _alone(books, y)]
    if earlier:
        years = ", ".join(map(str, earlier))
        reasons.append(f"what carries over from {years} is not complete")
    return reasons


def _alone(books: Books, year: int) -> list[str]:
    reasons = []
    if found := books.incomplete_disposals(year):
        reasons.append(f"{len(found)} disposals without basis or price")
    if found_income := [i for i in books.incomes_in(year) if i.usd is None]:
        reasons.append(f"{len(found_income)} receipts of income without a price")
    if open_items := [i for i in books.review if _reaches(i, year, books.settings.zone)]:
        reasons.append(f"{len(open_items)} open questions in review")
    if books.problems:
        reasons.append(f"{len(books.problems)} records that cannot be read")
    if books.forms_in(year):
        reasons += _open_on_forms(books, year)
    return reasons + (_across_new_year(books, year) if books.forms else [])


def _open_on_forms(books: Books, year: int) -> list[str]:
    """What keeps the year's forms from being reconciled: in dollars, where they are known."""
    found, reasons = books.reconciliation(year), []
    if unapplied := [f for f in books.forms_in(year) if f.not_applied]:
        reasons.append(f"{len(unapplied)} form lines with boxes that are not applied yet")
    missing = [x.line.amount for x in found.lines if not x.pieces and "missing" in x.status]
    if missing:
        dollars = sum(missing, ZERO)
        reasons.append(
            f"{len(missing)} form lines of ${cents(dollars):,f} are no sale of the ledger"
        )
    if dollars := unexplained(found.lines):
        reasons.append(f"${cents(dollars):,f} of difference with forms is not explained")
    if dollars := unconfirmed(found.lines):
        reasons.append(
            f"${cents(dollars):,f} of difference looks like the broker's error: confirm it "
            "(syncer reconcile broker-error)"
        )
    return reasons


def _across_new_year(books: Books, year: int) -> list[str]:
    """Sales of one tax year that the form of another has."""
    beside = [f for f in books.forms if f.year != year and is_beside(f, year)]
    found = books.reconciliation(year) if books.forms_in(year) or beside else None
    if found is None:
        return []
    here = [x for x in found.lines if _is_of_another_year(x, year, books.settings.zone)]
    there = found.of_other_forms
    reasons = []
    if here:
        dollars = sum((x.line.amount for x in here), ZERO)
        reasons.append(
            f"{len(here)} form lines of ${cents(dollars):,f} are sales of another tax year by "
            "your time zone"
        )
    if there:
        reasons.append(f"{there} sales are on the form of another tax year")
    return reasons


def _reaches(item: Item, year: int, zone: ZoneInfo) -> bool:
    """An open event reaches its own year and all later ones, a balance gap every year: nobody
    knows when the missing row was. What shows as a disposal or an income row without a figure
    is counted there."""
    if item.kind == "balance_gap":
        return True
    if item.kind in ("spam", "new_account", "unknown_asset", "no_price"):
        return False
    if item.kind == "oversold" and item.answers:
        return False
    return item.at is None or item.at.astimezone(zone).year <= year


def is_beside(line: FormLine, year: int) -> bool:
    """Whether a line of another year's form is of a day beside the year."""
    return line.sold in (date(year - 1, 12, 31), date(year + 1, 1, 1))


def _is_of_another_year(result: LineResult, year: int, zone: ZoneInfo) -> bool:
    return any(p.slice.disposed_at.astimezone(zone).year != year for p in result.pieces)
