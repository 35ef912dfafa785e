"""How much to sell from each of many queues, so that all together is worth most. Pure.

The whole tax ties all sales together and is not convex: a short loss beside a long gain, a limit,
a queue that sells a gain before its loss. So it is climbed from several starts: one queue at a time
searched whole with the others as they are, then with one forced to each of its ends in turn.
`tests/harvest` holds it against every combination on small portfolios.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod

from config.exact import ZERO
from syncer.harvest.path import Ends
from syncer.harvest.search import NEVER, Allowed, Search, Worth, anything

Gains = tuple[Decimal, Decimal, Decimal]  # short gain, long gain, cost
NOTHING: Gains = (ZERO, ZERO, ZERO)
COARSE = Decimal("0.01")  # dollars: less is no reason to climb on
FEW = 8  # queues that are forced from every start
SOME = 40  # that are forced from the best start
MOST_STARTS = 6
MOST_WAYS = 256  # to sell whole lots that are all tried
PRICES = tuple(Decimal(n) / 20 for n in range(0, 11))  # of a dollar of loss
_ROUNDS = 20
_HAIR = Decimal("0.01")  # dollars


@dataclass(frozen=True, slots=True)
class Way:
    """One queue to sell from, at least so many units if any."""

    ends: Ends
    least: Decimal = ZERO

    def at(self, units: Decimal) -> Gains:
        """What a sale of so many units comes to."""
        e = self.ends
        place = bisect_left(e.units, units)
        if e.units[place] == units:
            return e.short[place], e.long[place], e.cost[place]
        part = (units - e.units[place - 1]) / (e.units[place] - e.units[place - 1])
        columns = (e.short, e.long, e.cost)
        short, long, cost = (c[place - 1] + (c[place] - c[place - 1]) * part for c in columns)
        return short, long, cost


class _Climb:
    """Quantities that are made better and better."""

    def __init__(
        self, ways: Sequence[Way], worth: Worth, allowed: Allowed, tolerance: Decimal
    ) -> None:
        self._ways, self._worth, self._allowed = ways, worth, allowed
        self._tolerance = tolerance
        self.units = [ZERO] * len(ways)
        self._gains = [NOTHING] * len(ways)
        self._whole = NOTHING
        self.worth = worth(*NOTHING)

    def set_all(self, units: Sequence[Decimal]) -> None:
        for at, quantity in enumerate(units):
            self._set(at, quantity)
        self.worth = self._worth(*self._whole) if self._fits() else NEVER

    def _set(self, at: int, units: Decimal) -> None:
        new = self._ways[at].at(units)
        before, w = self._gains[at], self._whole
        self._whole = (
            w[0] + new[0] - before[0],
            w[1] + new[1] - before[1],
            w[2] + new[2] - before[2],
        )
        self.units[at], self._gains[at] = units, new

    def _rest(self, at: int) -> Gains:
        w, g = self._whole, self._gains[at]
        return w[0] - g[0], w[1] - g[1], w[2] - g[2]

    def one(self, at: int) -> bool:
        """Sell the best quantity from one queue, the others as they are; whether it is better."""
        units, worth = self._best(at, self._rest(at))
        if worth <= self.worth:
            return False
        better = worth > self.worth + self._tolerance
        self._set(at, units)
        self.worth = worth
        return better

    def _best(self, at: int, rest: Gains) -> tuple[Decimal, Decimal]:
        s, x, c = rest
        found = Search(
            self._ways[at].ends,
            lambda short, long, cost: self._worth(s + short, x + long, c + cost),
            lambda short, long: self._allowed(s + short, x + long),
            self._ways[at].least,
            self._tolerance,
        )
        return found.units, found.best

    def sweep(self, order: Iterable[int]) -> None:
        order = list(order)
        for _ in range(_ROUNDS):
            if not any([self.one(at) for at in order]):
                return

    def trim(self) -> None:
        """No queue sells more than is worth as much."""
        for at, units in enumerate(self.units):
            if units:
                less, worth = self._best(at, self._rest(at))
                if less < units and worth >= self.worth - _HAIR:
                    self._set(at, less)
                    self.worth = worth

    def forced(self, first: int, order: Sequence[int]) -> bool:
        """Another quantity of one, and then the best of the others; whether it is better."""
        start, worth = list(self.units), self.worth
        for units in list(self._other_quantities(first)):
            self._set(first, units)
            self.worth = self._worth(*self._whole) if self._fits() else NEVER
            self.sweep(at for at in order if at != first)
            if self.worth > worth + self._tolerance:
                return True
            self.set_all(start)
        return False

    def _fits(self) -> bool:
        return self._allowed(self._whole[0], self._whole[1])

    def _other_quantities(self, at: int) -> Iterator[Decimal]:
        way = self._ways[at]
        for units in way.ends.units:
            if units != self.units[at] and (units >= way.least or not units):
                yield units


def choose(
    ways: Sequence[Way],
    worth: Worth,
    allowed: Allowed = anything,
    rates: Sequence[tuple[Decimal, Decimal]] = ((Decimal(1), Decimal(1)),),
    tolerance: Decimal = COARSE,
) -> list[Decimal]:
    """Units of each way. `rates` are what a dollar of (short, long) loss may be worth: each makes
    a start, with the queues that give most for it first; others are the best of what each
    queue would sell for itself if a dollar of loss had one price."""
    if not ways:
        return []
    best: _Climb | None = None
    orders = list(_orders(ways, rates))
    starts: list[list[Decimal]] = [[ZERO] * len(ways) for _ in orders]
    priced = _at_prices(ways, worth, allowed)[: MOST_STARTS if len(ways) <= SOME else 1]
    priced += _one_free(ways, worth, allowed, tolerance)[:MOST_STARTS]
    starts, orders = [*starts, *priced], [*orders, *(orders[0] for _ in priced)]
    for start, order in zip(starts, orders, strict=True):
        climb = _Climb(ways, worth, allowed, tolerance)
        climb.set_all(start)
        climb.sweep(order)
        if len(ways) <= FEW:
            _by_force(climb, order)
        if best is None or climb.worth > best.worth:
            best = climb
    if best is None:
        return []
    if FEW < len(ways) <= SOME:  # of many, what one more could give is next to nothing
        _by_force(best, orders[0])
    best.trim()
    return best.units


def _one_free(
    ways: Sequence[Way], worth: Worth, allowed: Allowed, tolerance: Decimal
) -> list[list[Decimal]]:
    """Where there are few: every way to sell whole lots of all queues but one, and the best of
    that; the best first."""
    choices = [[u for u in w.ends.units if not u or u >= w.least] for w in ways]
    if prod(map(len, choices)) > MOST_WAYS:
        return []
    found: list[tuple[Decimal, list[Decimal]]] = []
    for free in range(len(ways)):
        for units in product(*(c if n != free else [ZERO] for n, c in enumerate(choices))):
            climb = _Climb(ways, worth, allowed, tolerance)
            climb.set_all(units)
            climb.one(free)
            found.append((climb.worth, climb.units))
    return [units for _, units in sorted(found, key=lambda f: (-f[0], f[1]))]


def _at_prices(ways: Sequence[Way], worth: Worth, allowed: Allowed) -> list[list[Decimal]]:
    """What all would sell at each pair of prices, the best of it first."""
    found: dict[tuple[Decimal, ...], Decimal] = {}
    for short in PRICES:
        for long in PRICES:
            sold = [_at_price(way, short, long) for way in ways]
            s, x, c = (sum(column, ZERO) for column in zip(*(g for _, g in sold), strict=True))
            if allowed(s, x):
                found[tuple(units for units, _ in sold)] = worth(s, x, c)
    return [list(units) for units in sorted(found, key=lambda u: (-found[u], u))]


def _at_price(way: Way, short: Decimal, long: Decimal) -> tuple[Decimal, Gains]:
    """The end of a lot up to which a queue gives most, if losses have a price."""
    e = way.ends
    gives = [-s * short - x * long - c for s, x, c in zip(e.short, e.long, e.cost, strict=True)]
    at = max((k for k, u in enumerate(e.units) if not u or u >= way.least), key=gives.__getitem__)
    return e.units[at], (e.short[at], e.long[at], e.cost[at])


def _orders(ways: Sequence[Way], rates: Sequence[tuple[Decimal, Decimal]]) -> Iterator[list[int]]:
    for short, long in rates:
        yield sorted(range(len(ways)), key=lambda at: (-_yield(ways[at].ends, short, long), at))


def _yield(ends: Ends, short: Decimal, long: Decimal) -> Decimal:
    """The most that a dollar of loss from a queue is worth after costs."""
    best = ZERO
    for s, x, c in zip(ends.short, ends.long, ends.cost, strict=True):
        loss = -(s + x)
        if loss > ZERO:
            best = max(best, (-s * short - x * long - c) / loss)
    return best


def _by_force(climb: _Climb, order: Sequence[int]) -> None:
    """Out of a place from which no single queue leads up."""
    for _ in range(_ROUNDS):
        if not any([climb.forced(at, order) for at in order]):
            return
