"""What one event paid and received in dollars, before any lot is touched: pure functions.

Treas. Reg. 1.1001-7(b)(2), 1.1012-1(h): costs reduce what a sale brings, are part of what a
purchase with money costs, and belong wholly to the coin disposed of in a swap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from config.assets import names
from config.exact import ZERO, cents, dealt
from syncer.events import Event, Leg, is_income

# what a leaving leg brings, net of costs, and those costs; None without a price
Amount = tuple[Decimal | None, Decimal]

GIFTS = frozenset({"gift_out", "donation"})
_KINDS = {"sell": "sale", "trade": "swap", "spend": "spend", "lost": "lost"}


def disposal_kind(event: Event) -> str:
    return "gift" if event.kind in GIFTS else _KINDS.get(event.kind, "other")


def coins(legs: Iterable[Leg]) -> list[Leg]:
    """Legs that have lots: everything but money."""
    return [g for g in legs if not names().is_fiat(g.asset)]


def withheld(event: Event) -> dict[str, Decimal]:
    """Fee units out of the coins just received, by asset (Reg. 1.1012-1(j)(3)(iii)).

    Gas is paid from coins that were there before, so it is never withheld.
    """
    if event.fees_beside or event.kind in ("transfer", "wrap"):
        return {}
    received = {g.asset for g in coins(event.coming())}
    units: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for fee in event.fees():
        if fee.asset in received:
            units[fee.asset] += -fee.quantity
    return units


def basis(event: Event, leg: Leg) -> Decimal | None:
    """Total basis of the units of a coming leg that stay; None without a price."""
    if event.claim and event.claim.lot_basis_usd is not None:
        return event.claim.lot_basis_usd
    if event.kind in ("opening", "gift_in") or leg.usd is None:
        return None
    if event.kind == "buy":
        # units withheld from a purchase add their cost back at the same price: no change
        costs = _sum(f.usd for f in event.fees() if f.asset not in withheld(event))
        return None if costs is None else leg.usd + costs
    if leg.asset in withheld(event):
        return leg.usd - sum((f.usd or ZERO for f in event.fees() if f.asset == leg.asset), ZERO)
    return leg.usd


def received_for(event: Event) -> list[tuple[Leg, Amount]]:
    """What each leaving leg brings, in cents: all that was received less all costs, dealt."""
    legs = coins(event.leaving())
    if event.kind in GIFTS or event.kind == "lost":
        return [(leg, (None, ZERO)) for leg in legs]
    paid = event.leaving() if event.kind == "spend" else event.coming()
    total, costs = _sum(g.usd for g in paid), _all_costs(event)
    weights = [Decimal(1) if len(legs) == 1 else leg.usd for leg in legs]
    whole = _sum(weights)
    if total is None or costs is None or not whole:
        return [(leg, (None, ZERO)) for leg in legs]
    shares = [w for w in weights if w is not None]
    brings = dealt(cents(total - costs), shares, whole)
    bears = dealt(cents(costs), shares, whole)
    return list(zip(legs, zip(brings, bears, strict=True), strict=True))


def fee_brings(event: Event, fee: Leg) -> Amount:
    """A fee in coin is a disposition of that coin at its value (Reg. 1.1001-7(b)(1)(iii))."""
    if fee.usd is None:
        return None, ZERO
    cost = fee.usd * _on_fee(event) / -fee.quantity
    return fee.usd - cost, cost


def pays_in_coin(event: Event, fee: Leg) -> bool:
    """Whether a fee leg disposes of a coin; the venue's cut of a reward was never received."""
    return not names().is_fiat(fee.asset) and not (
        is_income(event.kind) and fee.asset in withheld(event)
    )


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


def _all_costs(event: Event) -> Decimal | None:
    """All costs of an event, the fee on the fee apart; None if one has no price."""
    total = ZERO
    from_received = withheld(event)
    for fee in event.fees():
        if fee.usd is None:
            return None
        # of units withheld from what was received, all costs belong to what was given up
        apart = not names().is_fiat(fee.asset) and fee.asset not in from_received
        total += fee.usd - (fee.usd * _on_fee(event) / -fee.quantity if apart else ZERO)
    return total
