"""The best quantity along a queue, within lots too: branch and bound. Pure.

What a sale is worth falls with each of its gains and its costs, so that over a stretch of the
queue no point is worth more than the smallest gains of the stretch at its smallest cost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from config.exact import ZERO
from syncer.harvest.path import Ends

# (short gain, long gain, cost) to dollars; falls with each
Worth = Callable[[Decimal, Decimal, Decimal], Decimal]
# whether gains so low are wanted; where they are, higher ones are too
Allowed = Callable[[Decimal, Decimal], bool]
PLACES = Decimal("0.00000001")  # of a quantity within a lot
TOLERANCE = Decimal("0.002")  # dollars
_SAME = Decimal("0.02")  # dollars: of quantities that differ by less the rounder one
NEVER = Decimal(-1).scaleb(30)  # the worth of what is not allowed
_HALVINGS = 60
_LESS = Decimal("0.999")


def anything(short: Decimal, long: Decimal) -> bool:
    return True


class Search:
    """One search; `best` is worth most of all that was tried, `units` its quantity."""

    def __init__(
        self,
        ends: Ends,
        worth: Worth,
        allowed: Allowed = anything,
        least: Decimal = ZERO,
        tolerance: Decimal = TOLERANCE,
    ) -> None:
        self._ends, self._worth, self._allowed = ends, worth, allowed
        self._least, self._tolerance = least.quantize(PLACES, ROUND_UP), tolerance
        nothing = allowed(ZERO, ZERO)
        self.units, self.best = ZERO, worth(ZERO, ZERO, ZERO) if nothing else NEVER
        self.loss = ZERO  # of the best, net
        self.run()

    def run(self) -> None:
        last = len(self._ends) - 1
        if last < 1 or self._ends.units[last] < self._least:
            return
        self._try_end(last)
        self._stretch(0, last)
        self._sell_less()
        self._round()

    def _sell_less(self) -> None:
        """Not more than is worth as much: beyond a limit a loss may save nothing more."""
        low, high = ZERO, self.units
        short, long, cost = self._at((high * _LESS).quantize(PLACES, ROUND_DOWN))
        if not self._allowed(short, long) or self._worth(short, long, cost) < self.best:
            return
        while high - low > PLACES:
            middle = ((low + high) / 2).quantize(PLACES, ROUND_DOWN)
            short, long, cost = self._at(middle)
            as_good = self._allowed(short, long) and self._worth(short, long, cost) >= self.best
            if middle >= self._least and as_good:
                high = middle
            else:
                low = max(middle, low + PLACES)
        if high < self.units * _LESS:  # a hair less is the same to the cent, and no less to sell
            short, long, _ = self._at(high)
            self.units, self.loss = high, -(short + long)

    def _at(self, units: Decimal) -> tuple[Decimal, Decimal, Decimal]:
        place = max(1, bisect_left(self._ends.units, units))
        low, high = (tuple(c[at] for c in self._columns) for at in (place - 1, place))
        _, short, long, cost = self._point(low, high, units)
        return short, long, cost

    def _round(self) -> None:
        """Of quantities that are worth the same whole lots go first, then the one with the fewest
        decimals: what a bracket or a limit makes best is a round number."""
        e = self._ends
        place = bisect_left(e.units, self.units)
        if e.units[place] == self.units:
            return
        low, high = (tuple(c[at] for c in self._columns) for at in (place - 1, place))
        hair = self.units * (1 - _LESS)
        ends = [end for end in (high[0], low[0]) if abs(end - self.units) < hair]
        places = (Decimal(1).scaleb(-n) for n in range(8))
        for units in (*ends, *(self.units.quantize(p, ROUND_HALF_UP) for p in places)):
            if not max(low[0], self._least) <= units <= high[0] or not units:
                continue
            _, short, long, cost = self._point(low, high, units)
            worth = self._worth(short, long, cost)
            if self._allowed(short, long) and worth >= self.best - _SAME:
                self.units, self.best, self.loss = units, worth, -(short + long)
                return

    def _try_end(self, at: int) -> None:
        self._try(*(column[at] for column in self._columns))

    @property
    def _columns(self) -> tuple[tuple[Decimal, ...] | list[Decimal], ...]:
        e = self._ends
        return e.units, e.short, e.long, e.cost  # type: ignore[return-value]

    def _try(self, units: Decimal, short: Decimal, long: Decimal, cost: Decimal) -> None:
        if units < self._least or not self._allowed(short, long):
            return
        worth = self._worth(short, long, cost)
        if worth > self.best or (worth == self.best and units < self.units):
            self.best, self.units, self.loss = worth, units, -(short + long)

    def _may_be_better(self, short: Decimal, long: Decimal, cost: Decimal) -> bool:
        return self._worth(short, long, cost) > self.best + self._tolerance

    def _stretch(self, first: int, last: int) -> None:
        """Between two ends of lots."""
        e = self._ends
        if e.units[last] < self._least:
            return
        short, long = e.short[first : last + 1], e.long[first : last + 1]
        if not self._allowed(max(short), max(long)):
            return
        if not self._may_be_better(min(short), min(long), e.cost[first]):
            return
        if last - first == 1:
            points = [tuple(c[at] for c in self._columns) for at in (first, last)]
            self._within(points[0], points[1], _HALVINGS)
            return
        middle = (first + last) // 2
        self._try_end(middle)
        self._stretch(middle, last)
        self._stretch(first, middle)

    def _within(self, low: tuple[Decimal, ...], high: tuple[Decimal, ...], depth: int) -> None:
        """Inside a lot, where all goes up or down evenly."""
        if high[0] <= self._least or high[0] - low[0] <= PLACES or not depth:
            return
        shorts, longs = (low[1], high[1]), (low[2], high[2])
        if not self._allowed(max(shorts), max(longs)):
            return
        if not self._may_be_better(min(shorts), min(longs), low[3]):
            return
        middle = self._point(low, high, (low[0] + high[0]) / 2)
        if low[0] < self._least < high[0]:
            middle = self._point(low, high, self._least)
        self._try(*middle)
        self._within(middle, high, depth - 1)
        self._within(low, middle, depth - 1)

    @staticmethod
    def _point(
        low: tuple[Decimal, ...], high: tuple[Decimal, ...], units: Decimal
    ) -> tuple[Decimal, ...]:
        units = max(low[0], units.quantize(PLACES, ROUND_DOWN))
        part = (units - low[0]) / (high[0] - low[0])
        return (units, *(a + (b - a) * part for a, b in zip(low[1:], high[1:], strict=True)))
