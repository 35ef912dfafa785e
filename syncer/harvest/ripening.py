"""Lots near the one-year line: a short-term loss to take before it turns long, a gain to let ripen.
Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from syncer.harvest.market import Market
from syncer.harvest.opportunity import turns_long_on
from syncer.harvest.order import cut
from syncer.lots.model import Lot


@dataclass(frozen=True, slots=True)
class Ripening:
    """A short-term lot, what it would gain at the price seen, and its first long-term day."""

    lot: Lot
    gain: Decimal
    long_on: date


def ripening(
    lots: Iterable[Lot],
    prices: Mapping[str, Market],
    now: datetime,
    zone: ZoneInfo,
    days: int,
) -> list[Ripening]:
    """Lots that turn long-term within so many days, the soonest first."""
    today = now.astimezone(zone).date()
    until = today + timedelta(days=days)
    found = []
    for lot in lots:
        market = prices.get(lot.asset)
        long_on = turns_long_on(lot, zone)
        if market is None or lot.inherited or lot.unallocated or not today < long_on <= until:
            continue
        part = cut(lot, lot.quantity, cents(lot.quantity * market.usd), now, zone)
        if part is not None and part.gain != ZERO:
            found.append(Ripening(lot, part.gain, long_on))
    return sorted(found, key=lambda r: (r.long_on, r.lot.account, r.lot.asset, r.lot.lot_id))
