"""What the ledger knows beside disposals that explains a line: fees, moves, brokers' own lots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from connectors.brokers.form_1099da import plain_broker
from syncer.events import Event, lot_id
from syncer.lots.amounts import FIAT
from syncer.lots.terms import StandingOrder
from syncer.reconcile.broker_books import broker_orders
from syncer.reconcile.model import Facts, Move, Place


def facts(
    events: Sequence[Event],
    places: Mapping[str, Place],
    orders: Sequence[StandingOrder],
    zone: ZoneInfo,
) -> Facts:
    """Of all events at accounts that a broker holds."""
    pools = {a: plain_broker(p.broker) for a, p in places.items() if p.broker}
    known = [e for e in events if any(g.account in pools for g in e.legs)]
    return Facts(
        fees={e.event_id: tuple(_fees(e)) for e in known if e.fees()},
        received={e.event_id: frozenset(g.asset for g in e.coming()) for e in known},
        rests_on={e.event_id: e.rests_on for e in known if e.rests_on},
        bought=dict(_bought(known)),
        moves=tuple(m for e in known for m in _moves(e, pools)),
        orders=broker_orders(known, pools, orders, zone),
        begins=_begins(known, pools, zone),
    )


def _fees(event: Event) -> Iterator[Decimal]:
    yield from (cents(f.usd) for f in event.fees() if f.usd)


def _bought(events: Iterable[Event]) -> Iterator[tuple[str, tuple[Decimal, Decimal]]]:
    """What a purchase paid in fees, by the lot that it opened."""
    for event in events:
        if event.kind == "buy" and (fees := sum(_fees(event), ZERO)):
            coins = [g for g in event.coming() if g.asset not in FIAT]
            if len(coins) == 1:
                one = coins[0]
                yield lot_id(event.event_id, one.account, one.asset), (fees, one.quantity)


def _moves(event: Event, pools: Mapping[str, str]) -> Iterator[Move]:
    """Own units that left an account at a broker without a sale."""
    if event.kind not in ("transfer", "withdrawal", "wrap", "gift_out", "donation"):
        return
    for leg in event.leaving():
        if leg.account in pools and leg.asset not in FIAT:
            fee = sum((f.quantity for f in event.fees() if f.asset == leg.asset), ZERO)
            units = -leg.quantity
            yield Move(
                event.event_id, event.kind, leg.account, leg.asset, units, units - fee, event.at
            )


def _begins(events: Iterable[Event], pools: Mapping[str, str], zone: ZoneInfo) -> dict[str, date]:
    found: dict[str, date] = {}
    for event in events:
        day = event.at.astimezone(zone).date()
        for leg in event.legs:
            if leg.account in pools and day < found.get(leg.account, date.max):
                found[leg.account] = day
    return found
