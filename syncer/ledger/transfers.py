"""Finds the two halves of own transfers: by transaction hash, then by amount and time.

A pair by hash is sure; a pair by amount and time is likely, and made only where neither half
has another candidate. What stays alone is shown as open, never as a sale and never as income.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from config.exact import ZERO
from connectors.records import Role
from syncer.events import Confidence, Event, Leg

LARGEST_FEE = Decimal("0.05")
NO_HALVES = frozenset({"loan", "fees_of_a_pool"})  # rules whose events have no other half
BEFORE = timedelta(hours=1)  # clocks and block times differ
AFTER = timedelta(hours=48)


def match(events: Iterable[Event], pairs: Iterable[tuple[str, str]] = ()) -> list[Event]:
    """Merge the halves; `pairs` are (withdrawal, deposit) ids that a person joined."""
    by_id = {e.event_id: e for e in events}
    for out_id, in_id in pairs:
        if are_halves(by_id.get(out_id), by_id.get(in_id)):
            _merge(by_id, out_id, in_id, "joined_by_hand", "sure", "a person joined the halves")
    for out_id, in_id in _same_hash(by_id):
        _merge(by_id, out_id, in_id, "same_transaction_hash", "sure", f"hash {by_id[out_id].txid}")
    for out_id, in_id in _same_amount(by_id):
        apart = abs(by_id[in_id].at - by_id[out_id].at)
        why = f"same asset and amount, {apart} apart, no other candidate"
        _merge(by_id, out_id, in_id, "same_amount_and_time", "likely", why)
    return sorted(by_id.values(), key=lambda e: (e.at, e.event_id))


def are_halves(out: Event | None, into: Event | None) -> bool:
    """Whether these two could be one transfer: one asset from one account to another, and no more
    arrived than was sent; or out of an account and all of it back, by way of a place unseen (with
    no fee, which would be lost in what is then no event)."""
    return (
        out is not None
        and into is not None
        and out.kind == "withdrawal"
        and into.kind == "deposit"
        and not {out.rule, into.rule} & NO_HALVES
        and _is_single(out)
        and _is_single(into)
        and _half(out).asset == _half(into).asset
        and _shortfall(out, into) >= ZERO
        and (_half(out).account != _half(into).account or _is_round_trip(out, into))
    )


def _is_round_trip(out: Event, into: Event) -> bool:
    return not (_shortfall(out, into) or out.fees() or into.fees())


def _is_single(event: Event) -> bool:
    return len(event.coming()) + len(event.leaving()) == 1


def _half(event: Event) -> Leg:
    return next(g for g in event.legs if g.role == "principal")


def _open_halves(by_id: dict[str, Event]) -> tuple[list[Event], list[Event]]:
    ordered = sorted(by_id.values(), key=lambda e: (e.at, e.event_id))
    single = [e for e in ordered if _is_single(e) and e.rule not in NO_HALVES]
    return (
        [e for e in single if e.kind == "withdrawal"],
        [e for e in single if e.kind == "deposit"],
    )


def _same_hash(by_id: dict[str, Event]) -> list[tuple[str, str]]:
    """Pairs of one hash, the smallest shortfall first: one hash may pay several withdrawals."""
    outs, ins = _open_halves(by_id)
    waiting: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for into in ins:
        if into.txid:
            waiting[_hash(into), _half(into).asset].append(into)
    pairs = [
        (_shortfall(out, into), out.event_id, into.event_id)
        for out in outs
        if out.txid
        for into in waiting.get((_hash(out), _half(out).asset), [])
        if _fits(out, into)
    ]
    found: list[tuple[str, str]] = []
    used: set[str] = set()
    for _, out_id, in_id in sorted(pairs):
        if not {out_id, in_id} & used:
            used |= {out_id, in_id}
            found.append((out_id, in_id))
    return found


def _shortfall(out: Event, into: Event) -> Decimal:
    """What did not arrive of what was sent."""
    return -_half(out).quantity - _half(into).quantity


def _hash(event: Event) -> str:
    return (event.txid or "").lower()


def _fits(out: Event, into: Event) -> bool:
    """No more arrived than was sent, and no more is missing than a fee could be."""
    missing = _shortfall(out, into)
    apart = _half(out).account != _half(into).account
    return apart and ZERO <= missing <= -_half(out).quantity * LARGEST_FEE


def _same_amount(by_id: dict[str, Event]) -> list[tuple[str, str]]:
    outs, ins = _open_halves(by_id)
    options: dict[str, list[str]] = defaultdict(list)
    claimed: dict[str, int] = defaultdict(int)
    equal: dict[tuple[str, Decimal], list[Event]] = defaultdict(list)
    for into in ins:
        equal[_half(into).asset, _half(into).quantity].append(into)
    for out in outs:
        for into in equal.get((_half(out).asset, -_half(out).quantity), ()):
            if _could_be_one(out, into):
                options[out.event_id].append(into.event_id)
                claimed[into.event_id] += 1
    return [(o, found[0]) for o, found in options.items() if len(found) == 1 == claimed[found[0]]]


def _could_be_one(out: Event, into: Event) -> bool:
    sent, arrived = _half(out), _half(into)
    return (
        sent.account != arrived.account
        and out.at - BEFORE <= into.at <= out.at + AFTER
        and not (out.txid and into.txid and _hash(out) != _hash(into))
    )


def _merge(
    by_id: dict[str, Event], out_id: str, in_id: str, rule: str, confidence: Confidence, why: str
) -> None:
    """The transfer keeps the sending half's id; what did not arrive was a fee."""
    out, into = by_id.pop(out_id), by_id.pop(in_id)
    sent, arrived = _half(out), _half(into)
    parts = split(sent, arrived.quantity)
    by_id[out_id] = replace(
        out,
        kind="transfer" if sent.account != arrived.account else "internal",
        legs=(parts[0], arrived, *parts[1:], *out.fees(), *into.fees()),
        rule=rule,
        confidence=confidence,
        evidence=f"{why}; {out.evidence}; {into.evidence}",
        txid=out.txid or into.txid,
        at=min(out.at, into.at),  # clocks differ: nothing arrives before it was sent
        arrived_at=into.at,
        parts=(out_id, in_id),
    )


def split(sent: Leg, arrived: Decimal) -> tuple[Leg, ...]:
    """A leg that was sent as what arrived and, if less did, the fee; its dollars go along."""
    lost = -sent.quantity - arrived
    if not lost:
        return (sent,)

    def part(quantity: Decimal, role: Role) -> Leg:
        usd = None if sent.usd is None else sent.usd * quantity / -sent.quantity
        return replace(sent, quantity=-quantity, role=role, usd=usd)

    return part(arrived, "principal"), part(lost, "fee")
