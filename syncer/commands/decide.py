"""review, identify: the person's word."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Annotated

import typer

from config.errors import DataError, UsageError
from connectors.records import exact
from syncer import views
from syncer.commands.session import (
    AsJson,
    Config,
    Session,
    parse_instant,
    print_json,
    print_table,
    say,
    session,
    who,
)
from syncer.events import Event
from syncer.ledger.decisions import NEEDS_OTHER, NEEDS_USD, Decision
from syncer.ledger.review import Item
from syncer.ledger.rules import reason
from syncer.ledger.transfers import are_halves
from syncer.lots.methods import METHODS
from syncer.lots.model import StandingOrder
from syncer.store import decisions

review = typer.Typer(
    help="What needs a decision, by dollars at stake.", invoke_without_command=True
)


@review.callback()
def list_(context: typer.Context, config: Config = None, as_json: AsJson = False) -> None:
    """What needs a decision, by dollars at stake."""
    if context.invoked_subcommand:
        return
    with session(config) as s:
        rows = [views.item(i) for i in s.pipeline.books().review]
    if as_json:
        print_json({"review": rows})
    else:
        print_table("Review", rows, ("id", "account", "quantity", "asset", "usd", "at", "answers"))


@review.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Why an event is what it is: rule, legs, evidence."""
    with session(config) as s:
        events = s.pipeline.books().events
        key = id_.split(":", 1)[-1]
        found = next((e for e in events if key in (e.event_id, *e.parts)), None)
        if found is None:
            raise UsageError(f"there is no event or review item {id_}; see: syncer events")
    row = {**views.event(found), "reason": reason(found.rule)}
    if as_json:
        print_json({"event": row})
        return
    say(f"{row['event_id']}: {row['kind']} at {row['at']}, {row['confidence']}")
    say(f"Rule {row['rule']}: {row['reason']}")
    say(f"Evidence: {row['evidence']}")
    print_table("Legs", row["legs"], ("account", "asset", "quantity", "role", "usd", "usd_source"))


@review.command("answer")
def answer(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    answer_: Annotated[str, typer.Argument(metavar="ANSWER")],
    with_: Annotated[
        str | None, typer.Option("--with", help="The event of the other half.")
    ] = None,
    basis: Annotated[str | None, typer.Option("--basis", help="Basis or value in dollars.")] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    config: Config = None,
) -> None:
    """Decide; the decision is kept apart from what is derived and can be undone."""
    with session(config) as s:
        books = s.pipeline.books()
        item = next((i for i in books.review if i.id == id_), None)
        if item is None:
            raise UsageError(f"{id_} does not wait for an answer; see: syncer review")
        usd = _usd(basis)
        _check(item, answer_, with_, usd)
        _check_halves(item, with_, {e.event_id: e for e in books.events})
        with s.database.write() as connection:
            made = Decision(id_, answer_, s.clock(), with_, usd, note)
            decisions.add_decision(connection, made, who())
        asyncio.run(s.pipeline.derive())
    say(f"{id_}: {answer_}. Undo it with: syncer review undo {id_}")


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
        raise UsageError(f"{answer_} needs --with and the event of the other half")
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


@review.command("undo")
def undo(id_: Annotated[str, typer.Argument(metavar="ID")], config: Config = None) -> None:
    """Take an answer back."""
    with session(config) as s:
        if all(d.subject != id_ for d in s.pipeline.books().decisions):
            raise UsageError(f"there is no answer to {id_} in force")
        with s.database.write() as connection:
            decisions.undo_decision(connection, id_, who(), s.clock())
        asyncio.run(s.pipeline.derive())
    say(f"{id_}: undone")


def identify(
    rule: Annotated[str | None, typer.Option(help="fifo, lifo, hifo or lofo.")] = None,
    account: Annotated[str | None, typer.Option(help="The account whose sales it covers.")] = None,
    asset: Annotated[str | None, typer.Option(help="Only this asset.")] = None,
    effective: Annotated[
        str | None, typer.Option(help="In force from then; needs --attested.")
    ] = None,
    attested: Annotated[
        str | None, typer.Option(help="Where the record made before then lies.")
    ] = None,
    list_orders: Annotated[bool, typer.Option("--list", help="All standing orders.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of hashes.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Record a standing order for sales after now, or list and verify the record."""
    with session(config) as s:
        if verify:
            _verify(s)
        elif list_orders:
            _list(s, as_json)
        else:
            _record(s, rule, account, asset, effective, attested)


def _verify(s: Session) -> None:
    with s.database.read() as connection:
        broken = decisions.broken_link(connection)
        count = len(decisions.identifications(connection))
    if broken is not None:
        say(f"The record is broken at row {broken}: it was changed after it was written")
        raise typer.Exit(1)
    say(f"The record is whole: {count} rows, each follows from the one before")


def _list(s: Session, as_json: bool) -> None:
    with s.database.read() as connection:
        found = decisions.identifications(connection)
    rows = [
        {
            "account": r.account,
            "asset": r.asset,
            "rule": r.rule,
            "effective_at": views.instant(r.effective_at),
            "recorded_at": views.instant(r.recorded_at),
            "identification": "attested" if r.attested else "proved",
            "attested": r.attested,
            "hash": r.hash,
        }
        for r in found
    ]
    if as_json:
        print_json({"identify": rows})
    else:
        print_table(
            "Standing orders",
            rows,
            ("account", "asset", "rule", "effective_at", "identification", "hash"),
        )


def _record(
    s: Session,
    rule: str | None,
    account: str | None,
    asset: str | None,
    effective: str | None,
    attested: str | None,
) -> None:
    if rule not in METHODS or not account:
        raise UsageError(f"give --rule ({', '.join(METHODS)}) and --account")
    if (effective is None) != (attested is None):
        raise UsageError("--effective and --attested go together: when, and where the record lies")
    s.known_account(account, [x.account for x in s.pipeline.books().lots])
    now = s.clock()
    start = parse_instant(effective) if effective else now
    if start > now:
        raise UsageError("--effective lies in the future; an order without it is in force from now")
    proof = "attested" if attested else "proved"
    order = StandingOrder(account, asset, rule, start, proof)  # type: ignore[arg-type]
    with s.database.write() as connection:
        row = decisions.add_standing_order(connection, order, now, attested)
    asyncio.run(s.pipeline.derive())
    say(f"{rule} for {account}, {asset or 'all assets'}, sales after {views.instant(start)}")
    say(f"It is {proof}.")
    say(f"Hash {row.hash}")
