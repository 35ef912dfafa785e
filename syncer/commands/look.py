"""balances, events, lots, disposals, income: what the books say."""

from __future__ import annotations

from typing import Annotated

import typer

from syncer import views
from syncer.books import Books
from syncer.commands.session import (
    AsJson,
    Config,
    OneAccount,
    Session,
    Strict,
    Year,
    print_json,
    print_table,
    session,
)
from syncer.lots.engine import replay
from syncer.lots.model import Lot
from syncer.store import derived

OneYear = Annotated[int | None, typer.Option("--year", help="Only this tax year.", min=2009)]
At = Annotated[str | None, typer.Option("--at", help="At the end of this day.", metavar="DATE")]


def balances(
    config: Config = None, account: OneAccount = None, at: At = None, as_json: AsJson = False
) -> None:
    """What the ledger says against what was reported."""
    with session(config) as s:
        books = s.pipeline.books()
        with s.database.read() as connection:
            computed = derived.balances(connection, s.end_of_day(at))
        s.known_account(account, [a for a, _ in computed])
        rows = views.balances(computed, books, at is None)
    rows = [r for r in rows if account in (None, r["account"])]
    if as_json:
        print_json({"balances": rows})
    else:
        print_table(
            "Balances", rows, ("account", "asset", "quantity", "reported", "difference", "since")
        )


def events(
    config: Config = None,
    account: OneAccount = None,
    year: Annotated[
        int | None, typer.Option("--year", help="Only this tax year.", min=2009)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What happened, and the rule that named it."""
    with session(config) as s:
        found = [
            e
            for e in s.pipeline.books().events
            if year in (None, e.at.astimezone(s.settings.zone).year)
            and (account is None or any(g.account == account for g in e.legs))
        ]
        s.known_account(account, [g.account for e in found for g in e.legs])
    rows = [views.event(e) for e in found]
    if as_json:
        print_json({"events": rows})
        return
    flat = [{**r, "legs": [_leg_text(g) for g in r["legs"]]} for r in rows]
    print_table("Events", flat, ("event_id", "at", "kind", "legs", "rule", "confidence", "gaps"))


def _leg_text(leg: dict[str, str]) -> str:
    fee = " fee" if leg["role"] == "fee" else ""
    return f"{leg['quantity']} {leg['asset']}{fee} ({leg['account']})"


def lots(
    config: Config = None,
    account: OneAccount = None,
    asset: Annotated[str | None, typer.Option("--asset", help="Only this asset.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Open lots per account."""
    with session(config) as s:
        books = s.pipeline.books()
        found = _lots_at(s, books, at)
        s.known_account(account, [x.account for x in found])
        now = s.end_of_day(at) or s.clock()
        rows = [
            views.lot(x, now, s.settings.zone, books.shelf.rests_on)
            for x in found
            if account in (None, x.account) and asset in (None, x.asset)
        ]
    if as_json:
        print_json({"lots": rows})
        return
    columns = (
        "account",
        "asset",
        "quantity",
        "basis_usd",
        "acquired_on",
        "long_term_on",
        "term_today",
        "state",
    )
    print_table("Open lots", rows, columns)


def _lots_at(s: Session, books: Books, at: str | None) -> list[Lot]:
    """The stored lots, or those of a replay up to the end of a day."""
    end = s.end_of_day(at)
    if end is None:
        return list(books.lots)
    return list(replay(books.events, s.pipeline.terms(), until=end).lots)


def disposals(
    year: Year, config: Config = None, as_json: AsJson = False, strict: Strict = False
) -> None:
    """Dispositions of a year, one row per lot slice."""
    with session(config) as s:
        books = s.pipeline.books()
        found = books.reconciliation(year)
        told = books.shelf.rests_on
        rows = [views.disposal(d, found, s.settings.zone, told) for d in books.disposals_in(year)]
    if as_json:
        print_json({"disposals": rows})
    else:
        columns = (
            "disposed_on",
            "account",
            "kind",
            "quantity",
            "asset",
            "acquired_on",
            "proceeds_usd",
            "basis_usd",
            "gain_usd",
            "term",
            "box",
            "codes",
            "gaps",
        )
        print_table(f"Disposals {year}", rows, columns)
    if strict and views.gaps_of(rows):
        raise typer.Exit(1)


def income(
    year: Year, config: Config = None, as_json: AsJson = False, strict: Strict = False
) -> None:
    """Ordinary income of a year."""
    with session(config) as s:
        rows = [views.income(i) for i in s.pipeline.books().incomes_in(year)]
    if as_json:
        print_json({"income": rows})
    else:
        print_table(
            f"Income {year}",
            rows,
            ("received_on", "account", "kind", "quantity", "asset", "usd", "gaps"),
        )
    if strict and views.gaps_of(rows):
        raise typer.Exit(1)
