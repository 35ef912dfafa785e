"""What two halves of a transfer are, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from config.assets import names
from config.exact import ZERO
from config.networks import network_name
from syncer.events import Event, Leg, part_id

LARGEST_FEE = Decimal("0.05")  # of what was sent, where nothing proves the pair
NO_HALVES = frozenset({"loan", "fees_of_a_pool"})  # rules whose events have no other half
Ids = tuple[str, str]  # of a withdrawal and a deposit
BRIDGED = "bridged"  # the rule that names one end of a bridge
ACROSS = "across_a_bridge"  # the rule that joined both


def half(event: Event) -> Leg:
    """The one leg that moved."""
    return next(g for g in event.legs if g.role == "principal")


def is_half(event: Event) -> bool:
    """Whether it waits for another half: one coin that only left, or only came."""
    single = len(event.coming()) + len(event.leaving()) == 1
    open_ = event.kind in ("withdrawal", "deposit")
    return open_ and single and event.rule not in NO_HALVES


def parted(event: Event) -> list[Event]:
    """Several coins that only left, or only came, in one transaction are as many halves: each has
    its own other half. The first keeps the id, and the fees."""
    moved = [g for g in event.legs if g.role == "principal"]
    halves = event.kind in ("withdrawal", "deposit") and event.rule not in NO_HALVES
    if not halves or len(moved) < 2:
        return [event]
    first, *others = sorted(moved, key=lambda g: (g.account, g.asset))
    more = (
        replace(event, event_id=part_id(event.event_id, g.account, g.asset), legs=(g,))
        for g in others
    )
    return [replace(event, legs=(first, *event.fees())), *more]


def open_halves(events: Iterable[Event]) -> tuple[list[Event], list[Event]]:
    """Withdrawals and deposits that wait, in order of time."""
    waiting = sorted((e for e in events if is_half(e)), key=lambda e: (e.at, e.event_id))
    return (
        [e for e in waiting if e.kind == "withdrawal"],
        [e for e in waiting if e.kind == "deposit"],
    )


def shortfall(out: Event, into: Event) -> Decimal:
    """What did not arrive of what was sent."""
    return -half(out).quantity - half(into).quantity


def are_halves(out: Event | None, into: Event | None) -> bool:
    """Whether these two could be one transfer: one asset from one account to another, and no more
    arrived than was sent; or out of an account and all of it back, by way of a place unseen (with
    no fee, which would be lost in what is then no event)."""
    if out is None or into is None or not (is_half(out) and is_half(into)):
        return False
    if (out.kind, into.kind) != ("withdrawal", "deposit"):
        return False
    sent, arrived = half(out), half(into)
    if shortfall(out, into) < ZERO:
        return False
    if sent.asset != arrived.asset:
        return coin_of(sent.asset) == coin_of(arrived.asset) and is_bridge(out, into)
    return sent.account != arrived.account or is_bridge(out, into) or _is_round_trip(out, into)


def coin_of(asset: str) -> str:
    """What a bridge may give another form of: a wrapper is the coin it wraps."""
    return names().wrapped(asset) or asset


def is_bridge(out: Event, into: Event) -> bool:
    """Whether it crossed from one chain to another: a bridge says so, or it left an account on one
    and came to the same account on the other."""
    here, there = network_name(out.network), network_name(into.network)
    within = half(out).account == half(into).account
    told = BRIDGED in (out.rule, into.rule) or within
    return told and here is not None and there is not None and here != there


def _is_round_trip(out: Event, into: Event) -> bool:
    return not (shortfall(out, into) or out.fees() or into.fees())


def hash_of(event: Event) -> str:
    """Its transaction's hash, as it can be compared; empty if none is known."""
    return (event.txid or "").lower()
