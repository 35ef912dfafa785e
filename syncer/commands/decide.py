"""review: the person's word."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from config.errors import UsageError
from syncer import answering, views
from syncer.answering import Answer, Lacks
from syncer.commands import words
from syncer.commands.session import (
    AsJson,
    Config,
    print_json,
    print_table,
    say,
    session,
    who,
)
from syncer.events import Event
from syncer.explain import explain
from syncer.written import not_negative

_OPTION = {"other": "name it by --with", "usd": "tell it by --basis"}
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
        told = Answer(id_, answer_, with_, not_negative(basis, "--basis"), note)
        try:
            made = answering.checked(s.pipeline.books(), s.settings, told)
        except Lacks as lack:
            raise UsageError(f"{lack}: {_OPTION[lack.what]}") from None
        answering.keep(s.database, [made], who(), s.clock())
        asyncio.run(s.pipeline.derive())
    say(f"{made.subject}: {answer_}. Undo it with: syncer review undo {made.subject}")


review.command("decided")(words.decided)
review.command("export")(words.export)
review.command("import")(words.import_)


@review.command("undo")
def undo(id_: Annotated[str, typer.Argument(metavar="ID")], config: Config = None) -> None:
    """Take an answer back."""
    with session(config) as s:
        undone = answering.undo(s.pipeline.books(), s.database, id_, who(), s.clock())
        asyncio.run(s.pipeline.derive())
    say(f"{undone}: undone")
