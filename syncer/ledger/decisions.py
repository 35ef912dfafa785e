"""What a person decided, applied to events before they are matched.

A decision's subject is the id of a review item: `kind:event_id`, `kind:event_id:asset` (no_price,
oversold) or `kind:account[:asset]`; or a rule over many (`standing`).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from config.exact import ZERO
from connectors.records import Claim
from syncer.events import Event, Leg
from syncer.ledger.values import must_have_value
from syncer.lots.model import Term

# kind of review item: its answers
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "unmatched_withdrawal": ("transfer", "spend", "gift", "lost"),
    "unmatched_deposit": ("transfer", "bought", "income", "gift"),
    "likely_transfer": ("right", "apart"),
    "unknown_event": ("ignore",),
    "no_price": ("value",),
    "oversold": ("zero_basis_short", "zero_basis_long"),
    "spam": ("spam", "not_spam"),
    "unknown_asset": ("seen",),
    "new_account": ("known",),
    "duplicate": ("same", "two"),
    "balance_gap": (),
    "allocation_needed": (),
}
NEEDS_OTHER = {("unmatched_withdrawal", "transfer"), ("unmatched_deposit", "transfer")}
NEEDS_USD = {("unmatched_deposit", "bought"), ("unmatched_deposit", "gift"), ("no_price", "value")}

_KINDS = {
    ("unmatched_withdrawal", "spend"): "spend",
    ("unmatched_withdrawal", "gift"): "gift_out",
    ("unmatched_withdrawal", "lost"): "lost",
    ("unmatched_deposit", "bought"): "opening",
    ("unmatched_deposit", "income"): "income:other",
    ("unmatched_deposit", "gift"): "gift_in",
    ("unknown_event", "ignore"): "internal",
    ("spam", "not_spam"): "deposit",
}
ASKED: Mapping[str, str] = {  # kind of review item: the kind of event that it asks about
    "unmatched_withdrawal": "withdrawal",
    "unmatched_deposit": "deposit",
    "unknown_event": "unknown",
    "spam": "spam",
}


_EVENT_ID = re.compile(r"e[0-9a-f]{12}(\.|$)")


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
            found.append((one.other, one.event) if is_second else (one.event, one.other))
    return found


def placed(decisions: Iterable[Decision], events: Container[str]) -> dict[str, str]:
    """The account that a person named as the other end of a half, by event. What looks like an
    event's id is none, though that event may be told elsewhere now."""
    told = [d for d in decisions if d.answer == "transfer" and d.other]
    named = {d.event: d.other for d in told if d.other and d.other not in events}
    return {e: o for e, o in named.items() if not _EVENT_ID.match(o)}


def of_duplicates(decisions: Iterable[Decision]) -> dict[str, str]:
    """What a person said of rows that look alike, by event: same or two."""
    return {d.event: d.answer for d in decisions if d.kind == "duplicate"}


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
        kind = _KINDS.get((one.kind, one.answer))
        if kind and event.kind == ASKED[one.kind]:  # else its other half came since
            claim = _claim(kind, event, one)
            why = f"a person answered {one.answer}" + (f": {one.note}" if one.note else "")
            event = replace(
                event,
                kind=kind,
                rule="decided_by_a_person",
                confidence="sure",
                evidence=f"{why}; {event.evidence}",
                claim=claim,
            )
    return event


def _claim(kind: str, event: Event, one: Decision) -> Claim | None:
    if kind in ("opening", "gift_in"):
        return Claim(kind, event.at, one.basis_usd)
    return event.claim


def value_by_word(events: Iterable[Event], decisions: Iterable[Decision]) -> list[Event]:
    """Matched events with the values that a person stated, each for one asset of one event."""
    stated = {d.event: d.basis_usd for d in decisions if d.answer == "value"}
    return [_valued(e, stated) for e in events] if stated else list(events)


def _valued(event: Event, stated: Mapping[str, Decimal | None]) -> Event:
    for asset in {g.asset for g in event.legs}:
        usd = stated.get(f"{event.event_id}:{asset}")
        if usd is None:
            continue
        if event.kind == "gift_in" and event.claim and event.claim.lot_basis_usd is None:
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
