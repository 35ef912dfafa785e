"""What one event paid and received in dollars, before any lot is touched: pure functions.

Treas. Reg. 1.1001-7(b)(2), 1.1012-1(h): costs reduce what a sale brings, are part of what a
purchase with money costs, and belong wholly to the coin disposed of in a swap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from config.assets import names
from config.exact import ZERO, cents, dealt
from syncer.events import Event, Leg, is_income

# what a leaving leg brings, net of costs, and those costs; None without a price
Amount = tuple[Decimal | None, Decimal]
Numbered = tuple[int, Leg]  # a leg and its place in the event, from 1

GIFTS = frozenset({"gift_out", "donation"})
UNPAID = GIFTS | {"lost"}
NOTHING: Mapping[str, Decimal] = {}
NO_AMOUNT: Amount = (None, ZERO)
_KINDS = {"sell": "sale", "trade": "swap", "spend": "spend", "lost": "lost"}
FIAT = names().fiat


def disposal_kind(event: Event) -> str:
    return "gift" if event.kind in GIFTS else _KINDS.get(event.kind, "other")


def coins(legs: Iterable[Leg]) -> list[Leg]:
    """Legs that have lots: everything but money."""
    return [g for g in legs if g.asset not in FIAT]


class Sides(NamedTuple):
    """The legs of an event, read once: `out` and `into` are the coins among them."""

    leaving: list[Leg]
    coming: list[Leg]
    out: list[Numbered]
    into: list[Numbered]
    fees: list[Numbered]


def sides(event: Event) -> Sides:
    leaving: list[Leg] = []
    coming: list[Leg] = []
    out: list[Numbered] = []
    into: list[Numbered] = []
    fees: list[Numbered] = []
    for number, leg in enumerate(event.legs, 1):
        if leg.role == "fee":
            fees.append((number, leg))
        elif leg.quantity > ZERO:
            coming.append(leg)
            if leg.asset not in FIAT:
                into.append((number, leg))
        else:
            leaving.append(leg)
            if leg.asset not in FIAT:
                out.append((number, leg))
    return Sides(leaving, coming, out, into, fees)


# of a coin bought or sold for money, which most events are: the coin's leg and its number, and in
# cents its basis or what it brings, net of fees, and those fees
Plain = tuple[Leg, int, Decimal, Decimal]


def plain(event: Event) -> Plain | None:
    """The event as a plain purchase or sale; None if it is anything else, or has no price."""
    kind = event.kind
    if (kind != "buy" and kind != "sell") or (event.claim and event.claim.lot_or_fee):
        return None
    coin: Leg | None = None
    place, money, fees = 0, ZERO, ZERO
    for number, leg in enumerate(event.legs, 1):
        usd = leg.usd
        if usd is None:
            return None
        if leg.asset not in FIAT:
            if coin is not None or leg.role == "fee":
                return None
            coin, place = leg, number
        elif leg.role == "fee":
            fees += usd
        elif (leg.quantity > ZERO) is (kind == "sell"):
            money += usd
        else:
            return None
    if coin is None or (coin.quantity > ZERO) is (kind == "sell"):
        return None
    if kind == "sell":
        if not fees:
            return coin, place, cents(money), ZERO
        return coin, place, cents(money - fees), cents(fees)
    return coin, place, cents((coin.usd or ZERO) + fees), ZERO


def withheld(event: Event, legs: Sides) -> Mapping[str, Decimal]:
    """Fee units out of the coins just received, by asset (Reg. 1.1012-1(j)(3)(iii)).

    Gas is paid from coins that were there before, so it is never withheld.
    """
    if not legs.fees or not legs.into or event.fees_beside or event.kind in ("transfer", "wrap"):
        return NOTHING
    received = {g.asset for _, g in legs.into}
    units: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for _, fee in legs.fees:
        if fee.asset in received:
            units[fee.asset] += -fee.quantity
    return units


def basis(
    event: Event, leg: Leg, legs: Sides, kept: Mapping[str, Decimal], fees_in_basis: bool = False
) -> Decimal | None:
    """Total basis of the units of a coming leg that stay; None without a price.

    `kept` are the units withheld, `fees_in_basis` adds the costs of a swap to what came in.
    """
    if event.claim and event.claim.lot_basis_usd is not None:
        return event.claim.lot_basis_usd
    if leg.usd is None or event.kind in ("opening", "gift_in"):
        return None
    if event.kind == "buy" or fees_in_basis:
        # units withheld from a purchase add their cost back at the same price: no change
        costs: Decimal | None = ZERO
        if legs.fees:
            costs = _all_costs(event, legs, kept, beside=True)
        return None if costs is None else leg.usd + _share(leg, legs, costs)
    if leg.asset in kept and is_income(event.kind):
        # what stays costs what it was income for: Rev. Rul. 2023-14
        return leg.usd * (leg.quantity - kept[leg.asset]) / leg.quantity
    if leg.asset in kept:
        return leg.usd - sum((f.usd or ZERO for _, f in legs.fees if f.asset == leg.asset), ZERO)
    return leg.usd


def _share(leg: Leg, legs: Sides, costs: Decimal) -> Decimal:
    """What of the costs belongs to one of the coins that came, by their values."""
    weights = [g.usd or ZERO for _, g in legs.into]
    if len(weights) == 1 or not costs:
        return costs
    shares = list(dealt(cents(costs), weights, sum(weights, ZERO)))
    return next(s for s, (_, g) in zip(shares, legs.into, strict=True) if g is leg)


def received_for(
    event: Event, legs: Sides, kept: Mapping[str, Decimal], fees_in_basis: bool = False
) -> list[Amount]:
    """What each coin that leaves brings, in cents: all that was received, less the money that was
    paid with it, less all costs, dealt."""
    if event.kind in UNPAID:
        return [NO_AMOUNT] * len(legs.out)
    paid = [g.usd for g in legs.leaving if g.asset in FIAT]
    if event.kind == "spend":
        total = _sum(g.usd for _, g in legs.out)
    else:
        total = _sum(g.usd for g in legs.coming)
    if total is not None and paid and event.kind != "spend":
        money = _sum(paid)
        total = None if money is None or money > total else total - money
    costs: Decimal | None = ZERO
    if legs.fees and not fees_in_basis:
        costs = _all_costs(event, legs, kept)
    if total is None or costs is None:
        return [NO_AMOUNT] * len(legs.out)
    if len(legs.out) == 1:
        return [(cents(total - costs), cents(costs) if costs else ZERO)]
    weights = [leg.usd for _, leg in legs.out]
    whole = _sum(weights)
    if not whole:
        return [NO_AMOUNT] * len(legs.out)
    shares = [w for w in weights if w is not None]
    brings = dealt(cents(total - costs), shares, whole)
    return list(zip(brings, dealt(cents(costs), shares, whole), strict=True))


def fee_brings(event: Event, fee: Leg) -> Amount:
    """A fee in coin is a disposition of it at its value, in cents (Reg. 1.1001-7(b)(1)(iii))."""
    if fee.usd is None:
        return NO_AMOUNT
    on_fee = _on_fee(event)
    cost = fee.usd * on_fee / -fee.quantity if on_fee else ZERO
    return cents(fee.usd - cost), cents(cost)


def pays_in_coin(event: Event, fee: Leg, kept: Mapping[str, Decimal]) -> bool:
    """Whether a fee leg disposes of a coin; the venue's cut of a reward was never received."""
    return fee.asset not in FIAT and not (is_income(event.kind) and fee.asset in kept)


def _on_fee(event: Event) -> Decimal:
    return (event.claim.fee_on_fee_quantity if event.claim else None) or ZERO


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None if any is not known."""
    total = ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _all_costs(
    event: Event, legs: Sides, kept: Mapping[str, Decimal], beside: bool = False
) -> Decimal | None:
    """All costs of an event, the fee on the fee apart; None if one has no price. `beside` leaves
    out what was withheld."""
    total = ZERO
    for _, fee in legs.fees:
        if beside and fee.asset in kept:
            continue
        if fee.usd is None:
            return None
        # of units withheld from what was received, all costs belong to what was given up
        apart = fee.asset not in FIAT and fee.asset not in kept
        total += fee.usd - (fee.usd * _on_fee(event) / -fee.quantity if apart else ZERO)
    return total
