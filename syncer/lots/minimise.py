"""The rule tax_min: each sale takes the lots that cause the least tax.

Of all lots of one term those with the highest basis per unit cause the least, so that only how many
units are short-term is in question. It is asked at every end of a lot, as the difference of the
whole tax of the year so far, so that no sale is dearer than under FIFO for a rate or a netting that
a single dollar does not show. A rule within specific identification (Reg. 1.1012-1(j)): it binds
only under a record made before the sale.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from heapq import heappop, heappush
from itertools import accumulate
from typing import Any, Generic, NamedTuple, TypeVar

from config.exact import ZERO
from syncer.lots.holding_period import Calendar
from syncer.lots.methods import hifo
from syncer.lots.model import Holding, Slice, Term, sale_basis
from syncer.lots.pools import Queue
from syncer.lots.terms import Rates
from syncer.tax.netting import Carryover, Netting, carryover, net

Held = TypeVar("Held")  # a lot, as the caller has it
# (more short-term gain, more long-term gain) to the tax of the year so far with it
TaxWith = Callable[[Decimal, Decimal], Decimal]


class Offer(NamedTuple, Generic[Held]):
    """A lot that a sale could take, and what each of its units would gain."""

    lot: Held
    units: Decimal
    gain: Decimal


def least_taxed(
    short: Sequence[Offer[Held]], long: Sequence[Offer[Held]], wanted: Decimal, tax_with: TaxWith
) -> list[tuple[Held, Decimal]]:
    """The lots, and units of each, of a sale of so many units; of equal ways the one with the
    fewest short-term units. A lot that is sold in part comes last.

    Both sequences must be in order of their gain per unit, the smallest first.
    """
    short_ends, long_ends = _ends(short), _ends(long)
    most, least = min(short_ends[-1], wanted), max(ZERO, wanted - long_ends[-1])
    if least >= most:  # all of one term, or more is wanted than there is
        units = most
    else:
        ends = {*short_ends, *(wanted - end for end in long_ends), least, most}
        ways = sorted(end for end in ends if least <= end <= most)
        units = min(
            ways,
            key=lambda x: tax_with(_gain(short, short_ends, x), _gain(long, long_ends, wanted - x)),
        )
    parts = [*_first(short, units), *_first(long, wanted - units)]
    whole = [(offer.lot, part) for offer, part in parts if part == offer.units]
    return whole + [(offer.lot, part) for offer, part in parts if part != offer.units]


def _ends(offers: Sequence[Offer[Any]]) -> list[Decimal]:
    return list(accumulate((o.units for o in offers), initial=ZERO))


def _gain(offers: Sequence[Offer[Any]], ends: list[Decimal], units: Decimal) -> Decimal:
    """Of the first so many units."""
    place = min(bisect_left(ends, units), len(offers))
    whole = sum((o.units * o.gain for o in offers[:place]), ZERO)
    return whole - (ends[place] - units) * offers[place - 1].gain if place else whole


def _first(offers: Sequence[Offer[Held]], units: Decimal) -> list[tuple[Offer[Held], Decimal]]:
    parts = []
    for offer in offers:
        part = min(offer.units, units)
        if part > ZERO:
            parts.append((offer, part))
            units -= part
    return parts


class Position:
    """What the year has brought so far: net short and long gains, income, and its tax."""

    def __init__(self, rates: Mapping[int, Rates]) -> None:
        self._rates = rates
        self.gains: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
        self.income: dict[int, Decimal] = defaultdict(lambda: ZERO)
        self._brought: tuple[int, Carryover] = (0, Carryover())

    def add(self, year: int, term: Term, gain: Decimal) -> None:
        self.gains[year][term == "long"] += gain

    def tax_with(self, year: int, short: Decimal, long: Decimal) -> Decimal:
        """The year's tax so far with more gains."""
        rates = self._rates.get(year) or Rates()
        netting = self._net(year, self._brought_into(year), short, long)
        return rates.cost(self.income[year], netting)

    def _net(
        self, year: int, brought: Carryover, short: Decimal = ZERO, long: Decimal = ZERO
    ) -> Netting:
        rates = self._rates.get(year) or Rates()
        so_far = self.gains.get(year, (ZERO, ZERO))
        return net(
            so_far[0] + rates.outside_short + short,
            so_far[1] + rates.outside_long + long,
            brought,
            rates.loss_limit,
        )

    def _brought_into(self, year: int) -> Carryover:
        """What the years before carry into one; they are over when it is asked for."""
        if self._brought[0] != year:
            entered = [y for y, one in self._rates.items() if one.brought is not None and y <= year]
            told = [y for y, one in self._rates.items() if one.told]
            first = max(entered, default=min((*self.gains, *told, year)))
            brought = Carryover()
            if entered:
                brought = Carryover(*(self._rates[first].brought or (ZERO, ZERO)))
            for before in range(first, year):
                brought = carryover(self._net(before, brought), None)
            self._brought = (year, brought)
        return self._brought[1]


class ByTerm:
    """The lots of a queue by term, those with the highest basis per unit first; and each gift,
    whose basis hangs on the price."""

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

    def offers(
        self, day: date, units: Decimal, price: Decimal, calendar: Calendar
    ) -> tuple[list[Offer[Holding]], list[Offer[Holding]]]:
        """(short-term, long-term) lots that a sale of so many units at a price could take."""
        while self._young and self._young[0][0] <= day:
            _, number, holding = heappop(self._young)
            if holding.left:
                heappush(self._long, (hifo(holding), number, holding))
        self._gifts = [h for h in self._gifts if h.left]
        short = [_offer(h, price, calendar, day) for h in _top(self._short, day, units)]
        long = [_offer(h, price, calendar, day) for h in _top(self._long, date.min, units)]
        found = short + long + [_offer(h, price, calendar, day) for h in self._gifts]
        ordered = sorted(found, key=lambda row: row[1].gain)
        return [o for is_long, o in ordered if not is_long], [
            o for is_long, o in ordered if is_long
        ]


def _top(heap: list[tuple[Any, int, Holding]], day: date, units: Decimal) -> list[Holding]:
    """As many from the top as have so many units; what is used up, or no longer short-term on a
    day, goes."""
    found = []
    while heap and units > ZERO:
        row = heappop(heap)
        holding = row[2]
        if holding.left and not _is_long(holding, day):
            found.append(row)
            units -= holding.left
    for row in found:
        heappush(heap, row)
    return [row[2] for row in found]


def _is_long(holding: Holding, day: date) -> bool:
    return holding.long_on is not None and not holding.inherited and holding.long_on <= day


def _offer(
    holding: Holding, price: Decimal, calendar: Calendar, day: date
) -> tuple[bool, Offer[Holding]]:
    """Whether a sale on a day is long-term, and what it gains; a basis not known counts as none."""
    whole = holding.whole
    acquired, basis = sale_basis(holding.acquired_at, holding.basis, holding.gift, price * whole)
    long_on = holding.long_on
    if long_on is None or acquired != holding.acquired_at:
        long_on = calendar.long_on(acquired)
    gain = price - (basis or ZERO) / whole
    return holding.inherited or day >= long_on, Offer(holding, holding.left, gain)


def gained(
    slices: Iterable[Slice], price: Decimal, calendar: Calendar, day: date
) -> tuple[Decimal, Decimal]:
    """(short, long) gains of slices that are sold at a price for certain."""
    gains = {False: ZERO, True: ZERO}
    for one in slices:
        is_long, offer = _offer(one.holding, price, calendar, day)
        gains[is_long] += one.quantity * offer.gain
    return gains[False], gains[True]
