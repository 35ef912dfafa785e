"""Prices once found are kept for good."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from config.exact import ZERO
from connectors.prices.source import Price
from syncer.ledger.values import Quote
from syncer.store.tables import PriceGapRow, PriceRow, table
from syncer.store.upsert import insert

_price = table(PriceRow)
_gap = table(PriceGapRow)
FEW = 500  # instants to ask for one by one; a statement takes only so many


def known_prices(
    connection: Connection, instants: Collection[datetime] | None = None
) -> dict[tuple[str, datetime], Quote]:
    """By asset and instant: all, or at least those of some instants. One that was not found is zero
    and says why."""
    query = sa.select(_price.c.asset, _price.c.at, _price.c.usd, _price.c.source, _price.c.method)
    if instants is not None and len(instants) <= FEW:
        query = query.where(_price.c.at.in_(instants))
    found = {key: Quote(ZERO, f"{g.reason}: {g.detail}") for key, g in gaps(connection).items()}
    for asset, at, usd, source, method in connection.execute(query):
        found[asset, at] = Quote(usd, f"{source}: {method}")
    return found


@dataclass(frozen=True, slots=True)
class PriceGap:
    """Why a price is missing, and when it was asked for."""

    reason: str
    detail: str
    tried_at: datetime


def gaps(connection: Connection) -> dict[tuple[str, datetime], PriceGap]:
    """Prices that were asked for and not found."""
    query = sa.select(_gap.c.asset, _gap.c.at, _gap.c.reason, _gap.c.detail, _gap.c.tried_at)
    return {(a, at): PriceGap(*why) for a, at, *why in connection.execute(query)}


def save_gap(
    connection: Connection, asset: str, at: datetime, reason: str, detail: str, now: datetime
) -> None:
    """Note why a price is missing."""
    values = {"asset": asset, "at": at, "reason": reason, "detail": detail, "tried_at": now}
    new = insert(connection, _gap).values(values)
    connection.execute(new.on_conflict_do_update(index_elements=["asset", "at"], set_=values))


def save_prices(
    connection: Connection, prices: Mapping[tuple[str, datetime], Price], now: datetime
) -> None:
    """Add prices; one that is there already stays as it is."""
    rows = [
        {
            "asset": asset,
            "at": at,
            "usd": price.usd,
            "source": price.source,
            "method": price.method,
            "fetched_at": now,
        }
        for (asset, at), price in prices.items()
    ]
    if rows:
        connection.execute(insert(connection, _price).on_conflict_do_nothing(), rows)
    for asset, at in prices:
        here = (_gap.c.asset == asset) & (_gap.c.at == at)
        connection.execute(sa.delete(_gap).where(here))
