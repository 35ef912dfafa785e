"""The rule tax_min: each sale takes the lot that causes the least tax.

Of all lots of one term the one with the highest basis per unit causes the least, so only two are
ever in question; between them decide the rates and the year's netting so far. A rule within
specific identification (Reg. 1.1012-1(j)): it binds only under a record made before the sale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any

from config.exact import ZERO
from syncer.lots.holding_period import Calendar
from syncer.lots.methods import hifo
from syncer.lots.model import Holding, Term, sale_basis
from syncer.lots.pools import Queue
from syncer.lots.terms import Rates
from syncer.tax.netting import Carryover, Netting, carryover, net


class Position:
    """The year's net short and long gains so far, by year, and what one more dollar is taxed at."""

    def __init__(self, rates: Mapping[int, Rates]) -> None:
        self._rates = rates
        self.gains: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
        self._brought: tuple[int, Carryover] = (0, Carryover())

    def add(self, year: int, term: Term, gain: Decimal) -> None:
        self.gains[year][term == "long"] += gain

    def _net(self, year: int, brought: Carryover) -> Netting:
        rates = self._rates.get(year) or Rates()
        short, long = self.gains.get(year, (ZERO, ZERO))
        return net(
            short + rates.outside_short, long + rates.outside_long, brought, rates.loss_limit
        )

    def _brought_into(self, year: int) -> Carryover:
        """What the years before carry into one; they are over when it is asked for."""
        if self._brought[0] != year:
            told = [y for y, one in self._rates.items() if one.brought is not None and y <= year]
            outside = [
                y for y, one in self._rates.items() if one.outside_short or one.outside_long
            ]
            first, brought = max(told, default=min((*self.gains, *outside, year))), Carryover()
            if told:
                brought = Carryover(*(self._rates[first].brought or (ZERO, ZERO)))
            for before in range(first, year):
                brought = carryover(self._net(before, brought), None)
            self._brought = (year, brought)
        return self._brought[1]

    def marginal(self, year: int) -> tuple[Decimal, Decimal]:
        """Tax on one more dollar of (short, long) gain: IRC 1222, 1(h), 1211(b).

        A net loss is worth the ordinary rate, now against other income or later when carried.
        """
        rates = self._rates.get(year) or Rates()
        so_far = self._net(year, self._brought_into(year))
        short, long = so_far.line_7, so_far.line_15
        if short >= ZERO and long >= ZERO:
            return rates.short, rates.long
        if short + long < ZERO or long < ZERO:
            return rates.short, rates.short
        return rates.long, rates.long


class ByTerm:
    """The highest basis per unit among the short-term and among the long-term lots of a queue; and
    each gift, whose basis hangs on the price."""

    def __init__(self, queue: Queue) -> None:
        self._young: list[tuple[date, int, Holding]] = []
        self._short: list[tuple[Any, int, Holding]] = []
        self._long: list[tuple[Any, int, Holding]] = []
        self._gifts: list[Holding] = []
        self._added = 0
        for holding in queue:
            self.add(holding)
        queue.watch = self.add

    def add(self, holding: Holding) -> None:
        self._added += 1
        if holding.gift:
            self._gifts.append(holding)
        elif holding.long_on is None or holding.inherited:
            heappush(self._long, (hifo(holding), self._added, holding))
        else:
            heappush(self._young, (holding.long_on, self._added, holding))
            heappush(self._short, (hifo(holding), self._added, holding))

    def candidates(self, day: date) -> list[Holding]:
        """What could cause the least tax on a day; a long-term lot goes before a short-term one."""
        while self._young and self._young[0][0] <= day:
            _, number, holding = heappop(self._young)
            if holding.left:
                heappush(self._long, (hifo(holding), number, holding))
        self._gifts = [h for h in self._gifts if h.left]
        tops = (_top(self._long, date.min), _top(self._short, day))
        return [h for h in tops if h is not None] + self._gifts


def _top(heap: list[tuple[Any, int, Holding]], day: date) -> Holding | None:
    while heap and (not heap[0][2].left or _is_long(heap[0][2], day)):
        heappop(heap)
    return heap[0][2] if heap else None


def _is_long(holding: Holding, day: date) -> bool:
    return holding.long_on is not None and not holding.inherited and holding.long_on <= day


def least_taxed(
    candidates: Iterable[Holding],
    price: Decimal,
    marginal: tuple[Decimal, Decimal],
    calendar: Calendar,
    day: date,
) -> Holding | None:
    """The candidate with the least tax per unit sold at `price` on a day; of equals the first."""

    def tax(holding: Holding) -> Decimal:
        whole = holding.whole
        acquired, basis = sale_basis(
            holding.acquired_at, holding.basis, holding.gift, price * whole
        )
        long_on = holding.long_on
        if long_on is None or acquired != holding.acquired_at:
            long_on = calendar.long_on(acquired)
        is_long = holding.inherited or day >= long_on
        return (price - (basis or ZERO) / whole) * marginal[is_long]

    return min(candidates, key=tax, default=None)
