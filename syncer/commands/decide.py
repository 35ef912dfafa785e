"""review: the person's word."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any

import typer

from config.assets import names
from config.errors import DataError, UsageError
from connectors.records import exact
from syncer import views
from syncer.books import Books
from syncer.commands import words
from syncer.commands.session import (
    AsJson,
    Config,
    Session,
    print_json,
    print_table,
    say,
    session,
    who,
)
from syncer.events import Event
from syncer.explain import explain
from syncer.ledger.answers import ANSWERS, NEEDS_OTHER, NEEDS_USD
from syncer.ledger.decisions import Decision
from syncer.ledger.halves import are_halves
from syncer.ledger.review import Item
from syncer.ledger.standing import is_standing, pattern
from syncer.store import decisions

review = typer.Typer(
    help="What needs a decision, by dollars at stake.", invoke_without_command=True
)


@review.callback()
def list_(
    context: typer.Context,
    likely: Annotated[bool, typer.Option("--likely", help="What applies without a proof.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """What needs a decision, by dollars at stake."""
    if context.invoked_subcommand:
        return
    with session(config) as s:
        books = s.pipeline.books()
        rows = [views.item(i) for i in (books.likely if likely else books.review)]
        joined = 0 if likely else len(books.likely)
    if as_json:
        print_json({"review": rows})
        return
    print_table("Review", rows, ("id", "account", "quantity", "asset", "usd", "at", "answers"))
    if joined:
        say(f"{joined} transfers and duplicates apply without a proof: syncer review --likely")


@review.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Why an event is what it is: rule, legs, evidence."""
    with session(config) as s:
        books = s.pipeline.books()
        found = _event_of(books.events, id_.split(":", 1)[-1].partition(":")[0])
        item = next((i for i in (*books.review, *books.likely) if i.id == id_), None)
        if found is None and item is None:
            raise UsageError(f"there is no event or review item {id_}; see: syncer events")
        told = explain(s.database, s.settings, found) if found else None
    event = views.explained(told) if told else None
    if as_json:
        print_json({"event": event, "item": views.item(item) if item else None})
        return
    if item:
        say(f"{item.id}: {item.detail}")
        say(f"Answers: {', '.join(item.answers) or 'none; what is missing must be imported'}")
    if event:
        _show_event(event)


def _event_of(events: Iterable[Event], key: str) -> Event | None:
    """The event itself, else the one that it became a part of."""
    of = [e for e in events if key in (e.event_id, *e.parts)]
    return next((e for e in of if e.event_id == key), of[0] if of else None)


def _show_event(row: dict[str, Any]) -> None:
    say(f"{row['event_id']}: {row['kind']} at {row['at']}, {row['confidence']}")
    say(f"Rule {row['rule']}: {row['reason']}")
    say(f"Evidence: {row['evidence']}")
    for setting in row["rests_on"]:
        say(f"It rests on {setting}")
    print_table("Legs", row["legs"], ("account", "asset", "quantity", "role", "usd", "usd_source"))
    print_table("Rules that fit", row["alternatives"], ("rule", "kind", "confidence", "reason"))
    print_table("What was said", row["raw"], ("source", "stream", "id", "body"))


@review.command("answer")
def answer(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    answer_: Annotated[str, typer.Argument(metavar="ANSWER")],
    with_: Annotated[
        str | None, typer.Option("--with", help="The other half, account, or asset.")
    ] = None,
    basis: Annotated[str | None, typer.Option("--basis", help="Basis or value in dollars.")] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    config: Config = None,
) -> None:
    """Decide; the decision is kept apart from what is derived and can be undone."""
    with session(config) as s:
        books, usd = s.pipeline.books(), _usd(basis)
        places = _places_unread(s, books)
        if is_standing(id_):
            id_ = _check_rule(id_, answer_, with_, usd, places)
        else:
            item = _item(books, id_)
            id_, with_ = item.id, _checked(books, item, answer_, with_, usd, places)
        with s.database.write() as connection:
            made = Decision(id_, answer_, s.clock(), with_, usd, note)
            decisions.add_decision(connection, made, who())
        asyncio.run(s.pipeline.derive())
    say(f"{id_}: {answer_}. Undo it with: syncer review undo {id_}")


def _places_unread(s: Session, books: Books) -> frozenset[str]:
    """Accounts that no source reads: what a person says of them nothing else would."""
    read = {a.name for a in s.settings.account if a.kind != "manual"}
    return frozenset({a.name for a in s.settings.account} | books.shelf.accounts) - read


def _check_rule(
    rule: str, answer_: str, with_: str | None, usd: Decimal | None, places: frozenset[str]
) -> str:
    """The rule as it is kept."""
    try:
        which = pattern(rule)
    except DataError as error:
        raise UsageError(str(error)) from None
    kind = which.kind
    if answer_ not in ANSWERS[kind]:
        raise UsageError(
            f"{answer_} is no answer to {kind}; choose from: {', '.join(ANSWERS[kind])}"
        )
    if usd is not None:
        raise UsageError("a rule over many events states no dollars; answer those one by one")
    if (kind, answer_) in NEEDS_OTHER and with_ not in places:
        raise UsageError(f"{answer_} by rule needs --with and an account that no source reads")
    return which.subject


def _item(books: Books, id_: str) -> Item:
    """By its id, or what it begins with; raises UsageError if there is none."""
    items = (*books.review, *books.likely)
    found = [i for i in items if i.id == id_] or [i for i in items if i.id.startswith(f"{id_}:")]
    if len(found) != 1:
        raise UsageError(f"{id_} does not wait for an answer; see: syncer review")
    return found[0]


def _checked(
    books: Books,
    item: Item,
    answer_: str,
    with_: str | None,
    usd: Decimal | None,
    places: frozenset[str],
) -> str | None:
    """The other half or place of an answer to one item; raises UsageError if it does not fit."""
    _check(item, answer_, with_, usd)
    if item.kind in ("duplicate", "likely_transfer"):
        if with_ is not None:
            raise UsageError(f"{item.id} names the other already; leave --with out")
        # the answer is about what it was compared or joined with
        told = (*books.shelf.questions, *books.shelf.unproved)
        if item.kind == "duplicate":
            return next(",".join(e.parts) for e in told if e.event_id == item.event_ids[0])
        return next(e.parts[1] for e in told if item.id.endswith(":".join(e.parts)) and e.parts)
    if item.kind == "unknown_asset":
        if with_ is not None and names().listed(with_) is None:
            raise UsageError(f"--with names no listed asset: {with_}")
        return with_
    if with_ not in places:
        _check_halves(item, with_, {e.event_id: e for e in books.events})
    return with_


def _usd(basis: str | None) -> Decimal | None:
    if basis is None:
        return None
    try:
        usd = exact(basis, "--basis")
    except DataError as error:
        raise UsageError(str(error)) from None
    if usd < 0:
        raise UsageError("--basis must not be negative")
    return usd


def _check(item: Item, answer_: str, with_: str | None, usd: Decimal | None) -> None:
    if answer_ not in item.answers:
        raise UsageError(
            f"{answer_} is no answer to {item.id}; choose from: {', '.join(item.answers) or 'none'}"
        )
    if (item.kind, answer_) in NEEDS_OTHER and not with_:
        raise UsageError(f"{answer_} needs --with and {NEEDS_OTHER[item.kind, answer_]}")
    if (item.kind, answer_) in NEEDS_USD and usd is None:
        raise UsageError(f"{answer_} needs --basis and an amount in dollars")


def _check_halves(item: Item, with_: str | None, events: dict[str, Event]) -> None:
    if with_ is None:
        return
    if with_ not in events:
        raise UsageError(f"--with names no event: {with_}; see: syncer events")
    mine, other = events[item.event_ids[0]], events[with_]
    out, into = (mine, other) if item.kind == "unmatched_withdrawal" else (other, mine)
    if not are_halves(out, into):
        raise UsageError(
            f"{out.event_id} and {into.event_id} cannot be one transfer: it takes an open "
            "withdrawal and an open deposit of one asset, with no more arriving than was sent"
        )


review.command("decided")(words.decided)
review.command("export")(words.export)
review.command("import")(words.import_)


@review.command("undo")
def undo(id_: Annotated[str, typer.Argument(metavar="ID")], config: Config = None) -> None:
    """Take an answer back."""
    id_ = words.as_kept(id_)
    with session(config) as s:
        subjects = [d.subject for d in s.pipeline.books().decisions]
        found = [x for x in subjects if x == id_] or [
            x for x in subjects if x.startswith(f"{id_}:")
        ]
        if len(found) != 1:
            raise UsageError(f"there is no answer to {id_} in force; see: syncer review decided")
        (id_,) = found
        with s.database.write() as connection:
            decisions.undo_decision(connection, id_, who(), s.clock())
        asyncio.run(s.pipeline.derive())
    say(f"{id_}: undone")
