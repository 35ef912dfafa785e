"""Prices once found are kept for good."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from connectors.prices.kraken import Price
from syncer.ledger.values import Quote
from syncer.store.tables import PriceRow, table

_price = table(PriceRow)
FEW = 500  # instants to ask for one by one; a statement takes only so many


def known_prices(
    connection: Connection, instants: Collection[datetime] | None = None
) -> dict[tuple[str, datetime], Quote]:
    """By asset and instant: all, or at least those of some instants."""
    query = sa.select(_price.c.asset, _price.c.at, _price.c.usd, _price.c.source, _price.c.method)
    if instants is not None and len(instants) <= FEW:
        query = query.where(_price.c.at.in_(instants))
    return {
        (asset, at): Quote(usd, f"{source}: {method}")
        for asset, at, usd, source, method in connection.execute(query)
    }


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
        connection.execute(insert(_price).on_conflict_do_nothing(), rows)
