"""A broker's own books of a customer, and so the lots that its forms take for each sale.

A broker does not know what happened before units came to it. Treas. Reg. 1.6045-1(d)(2)(ii)(B): a
customer's identification that was given to it counts; else units transferred in go first, where it
lacks records of when they came, and otherwise the oldest by the day on which they came to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from config.exact import ZERO
from connectors.records import Claim
from syncer.events import Event, Leg, lot_id
from syncer.lots.engine import replay
from syncer.lots.holding_period import long_term_on
from syncer.lots.model import Disposal
from syncer.lots.terms import StandingOrder, Terms
from syncer.reconcile.model import BrokerSlice

BY_TRANSFER_DATE, TRANSFERRED_IN_FIRST = "by_transfer_date", "transferred_in_first"
ORDERS = (BY_TRANSFER_DATE, TRANSFERRED_IN_FIRST)
Orders = Mapping[str, Mapping[tuple[str, str], tuple[BrokerSlice, ...]]]
_FROM_ELSEWHERE = "came_from_elsewhere"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)  # sorts units transferred in before all others
_MOVES = frozenset(
    {"transfer", "deposit", "withdrawal", "gift_in", "inheritance", "unknown", "internal"}
)
_APART = _MOVES - {"transfer", "internal"}  # one half of what the broker cannot see, even alone


def broker_orders(
    events: Iterable[Event],
    pools: Mapping[str, str],
    orders: Sequence[StandingOrder],
    zone: ZoneInfo,
) -> Orders:
    """By order and (event, asset): what the broker takes for each disposition of its customer's.
    `pools` maps the accounts at brokers to the broker's one pool."""
    seen = [e for one in events for e in as_seen(one, pools)]
    given = tuple(o for o in orders if o.given_to_broker_at and o.account in pools)
    terms = Terms(zone, pools=pools, orders=given, brokers=frozenset(pools))
    came = {
        lot_id(e.event_id, g.account, g.asset): e.at
        for e in seen
        if e.rule == _FROM_ELSEWHERE
        for g in e.legs
    }
    bought = {
        lot_id(e.event_id, g.account, g.asset)
        for e in seen
        if e.kind in ("buy", "trade")
        for g in e.coming()
    }
    found = {}
    for order in ORDERS:
        queued = [_put_first(e) if order == TRANSFERRED_IN_FIRST else e for e in seen]
        found[order] = _by_sale(replay(queued, terms).disposals, came, bought, zone)
    return found


def as_seen(event: Event, pools: Mapping[str, str]) -> Iterator[Event]:
    """An event as each broker that it touches sees it: units from elsewhere come in without a past,
    units that leave are gone."""
    for pool in sorted({pools[g.account] for g in event.legs if g.account in pools}):
        legs = tuple(g for g in event.legs if pools.get(g.account) == pool)
        if event.kind in _APART or (event.kind in _MOVES and len(legs) < len(event.legs)):
            yield from _halves(event, legs)
        else:
            yield replace(event, legs=legs)


def _halves(event: Event, legs: tuple[Leg, ...]) -> Iterator[Event]:
    moved = [g for g in legs if g.role == "principal"]
    into = tuple(g for g in moved if g.quantity > ZERO)
    out = tuple(g for g in moved if g.quantity < ZERO)
    fees = tuple(g for g in legs if g.role == "fee")
    if into:
        at = event.arrived_at or event.at
        yield replace(
            event,
            kind="opening",
            rule=_FROM_ELSEWHERE,
            legs=into,
            at=at,
            arrived_at=None,
            claim=Claim("opening", at),
        )
    if out or fees:
        kind = "gift_out" if out else "fee"
        yield replace(event, kind=kind, legs=(*out, *fees), arrived_at=None, claim=None)


def _put_first(event: Event) -> Event:
    """Units from elsewhere before all others, in the order in which they came."""
    if event.rule != _FROM_ELSEWHERE:
        return event
    early = _LONG_AGO + (event.at - _EPOCH) / 1_000
    return replace(event, claim=Claim("opening", early))


def _by_sale(
    disposals: Iterable[Disposal],
    came: Mapping[str, datetime],
    bought: Container[str],
    zone: ZoneInfo,
) -> dict[tuple[str, str], tuple[BrokerSlice, ...]]:
    found: dict[tuple[str, str], list[BrokerSlice]] = defaultdict(list)
    for one in disposals:
        if one.kind != "gift" and one.acquired_at is not None:
            lot = one.lot_id or ""
            made = _slice(one, came.get(lot), zone)._replace(bought=lot in bought)
            found[one.event_id, one.asset].append(made)
    return {key: tuple(slices) for key, slices in found.items()}


def _slice(one: Disposal, came: datetime | None, zone: ZoneInfo) -> BrokerSlice:
    acquired = (came or one.acquired_at or one.disposed_at).astimezone(zone).date()
    sold = one.disposed_at.astimezone(zone).date()
    term = "long" if sold >= long_term_on(acquired) else "short"
    return BrokerSlice(one.quantity, acquired, one.basis_usd, term, acquired if came else None)
