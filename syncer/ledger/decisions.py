"""What a person decided, applied to events before they are matched and to what is open after.

A decision's subject is the id of a review item: `kind:event_id`, `kind:event_id:asset` (no_price,
oversold), `likely_transfer:withdrawal:deposit` or `kind:account[:asset]`; or a rule over many
(`standing`).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from config.exact import ZERO
from connectors.records import Claim, Entry
from syncer.events import BY_WORD, Event, Leg
from syncer.ledger.answers import kind_by
from syncer.ledger.joining import split
from syncer.ledger.values import must_have_value
from syncer.lots.model import Term

_EVENT_ID = re.compile(r"\be[0-9a-f]{12}(?=[.:]|$)")


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer in force for one subject."""

    subject: str
    answer: str
    at: datetime
    other: str | None = None
    basis_usd: Decimal | None = None
    note: str | None = None
    who: str | None = None

    @property
    def kind(self) -> str:
        return self.subject.split(":", 1)[0]

    @property
    def event(self) -> str:
        return self.subject.split(":", 1)[1]


def of_halves(decisions: Iterable[Decision], *answers: str) -> list[tuple[str, str]]:
    """(withdrawal, deposit) ids of which a person gave one of these answers."""
    found = []
    for one in decisions:
        if one.answer in answers and one.other:
            is_second = one.kind == "unmatched_deposit"
            event = one.event.partition(":")[0]
            found.append((one.other, event) if is_second else (event, one.other))
    return found


def followed(decisions: Iterable[Decision], told: Mapping[str, str]) -> list[Decision]:
    """Answers about a row that another source tells now are about the event that it tells, by its
    id in `told`; an answer to that event itself goes before."""
    decisions = list(decisions)
    if not told:
        return decisions
    kept = {d.subject: d for d in decisions}
    found: dict[str, Decision] = {}
    for one in sorted(decisions, key=lambda d: (d.at, d.subject)):
        if one.kind != "duplicate" and (moved := _moved(one, told)) != one:
            del kept[one.subject]
            found[moved.subject] = moved  # the newest of several
    return list((found | kept).values())


def _moved(one: Decision, told: Mapping[str, str]) -> Decision:
    def named(text: str) -> str:
        return _EVENT_ID.sub(lambda m: told.get(m[0], m[0]), text)

    other = named(one.other) if one.other and _EVENT_ID.match(one.other) else one.other
    return replace(one, subject=named(one.subject), other=other)


def placed(decisions: Iterable[Decision], events: Container[str]) -> dict[str, str]:
    """The account that a person named as the other end of a half, by event. What looks like an
    event's id is none, though that event may be told elsewhere now."""
    told = [d for d in decisions if d.answer in ("transfer", "right") and d.other]
    named = ((d.event.partition(":")[0], d.other or "") for d in told)
    return {event: other for event, other in named if is_place(other, events)}


def is_place(other: str, events: Container[str]) -> bool:
    """Whether the other end that a person named is an account."""
    return other not in events and not _EVENT_ID.match(other)


def named(decisions: Iterable[Decision]) -> dict[str, str]:
    """By a word that no list knows, the listed asset that a person said it is."""
    told = (d for d in decisions if d.kind == "unknown_asset" and d.answer == "is" and d.other)
    return {d.event.partition(":")[2]: d.other or "" for d in told}


def renamed(entries: Iterable[Entry], names: Mapping[str, str]) -> list[Entry]:
    """The entries with assets by the names that a person gave them."""
    return [replace(e, asset=names[e.asset]) if e.asset in names else e for e in entries]


def zero_basis(decisions: Iterable[Decision]) -> dict[tuple[str, str], Term]:
    """(event, asset) whose shortage a person accepted at zero basis, with the term."""
    terms: dict[str, Term] = {"zero_basis_short": "short", "zero_basis_long": "long"}
    found: dict[tuple[str, str], Term] = {}
    for one in decisions:
        if one.answer in terms:
            event, _, asset = one.event.partition(":")
            found[event, asset] = terms[one.answer]
    return found


def apply(events: Iterable[Event], decisions: Iterable[Decision]) -> list[Event]:
    """The events as the person named or valued them; each keeps its id."""
    by_event: dict[str, list[Decision]] = {}
    for one in decisions:
        by_event.setdefault(one.event, []).append(one)
    return [_decided(e, by_event.get(e.event_id, ())) for e in events]


def _decided(event: Event, decisions: Iterable[Decision]) -> Event:
    for one in decisions:
        kind = kind_by(one.kind, one.answer, event)
        if kind:  # else its other half came since
            claim = _claim(kind, event, one)
            why = f"a person answered {one.answer}" + (f": {one.note}" if one.note else "")
            event = replace(
                event,
                kind=kind,
                legs=_carried(event) if kind == "transfer" else event.legs,
                rule=BY_WORD,
                confidence="sure",
                evidence=f"{why}; {event.evidence}",
                claim=claim,
                rests_on=(),  # no setting decides it any more
            )
    return event


def _carried(event: Event) -> tuple[Leg, ...]:
    """The legs of a transfer: what did not arrive was a fee."""
    (sent,), (arrived,) = event.leaving(), event.coming()
    one, *lost = split(sent, arrived.quantity)
    return (one, arrived, *lost, *event.fees())


def _claim(kind: str, event: Event, one: Decision) -> Claim | None:
    if kind in ("opening", "gift_in"):
        return Claim(kind, event.at, one.basis_usd)
    return event.claim


def lacks_basis(event: Event) -> bool:
    """Whether a person must still say what something that came cost: the donor, or himself."""
    asked = event.kind == "gift_in" or (event.kind == "opening" and event.rule == BY_WORD)
    return asked and event.claim is not None and event.claim.lot_basis_usd is None


def value_by_word(events: Iterable[Event], decisions: Iterable[Decision]) -> list[Event]:
    """Matched events with the values that a person stated, each for one asset of one event."""
    stated = {d.event: d.basis_usd for d in decisions if d.answer == "value"}
    return [_valued(e, stated) for e in events] if stated else list(events)


def _valued(event: Event, stated: Mapping[str, Decimal | None]) -> Event:
    for asset in {g.asset for g in event.legs}:
        usd = stated.get(f"{event.event_id}:{asset}")
        if usd is None:
            continue
        if lacks_basis(event) and event.claim:
            event = replace(event, claim=replace(event.claim, lot_basis_usd=usd))
        else:
            event = replace(event, legs=_with_value(event, asset, usd))
    return event


def _with_value(event: Event, asset: str, usd: Decimal) -> tuple[Leg, ...]:
    """The stated dollars on the principal legs of an asset, by quantity; on its fee only if there
    is nothing else of it (a fee has the unit price of the same coin in the trade)."""
    open_ = [g for g in event.legs if g.asset == asset and g.usd is None]
    needed = [g for g in open_ if must_have_value(g, event)]
    mine = [g for g in needed if g.role == "principal"] or needed
    whole = sum((abs(g.quantity) for g in mine), ZERO)
    return tuple(
        replace(g, usd=usd * abs(g.quantity) / whole, usd_source="a person's value")
        if any(g is m for m in mine)
        else g
        for g in event.legs
    )
