"""Rows that forms of the page are made of."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from config.exact import ZERO
from syncer import views
from syncer.lots.model import Lot
from syncer.lots.terms import Terms
from syncer.store.database import Database
from syncer.store.shelf import lots_of

_CENT, _EXACTLY = Decimal("0.01"), Decimal("1E-18")
Named = tuple[str, list[Lot]]
LOTS_BY = {
    "oldest": "the oldest first",
    "newest": "the newest first",
    "highest": "the highest basis of a unit first",
    "lowest": "the lowest basis of a unit first",
}


def lots_for_sale(
    database: Database, terms: Terms, account: str, asset: str, by: str = "oldest"
) -> list[Named]:
    """Lots that a sale of an asset at an account may take, each as an identification names it: by
    when it was acquired, and where lots of one time differ by the basis of a unit too. What has
    one name is one row. In an order of LOTS_BY."""
    if not account or not asset:
        return []
    with database.read() as connection:
        found = lots_of(connection, terms.pool(account), asset)
    held = [x for x in found if x.state == "held" and not x.unallocated]
    by_time: dict[str | None, list[Lot]] = defaultdict(list)
    for lot in held:
        by_time[views.instant(lot.acquired_at)].append(lot)
    named = [one for some in by_time.values() for one in _named(some).items()]
    if by in ("oldest", "newest"):
        return named if by == "oldest" else named[::-1]
    return sorted(named, key=_dearest if by == "highest" else _cheapest)


def _cheapest(one: Named) -> tuple[bool, Decimal]:
    unit = _unit(one[1][0], _EXACTLY)
    return unit is None, unit or ZERO


def _dearest(one: Named) -> tuple[bool, Decimal]:
    unknown, unit = _cheapest(one)
    return unknown, -unit


def _named(lots: list[Lot]) -> dict[str, list[Lot]]:
    """Of one time, by name: with the basis of a unit, as exactly as they differ in it."""
    at = views.instant(lots[0].acquired_at) or ""
    if len(lots) == 1:
        return {at: lots}
    exact = {_unit(x, _EXACTLY) for x in lots}
    if len(exact) == 1:
        return {at: lots}
    places = _CENT if len({_unit(x, _CENT) for x in lots}) == len(exact) else _EXACTLY
    found: dict[str, list[Lot]] = defaultdict(list)
    for lot in lots:
        unit = _unit(lot, places)
        found[at if unit is None else f"{at}@{unit:f}"].append(lot)
    return found


def _unit(lot: Lot, places: Decimal) -> Decimal | None:
    if lot.basis_usd is None:
        return None
    return (lot.basis_usd / lot.quantity).quantize(places, ROUND_HALF_UP)


def lot_row(named: Named) -> dict[str, Any]:
    """As the form shows it."""
    name, lots = named
    bases = [x.basis_usd for x in lots]
    known = None if None in bases else sum(filter(None, bases), ZERO)
    return {
        "name": name,
        "acquired_at": views.instant(lots[0].acquired_at),
        "account": ", ".join(sorted({x.account for x in lots})),
        "quantity": views.quantity(sum((x.quantity for x in lots), ZERO)),
        "basis_usd": views.usd(known),
    }
