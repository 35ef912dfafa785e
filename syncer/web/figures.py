"""What pages show of the books, as documents that the JSON API tells too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from config.exact import ZERO
from syncer import form_views, views
from syncer.books import Books
from syncer.status import status
from syncer.store import derived
from syncer.store.database import Database
from syncer.tax.year import TAXABLE

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Overview:
    """The year so far, the year before, what is open, how fresh it is; gains by day add up."""

    year: int
    this: Json
    last: Json
    open: Json
    status: Json
    realised: list[tuple[date, Decimal]]
    years: list[int]


def overview(database: Database, books: Books, now: datetime) -> Overview:
    year = now.astimezone(books.settings.zone).year
    return Overview(
        year,
        views.tax(books, year),
        views.tax(books, year - 1),
        _open(books, year),
        status(database, books.settings, books),
        list(_realised(books, year)),
        years_of(books, year),
    )


def years_of(books: Books, now: int) -> list[int]:
    """Years with gains or forms, and this one and the one before; the newest first."""
    found = {now, now - 1, *books.shelf.gains, *(f.year for f in books.forms)}
    return sorted(found, reverse=True)


def _open(books: Books, year: int) -> Json:
    """What is not known or not settled, in dollars where it has some."""
    forms = []
    for of_year in sorted({f.year for f in books.forms}, reverse=True)[:3]:
        told = form_views.reconciliation(books.reconciliation(of_year))
        open_ = [g for g in told["gaps"] if g["severity"] != "info"]
        forms.append({"year": of_year, "usd": told["unexplained_usd"], "gaps": len(open_)})
    missing = [d.proceeds_usd or ZERO for d in books.incomplete_disposals(year)]
    return {
        "undecided_usd": views.usd(books.undecided_usd),
        "review_items": len(books.review),
        "likely": len(books.likely),
        "incomplete_proceeds_usd": views.usd(sum(missing, ZERO)),
        "balance_gaps": sum(b.reported != b.computed for b in books.balances),
        "set_aside": len(books.problems),
        "forms": forms,
    }


def _realised(books: Books, year: int) -> Iterator[tuple[date, Decimal]]:
    """By day with a gain or loss, what the year had realised by its end."""
    by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for one in books.disposals_in(year):
        if one.kind in TAXABLE and one.gain_usd is not None:
            by_day[one.disposed_at.astimezone(books.settings.zone).date()] += one.gain_usd
    total = ZERO
    for day, gain in sorted(by_day.items()):
        total += gain
        yield day, total


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for an answer, what applies without a proof, and what was answered."""

    items: list[Json]
    likely: list[Json]
    undecided_usd: str | None
    decided: list[Json]
    accounts: list[str]


def queue(books: Books, _: datetime) -> Queue:
    decided = [views.decision(d) for d in sorted(books.decisions, key=lambda d: d.at, reverse=True)]
    read = {a.name for a in books.settings.account if a.kind != "manual"}
    unread = ({a.name for a in books.settings.account} | books.shelf.accounts) - read
    return Queue(
        [views.item(i) for i in books.review],
        [views.item(i) for i in books.likely],
        views.usd(books.undecided_usd),
        decided,
        sorted(unread),
    )


def balances(database: Database, books: Books, _: datetime) -> list[Json]:
    with database.read() as connection:
        computed = derived.balances(connection)
    return views.balances(computed, books, at_end=True)


def places(books: Books, now: datetime) -> Json:
    """What a ledger can be narrowed by."""
    return {
        "accounts": sorted(books.shelf.accounts | {a.name for a in books.settings.account}),
        "assets": sorted({lot.asset for lot in books.lots}),
        "years": years_of(books, now.astimezone(books.settings.zone).year),
    }
