"""Wash sales, where the person's settings warn of them or enforce them (IRC 1091).

Off by default: the section speaks of stock or securities, and coins are property (Notice 2014-21).
A loss is disallowed as far as units of the same coin were bought from 30 days before the sale to
30 days after, anywhere; it is added to the basis of those units, whose holding period takes on that
of the units sold (IRC 1223(3)). Units bought first count first, each unit once (Reg. 1.1091-1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from config.exact import ZERO, cents
from syncer.lots.holding_period import Calendar, midnight
from syncer.lots.methods import fifo
from syncer.lots.model import Disposal, Holding, Slice, piece
from syncer.lots.pools import Pools, Queue
from syncer.lots.terms import WashSales

_Cut = Callable[[Holding, Decimal], Slice]
_Place = Callable[[Holding], None]

WINDOW = timedelta(days=30)
WASH_SALE = "wash_sale"  # a gap: the loss would be disallowed if the law applied to coins


@dataclass(slots=True)
class Loss:
    """A loss whose `units` nothing has replaced yet; `index` is its disposal's place."""

    index: int
    until: date
    units: Decimal
    loss: Decimal
    held: timedelta


class Washing:
    """Follows losses and purchases in the order of the replay."""

    def __init__(
        self, how: WashSales, calendar: Calendar, disposals: list[Disposal], pools: Pools
    ) -> None:
        self._how, self._calendar = how, calendar
        self._disposals, self._pools = disposals, pools
        self.losses: dict[str, list[Loss]] = defaultdict(list)

    def sold(self, index: int, held: Holding) -> None:
        """A slice was disposed of; a loss is washed by what was bought before and is still held."""
        one = self._disposals[index]
        day = self._calendar.day(one.disposed_at)
        if one.gain_usd is None or one.gain_usd >= ZERO or (self._how.start or day) > day:
            return
        since = day - self._calendar.day(held.held_from or one.acquired_at or held.acquired_at)
        loss = Loss(index, day + WINDOW, one.quantity, -one.gain_usd, since)
        for cut, place, holding in self._bought_since(one.asset, day - WINDOW):
            if holding.lot_id != one.lot_id:
                self._wash(loss, holding, cut, place)
        if loss.units:
            self.losses[one.asset].append(loss)

    def bought(self, queue: Queue, holding: Holding) -> None:
        """A purchase, just added to its queue: it washes the losses of the last 30 days."""
        day = self._calendar.day(holding.acquired_at)
        waiting = [x for x in self.losses[holding.asset] if x.until >= day and x.units]
        self.losses[holding.asset] = waiting
        for loss in waiting:
            self._wash(loss, holding, queue.cut, queue.add)

    def _bought_since(self, asset: str, day: date) -> list[tuple[_Cut, _Place, Holding]]:
        """Purchases that are still held, wherever they lie, the earliest first."""
        start = midnight(day, self._calendar.zone)
        found: list[tuple[_Cut, _Place, Holding]] = []
        for (_, kind), queue in self._pools.queues.items():
            if kind == asset:
                found += [(queue.cut, queue.add, h) for h in queue.since(start)]
        for moving in self._pools.transit.values():
            for account, h in moving:
                if h.asset == asset and h.acquired_at >= start:
                    found.append((Holding.take, partial(_join, moving, account), h))
        bought = [row for row in found if row[2].bought and row[2].left]
        return sorted(bought, key=lambda row: fifo(row[2]))

    def _wash(self, loss: Loss, holding: Holding, cut: _Cut, place: _Place) -> None:
        """Let units of a purchase that stand for no loss yet stand for this one."""
        part = min(max(ZERO, holding.left - holding.replacing), loss.units)
        if not part:
            return
        added = self._disallow(loss, part)
        if self._how.mode == "warn":
            holding.replacing += part
            return
        new = piece(cut(holding, part), holding.account)
        new.basis = None if new.basis is None else new.basis + added
        bought_on = self._calendar.day(holding.acquired_at)
        new.held_from = midnight(bought_on - loss.held, self._calendar.zone)
        new.origin = None
        new.long_on = self._calendar.long_on(new.held_from)
        new.replacing = part
        place(new)

    def _disallow(self, loss: Loss, units: Decimal) -> Decimal:
        """Disallow a part of a loss on its disposal; its dollars, by cumulative rounding."""
        one = self._disposals[loss.index]
        loss.units -= units
        if self._how.mode == "warn":
            if WASH_SALE not in one.gaps:
                self._disposals[loss.index] = one._replace(gaps=(*one.gaps, WASH_SALE))
            return ZERO
        washed = cents(loss.loss * (one.quantity - loss.units) / one.quantity)
        added = washed - one.washed_usd
        self._disposals[loss.index] = one._replace(washed_usd=washed)
        return added


def _join(moving: list[tuple[str, Holding]], account: str, holding: Holding) -> None:
    moving.append((account, holding))
