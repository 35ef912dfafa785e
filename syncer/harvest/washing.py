"""Buys of the same coin in the 30 days before a sale, and what IRC 1091 would disallow. Pure.

The section speaks of stock or securities: a note by default. What is bought in the 30 days after
the sale nobody knows yet.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from syncer.harvest.order import Part, as_holding
from syncer.harvest.path import Ends, Path
from syncer.lots.holding_period import midnight
from syncer.lots.methods import fifo
from syncer.lots.model import Lot
from syncer.lots.wash import WINDOW


def recent_buys(
    lots: Iterable[Lot], bought: Container[str], now: datetime, zone: ZoneInfo
) -> list[Lot]:
    """Of one asset, wherever it lies, the earliest first. `bought` are the events that are
    purchases: what was earned or given replaces nothing."""
    start = midnight(now.astimezone(zone).date() - WINDOW, zone)
    found = (x for x in lots if start <= x.acquired_at <= now and x.source_event in bought)
    return sorted(found, key=lambda lot: fifo(as_holding(lot)))


class Replacements:
    """Units bought lately that can stand for a loss: those bought first count first, each once
    (Reg. 1.1091-1), if they are not sold too and stand for no loss yet."""

    def __init__(self, recent: Iterable[Lot], sold: Iterable[Part]) -> None:
        gone: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for part in sold:
            gone[part.lot.lot_id] += part.quantity
        self._free: list[list[Any]] = [
            [lot.lot_id, lot.quantity - gone[lot.lot_id]] for lot in recent if lot.held_from is None
        ]

    def disallow(self, parts: Iterable[Part]) -> list[Decimal]:
        """Dollars of each part's loss, in the order of the sales."""
        return [self._of(part) for part in parts]

    def _of(self, part: Part) -> Decimal:
        if part.gain >= ZERO:
            return ZERO
        wanted = part.quantity
        for row in self._free:
            if row[0] != part.lot.lot_id:
                taken = min(max(ZERO, row[1]), wanted)
                row[1], wanted = row[1] - taken, wanted - taken
        return cents(-part.gain * (part.quantity - wanted) / part.quantity)


def disallowed(parts: Sequence[Part], recent: Iterable[Lot]) -> list[Decimal]:
    """Of one sale by itself."""
    return Replacements(recent, parts).disallow(parts)


def without_disallowed(path: Path, ends: Ends, recent: Sequence[Lot]) -> Ends:
    """The same sale with losses as far as they would count."""
    late = {id(lot) for lot in recent if lot.held_from is None}
    whole = sum((lot.quantity for lot in recent if id(lot) in late), ZERO)
    steps = range(1, len(ends))
    gone = [q if id(lot) in late else ZERO for lot, q in path.lots]
    free = [whole - x for x in accumulate(gone[: len(steps)], initial=ZERO)]
    changes = [(ends.short[k] - ends.short[k - 1], ends.long[k] - ends.long[k - 1]) for k in steps]
    sold = [q for _, q in path.lots[: len(steps)]]
    losing = [q if s + x < ZERO else ZERO for q, (s, x) in zip(sold, changes, strict=True)]
    units = list(accumulate(losing, initial=ZERO))
    short = list(accumulate((max(ZERO, -s) for s, _ in changes), initial=ZERO))
    long = list(accumulate((max(ZERO, -x) for _, x in changes), initial=ZERO))

    def lost(column: Sequence[Decimal], k: int) -> Decimal:
        """Of the first so many losing units that are replaced."""
        replaced = min(free[k], units[k])
        place = bisect_left(units, replaced)
        if place == 0:
            return ZERO
        step = units[place] - units[place - 1]
        part = (replaced - units[place - 1]) / step if step else ZERO
        return column[place - 1] + (column[place] - column[place - 1]) * part

    return Ends(
        ends.units,
        [x + lost(short, k) for k, x in enumerate(ends.short)],
        [x + lost(long, k) for k, x in enumerate(ends.long)],
        ends.cost,
    )
