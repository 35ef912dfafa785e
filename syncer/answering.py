"""A person's word on what waits in review: whether it fits, and that it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from config.assets import names
from config.errors import DataError, UsageError
from config.settings import Settings
from syncer.books import Books
from syncer.events import Event
from syncer.ledger.answers import ANSWERS, NEEDS_OTHER, NEEDS_USD
from syncer.ledger.decisions import Decision
from syncer.ledger.halves import are_halves
from syncer.ledger.review import Item
from syncer.ledger.standing import is_standing, pattern
from syncer.store import decisions
from syncer.store.database import Database


class Lacks(UsageError):
    """An answer says too little: `what` is the half, account or asset, or the dollars."""

    def __init__(self, message: str, what: Literal["other", "usd"]) -> None:
        super().__init__(message)
        self.what = what


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of one item, or by a rule of many."""

    subject: str
    answer: str
    other: str | None = None
    usd: Decimal | None = None
    note: str | None = None


def checked(books: Books, settings: Settings, said: Answer) -> Answer:
    """The answer as it is kept. Raises UsageError if nothing waits for it or it does not fit."""
    places = _places_unread(settings, books)
    if is_standing(said.subject):
        return _by_rule(said, places)
    item = _item(books, said.subject)
    return Answer(item.id, said.answer, _other_of(books, item, said, places), said.usd, said.note)


def keep(database: Database, answers: list[Answer], who: str, now: datetime) -> None:
    """All of them or none; the books follow with the next derivation."""
    with database.write() as connection:
        for one in answers:
            made = Decision(one.subject, one.answer, now, one.other, one.usd, one.note)
            decisions.add_decision(connection, made, who)


def undo(books: Books, database: Database, subject: str, who: str, now: datetime) -> str:
    """Takes an answer back, told by its subject or what that begins with; the whole subject.
    Raises UsageError if there is none in force."""
    subject = as_kept(subject)
    subjects = [d.subject for d in books.decisions]
    found = [x for x in subjects if x == subject]
    found = found or [x for x in subjects if x.startswith(f"{subject}:")]
    if len(found) != 1:
        raise UsageError(f"there is no answer to {subject} in force; see: syncer review decided")
    with database.write() as connection:
        decisions.undo_decision(connection, found[0], who, now)
    return found[0]


def as_kept(subject: str) -> str:
    """A rule is kept in one way of writing; what is none is left as it is."""
    try:
        return pattern(subject).subject if is_standing(subject) else subject
    except DataError:
        return subject


def _places_unread(settings: Settings, books: Books) -> frozenset[str]:
    """Accounts that no source reads: what a person says of them nothing else would."""
    read = {a.name for a in settings.account if a.kind != "manual"}
    return frozenset({a.name for a in settings.account} | books.shelf.accounts) - read


def _by_rule(said: Answer, places: frozenset[str]) -> Answer:
    try:
        which = pattern(said.subject)
    except DataError as error:
        raise UsageError(str(error)) from None
    kind = which.kind
    if said.answer not in ANSWERS[kind]:
        raise UsageError(
            f"{said.answer} is no answer to {kind}; choose from: {', '.join(ANSWERS[kind])}"
        )
    if said.usd is not None:
        raise UsageError("a rule over many events states no dollars; answer those one by one")
    if (kind, said.answer) in NEEDS_OTHER and said.other not in places:
        raise Lacks(f"{said.answer} by rule needs an account that no source reads", "other")
    return Answer(which.subject, said.answer, said.other, None, said.note)


def _item(books: Books, subject: str) -> Item:
    """By its id, or what it begins with; raises UsageError if there is none."""
    items = (*books.review, *books.likely)
    found = [i for i in items if i.id == subject]
    found = found or [i for i in items if i.id.startswith(f"{subject}:")]
    if len(found) != 1:
        raise UsageError(f"{subject} does not wait for an answer; see: syncer review")
    return found[0]


def _other_of(books: Books, item: Item, said: Answer, places: frozenset[str]) -> str | None:
    """The other half or place of an answer to one item; raises UsageError if it does not fit."""
    _check(item, said)
    if item.kind in ("duplicate", "likely_transfer"):
        if said.other is not None:
            raise UsageError(f"{item.id} names the other already; name no other")
        # the answer is about what it was compared or joined with
        told = (*books.shelf.questions, *books.shelf.unproved)
        if item.kind == "duplicate":
            return next(",".join(e.parts) for e in told if e.event_id == item.event_ids[0])
        return next(e.parts[1] for e in told if item.id.endswith(":".join(e.parts)) and e.parts)
    if item.kind == "unknown_asset":
        if said.other is not None and names().listed(said.other) is None:
            raise UsageError(f"there is no listed asset {said.other}")
        return said.other
    if said.other is not None and said.other not in places:
        # what waits for its other half is among the questions
        _check_halves(item, said.other, {e.event_id: e for e in books.shelf.questions})
    return said.other


def _check(item: Item, said: Answer) -> None:
    if said.answer not in item.answers:
        raise UsageError(
            f"{said.answer} is no answer to {item.id}; "
            f"choose from: {', '.join(item.answers) or 'none'}"
        )
    if (item.kind, said.answer) in NEEDS_OTHER and not said.other:
        raise Lacks(f"{said.answer} needs {NEEDS_OTHER[item.kind, said.answer]}", "other")
    if (item.kind, said.answer) in NEEDS_USD and said.usd is None:
        raise Lacks(f"{said.answer} needs an amount in dollars", "usd")


def _check_halves(item: Item, other: str, events: dict[str, Event]) -> None:
    if other not in events:
        raise UsageError(f"there is no event {other} that waits for its other half")
    mine, theirs = events[item.event_ids[0]], events[other]
    out, into = (mine, theirs) if item.kind == "unmatched_withdrawal" else (theirs, mine)
    if not are_halves(out, into):
        raise UsageError(
            f"{out.event_id} and {into.event_id} cannot be one transfer: it takes an open "
            "withdrawal and an open deposit of one asset, with no more arriving than was sent"
        )
