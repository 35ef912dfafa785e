"""Halves become transfers: whole, or piece by piece where several belong to one.

A transfer keeps the sending half's id; further pieces of the same withdrawal have the ids of the
deposits that they reached, and what went elsewhere is a withdrawal of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connectors.records import Role
from syncer.events import Confidence, Event, Leg
from syncer.ledger.halves import ACROSS, half, is_bridge

TO = " to "  # between the networks of what crossed a bridge
REST = ".rest"  # ends the id of what remains of a withdrawal


@dataclass(frozen=True, slots=True)
class Proof:
    """Why halves belong together."""

    rule: str
    confidence: Confidence
    why: str


@dataclass(frozen=True, slots=True)
class Piece:
    """So many units of a withdrawal that arrived as so many units of a deposit."""

    out: Event
    into: Event
    sent: Decimal
    arrived: Decimal


def whole(out: Event, into: Event) -> Piece:
    return Piece(out, into, -half(out).quantity, half(into).quantity)


def joined(pieces: Sequence[Piece], proof: Proof) -> list[Event]:
    """The transfers of pieces that share halves, and what remains of the withdrawals."""
    made: list[Event] = []
    left = {p.out.event_id: -half(p.out).quantity for p in pieces}
    paid: set[str] = set()  # halves whose own fees are in a transfer
    for piece in pieces:
        first = piece.out.event_id not in paid
        fees = (*_fees(piece.out, paid), *_fees(piece.into, paid))
        key = piece.out.event_id if first else piece.into.event_id
        made.append(_transfer(key, piece, fees, proof))
        left[piece.out.event_id] -= piece.sent
    rests = {p.out.event_id: p.out for p in pieces if left[p.out.event_id]}
    return made + [_rest(out, left[key]) for key, out in rests.items()]


def _fees(event: Event, paid: set[str]) -> tuple[Leg, ...]:
    if event.event_id in paid:
        return ()
    paid.add(event.event_id)
    return event.fees()


def _transfer(key: str, piece: Piece, fees: tuple[Leg, ...], proof: Proof) -> Event:
    out, into = piece.out, piece.into
    sent, arrived = (_of(half(e), q) for e, q in ((out, -piece.sent), (into, piece.arrived)))
    parts = split(sent, piece.arrived)
    crossed = is_bridge(out, into)
    within = sent.account == arrived.account and not crossed
    return replace(
        out,
        event_id=key,
        kind="internal" if within else "transfer",
        legs=(parts[0], arrived, *parts[1:], *fees),
        rule=ACROSS if crossed else proof.rule,
        confidence=proof.confidence,
        evidence="; ".join(x for x in (proof.why, out.evidence, into.evidence) if x),
        txid=out.txid or into.txid,
        network=f"{out.network}{TO}{into.network}" if crossed else out.network or into.network,
        at=min(out.at, into.at),  # clocks differ: nothing arrives before it was sent
        arrived_at=into.at,
        parts=(out.event_id, into.event_id),
    )


def _rest(out: Event, quantity: Decimal) -> Event:
    """What of a withdrawal reached none of the own places that are known."""
    return replace(
        out,
        event_id=out.event_id + REST,
        legs=(_of(half(out), -quantity),),
        evidence=f"the rest of a transaction of which a part was an own transfer; {out.evidence}",
    )


def _of(leg: Leg, quantity: Decimal) -> Leg:
    """So much of a leg, with its share of the dollars."""
    usd = None if leg.usd is None else leg.usd * quantity / leg.quantity
    return replace(leg, quantity=quantity, usd=usd)


def split(sent: Leg, arrived: Decimal) -> tuple[Leg, ...]:
    """A leg that was sent as what arrived and, if less did, the fee; its dollars go along."""
    lost = -sent.quantity - arrived
    if not lost:
        return (sent,)

    def part(quantity: Decimal, role: Role) -> Leg:
        return replace(_of(sent, -quantity), role=role)

    return part(arrived, "principal"), part(lost, "fee")
