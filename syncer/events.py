"""What an event is. Values only: every room may read them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Literal

from config.exact import ZERO
from connectors.records import Claim, Role

Confidence = Literal["sure", "likely", "unsure"]

NO_PRICE = "no_price"  # a gap: dollars are needed and not known
RATE_LIMITED, UNREACHABLE, ASSET_UNKNOWN = "rate_limited", "unreachable", "asset_unknown"
PRICE_GAPS = (
    NO_PRICE,
    RATE_LIMITED,
    UNREACHABLE,
    ASSET_UNKNOWN,
)  # why: nobody has one, for now ...
UNSEEN = "own_address_unseen"  # the rule of a transfer whose other end nobody reads
UNPROVED = frozenset(  # rules that apply because nothing else fits as well
    {"same_amount_and_time", "same_address_and_amount", "across_a_bridge", UNSEEN}
    | {"same_event_by_flows", "same_order_by_fills"}
)
BY_WORD = "decided_by_a_person"  # the rule of what a person answered
DUPLICATE = "duplicate"  # the kind of an event that another source tells already
OPEN = frozenset({"deposit", "withdrawal", "unknown"})  # wait for a match or a person's word


PURCHASES = ("buy", "trade")  # what comes in was bought, or taxably exchanged for


def is_income(kind: str) -> bool:
    return kind.startswith("income:")


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an event: signed quantity; `usd` is the leg's value in dollars, unsigned."""

    account: str
    asset: str
    quantity: Decimal
    role: Role
    usd: Decimal | None = None
    usd_source: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened at an instant (UTC), the rule that named it, and why."""

    event_id: str
    kind: str
    at: datetime
    legs: tuple[Leg, ...]
    rule: str
    evidence: str
    confidence: Confidence
    txid: str | None = None
    address: str | None = None
    arrived_at: datetime | None = None
    parts: tuple[str, ...] = ()  # the events that were joined into this one, or one and the account
    gaps: tuple[str, ...] = ()
    claim: Claim | None = None
    fees_beside: bool = False  # gas: paid from other coins than those that came in
    network: str | None = None
    rests_on: tuple[str, ...] = ()  # settings without which it would be something else

    @property
    def halves(self) -> tuple[str, ...]:
        """The ids among its parts: the account of an end that nobody reads is none."""
        return self.parts[:1] if self.rule == UNSEEN else self.parts

    def coming(self) -> tuple[Leg, ...]:
        """Principal legs that add to an account."""
        return tuple(g for g in self.legs if g.role == "principal" and g.quantity > ZERO)

    def leaving(self) -> tuple[Leg, ...]:
        """Principal legs that take from an account."""
        return tuple(g for g in self.legs if g.role == "principal" and g.quantity < ZERO)

    def fees(self) -> tuple[Leg, ...]:
        return tuple(g for g in self.legs if g.role == "fee")


def told_elsewhere(events: Iterable[Event]) -> dict[str, str]:
    """By the id of an event that is told twice, the id of the one that tells it."""
    twice = (e for e in events if e.kind == DUPLICATE and e.confidence != "unsure")
    return {e.event_id: e.parts[0] for e in twice if len(e.parts) == 1}


def event_id(source: str, group: str) -> str:
    """A stable id: the same source and group give it in every rebuild."""
    return "e" + hashlib.sha256(f"{source}\n{group}".encode()).hexdigest()[:12]


def part_id(event: str, account: str, asset: str) -> str:
    """A stable id of the part of an event that is of one asset."""
    return f"{event}.{_place(account, asset)}"


def lot_id(event: str, account: str, asset: str) -> str:
    """A stable id of the lot that an event opens: the event's, and where it opens."""
    return f"{lot_ids_of(event)}{_place(account, asset)}"


def lot_ids_of(event: str) -> str:
    """What the ids of all lots begin with that an event opens."""
    return f"l{event[1:]}"


@cache
def _place(account: str, asset: str) -> str:
    return hashlib.sha256(f"{account}\n{asset}".encode()).hexdigest()[:6]
