"""Rows that forms of the page are made of."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from syncer import views
from syncer.lots.model import Lot
from syncer.lots.terms import Terms
from syncer.store.database import Database
from syncer.store.shelf import lots_of


def lots_for_sale(
    database: Database, terms: Terms, account: str, asset: str
) -> list[dict[str, Any]]:
    """Lots that a sale of an asset at an account may take, each as an identification names it: by
    when it was acquired, and where lots of one time differ by the basis of a unit too."""
    if not account or not asset:
        return []
    with database.read() as connection:
        found = lots_of(connection, terms.pool(account), asset)
    held = [x for x in found if x.state == "held" and not x.unallocated]
    by_time: dict[datetime, list[Lot]] = defaultdict(list)
    for lot in held:
        by_time[lot.acquired_at].append(lot)
    return [_row(lot, _differ(by_time[lot.acquired_at])) for lot in held]


def _differ(lots: list[Lot]) -> bool:
    return len({x.basis_usd / x.quantity for x in lots if x.basis_usd is not None}) > 1


def _row(lot: Lot, by_basis: bool) -> dict[str, Any]:
    name = views.instant(lot.acquired_at) or ""
    if by_basis and lot.basis_usd is not None:
        name += f"@{views.usd(lot.basis_usd / lot.quantity)}"
    return {
        "name": name,
        "acquired_at": views.instant(lot.acquired_at),
        "account": lot.account,
        "quantity": views.quantity(lot.quantity),
        "basis_usd": views.usd(lot.basis_usd),
    }
