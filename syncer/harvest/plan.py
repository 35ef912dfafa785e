"""The set of sales with the greatest net benefit across accounts, under each one's lot rule. Pure.

Accounts of one pool share its queue: the cheapest to sell at goes first, and the next one takes
what is left of the queue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from functools import cache
from typing import Literal

from config.exact import ZERO
from syncer.harvest.choose import Way, choose
from syncer.harvest.market import Market
from syncer.harvest.opportunities import How, Position, positions
from syncer.harvest.opportunity import Opportunity
from syncer.harvest.order import Part
from syncer.harvest.path import Ends, Path
from syncer.harvest.search import PLACES
from syncer.harvest.washing import Replacements
from syncer.lots.model import Lot
from syncer.lots.terms import TAX_MIN
from syncer.tax.outlook import TwoYears, YearWith

Goal = Literal["offset-gains", "offset-gains-and-3000", "max-benefit", "amount"]
GOALS: tuple[Goal, ...] = ("offset-gains", "offset-gains-and-3000", "max-benefit", "amount")
_DOLLARS_FIRST = Decimal(1000)  # an amount asked for counts before what it saves
_A_FEW_CENTS = Decimal("0.05")
_OTHERWISE = Decimal("0.15")  # what a gain taken now would bear later: IRC 1(h)(1)(C)


@dataclass(frozen=True, slots=True)
class Plan:
    """Sales to make in their order, and what all of them do together; dollars in cents."""

    sales: tuple[Opportunity, ...]
    before: YearWith
    after: YearWith
    tax_saved: Decimal
    later_tax: Decimal | None
    cost: Decimal
    apart: tuple[Opportunity, ...] = ()  # what is not for sale, each with its reason

    @property
    def loss(self) -> Decimal:
        return sum((s.loss for s in self.sales), ZERO)

    @property
    def net_benefit(self) -> Decimal:
        return self.tax_saved - self.cost


def plan(
    lots: Iterable[Lot],
    prices: Mapping[str, Market],
    how: How,
    now: datetime,
    goal: Goal,
    amount: Decimal = ZERO,
    share: Decimal = Decimal(1),
) -> Plan:
    """Losses to take; at most a `share` of what each account holds. Raises ValueError if the tax
    of the year is not computable."""
    base = _tax_of_now(how.taxes)

    @cache
    def saved(short: Decimal, long: Decimal) -> Decimal:
        return base - (how.taxes.now.tax(short, long) or ZERO)

    def worth(short: Decimal, long: Decimal, cost: Decimal) -> Decimal:
        return saved(short, long) - cost

    def worth_of_amount(short: Decimal, long: Decimal, cost: Decimal) -> Decimal:
        return worth(short, long, cost) - (short + long) * _DOLLARS_FIRST

    room = _room(how.taxes, goal, amount)
    held = list(positions(lots, how, now))
    lines = _lines(held, prices, share)
    chosen = choose(
        [line.way() for line in lines],
        worth_of_amount if goal == "amount" else worth,
        (lambda s, x: True) if room is None else (lambda s, x: s + x >= -room),
        _rates(saved),
    )
    return _planned(lines, chosen, how, now, _apart(held, prices))


def plan_of_gains(
    lots: Iterable[Lot],
    prices: Mapping[str, Market],
    how: How,
    now: datetime,
    share: Decimal = Decimal(1),
) -> Plan:
    """Gains to take that raise no tax: in the bracket of 0%, or against losses."""
    held = list(positions(lots, how, now))
    lines = _lines(held, prices, share)
    apart = _apart(held, prices)
    found = _planned(lines, _gains(lines, how.taxes, ZERO), how, now, apart)
    if found.tax_saved < ZERO:  # the cents of the lots came to more than their sum
        found = _planned(lines, _gains(lines, how.taxes, _A_FEW_CENTS), how, now, apart)
    return found


def _gains(lines: Sequence[_Line], taxes: TwoYears, margin: Decimal) -> list[Decimal]:
    base = _tax_of_now(taxes)

    @cache
    def rises(short: Decimal, long: Decimal) -> bool:
        more = (x + margin if x else x for x in (-short, -long))
        return (taxes.now.tax(*more) or ZERO) > base

    def worth(short: Decimal, long: Decimal, cost: Decimal) -> Decimal:
        return -(short + long) * _OTHERWISE - cost

    ways = [_turned(line.way()) for line in lines]
    rates = ((Decimal(1), Decimal(1)), (Decimal(0), Decimal(1)), (Decimal(1), Decimal(0)))
    return choose(ways, worth, lambda s, x: not rises(s, x), rates)


def _apart(held: Iterable[Position], prices: Mapping[str, Market]) -> tuple[Opportunity, ...]:
    found = (position.why_not(prices.get(position.asset)) for position in held)
    return tuple(one for one in found if one)


def _tax_of_now(taxes: TwoYears) -> Decimal:
    base = taxes.now.tax(ZERO, ZERO)
    if base is None:
        raise ValueError("the tax of the year is not computable")
    return base


def _room(taxes: TwoYears, goal: Goal, amount: Decimal) -> Decimal | None:
    """The most of net loss that a goal wants; None for any."""
    net = taxes.now.with_gains().netting.line_16
    if goal == "offset-gains":
        return max(ZERO, net)
    if goal == "offset-gains-and-3000":
        return max(ZERO, net + taxes.now.limit)
    return amount if goal == "amount" else None


def _rates(saved: Callable[[Decimal, Decimal], Decimal]) -> list[tuple[Decimal, Decimal]]:
    """What a dollar of (short, long) loss saves at first, and on the way down."""
    found = []
    for dollars in (Decimal(1000), Decimal(5000), Decimal(50_000)):
        found.append((saved(-dollars, ZERO) / dollars, saved(ZERO, -dollars) / dollars))
    return list(dict.fromkeys([*found, (Decimal(1), Decimal(1))]))


def _turned(way: Way) -> Way:
    """Gains as losses."""
    e = way.ends
    return Way(Ends(e.units, [-x for x in e.short], [-x for x in e.long], e.cost), way.least)


# ---- accounts of one pool, one after the other


@dataclass(frozen=True, slots=True)
class _Line:
    """Positions that sell from one queue in turn, each with its path and what it is at most."""

    turns: tuple[tuple[Position, Market, Path], ...]

    def way(self) -> Way:
        units, short, long, cost = [ZERO], [ZERO], [ZERO], [ZERO]
        for position, market, path in self.turns:
            ends = position.ends(path, market.usd)
            columns = (ends.units, ends.short, ends.long, ends.cost)
            for whole, column in zip((units, short, long, cost), columns, strict=True):
                start = whole[-1]
                whole.extend(start + x for x in column[1:])
            if path.stops():  # nothing behind it can be promised, at whatever account
                break
        position, market, _ = self.turns[0]
        return Way(Ends(units, short, long, cost), position.least(market.usd))

    def sales(self, units: Decimal) -> Iterator[Opportunity]:
        for position, market, path in self.turns:
            here = min(units, sum((q for _, q in path.lots), ZERO))
            if here < position.least(market.usd) or not here:
                return
            if position.rule == TAX_MIN:
                path = position.path(market.usd, here)
            if one := position.sale_of(here, market, path):
                yield one
            units -= here


def _lines(found: Iterable[Position], prices: Mapping[str, Market], share: Decimal) -> list[_Line]:
    """What can be sold, by queue. Where accounts of one pool have different orders, only those of
    the order that most of its units are under sell."""
    queues: dict[int, list[tuple[Position, Market]]] = defaultdict(list)
    for position in found:
        market = prices.get(position.asset)
        if market is not None and not position.apart(market):
            queues[id(position.queue)].append((position, market))
    return [_line(_of_one_rule(some), share) for some in queues.values()]


def _of_one_rule(some: Sequence[tuple[Position, Market]]) -> list[tuple[Position, Market]]:
    """Accounts that may sell one after the other; where what one takes hangs on more than the head
    of the queue (tax_min, lots that were named), only one sells: the one with named lots, else the
    one with the most units."""
    if any(p.rule == TAX_MIN or p.is_named for p, _ in some):
        return [max(some, key=lambda x: (x[0].is_named, x[0].units, x[0].account))]
    units: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for position, _ in some:
        units[position.rule] += position.units
    rule = max(sorted(units), key=units.__getitem__)
    return sorted(
        ((p, m) for p, m in some if p.rule == rule), key=lambda x: (x[0].costs.share, x[0].account)
    )


def _line(some: Sequence[tuple[Position, Market]], share: Decimal) -> _Line:
    turns, before = [], ZERO
    for position, market in some:
        most = (
            position.units if share == 1 else (position.units * share).quantize(PLACES, ROUND_DOWN)
        )
        turns.append((position, market, position.path_after(before, most, market.usd)))
        before += most
    return _Line(tuple(turns))


def _planned(
    lines: Sequence[_Line],
    chosen: Sequence[Decimal],
    how: How,
    now: datetime,
    apart: tuple[Opportunity, ...],
) -> Plan:
    by_line = [list(line.sales(units)) for line, units in zip(lines, chosen, strict=True)]
    by_line.sort(key=lambda some: -sum((s.loss for s in some), ZERO))
    # of one queue the first goes first: what the next takes follows from it
    sales = [one for some in by_line for one in some]
    if how.enforces(now):
        sales = list(_washed_together(sales, how.taxes))
    short = -sum((s.loss_short for s in sales), ZERO)
    long = -sum((s.loss_long for s in sales), ZERO)
    taxes = how.taxes
    return Plan(
        tuple(sales),
        taxes.now.with_gains(),
        taxes.now.with_gains(short, long),
        taxes.tax_saved(short, long) or ZERO,
        taxes.later_tax(short, long),
        sum((s.cost for s in sales), ZERO),
        apart,
    )


def _washed_together(sales: Sequence[Opportunity], taxes: TwoYears) -> Iterator[Opportunity]:
    """Each unit that was bought lately stands for one loss of all sales, and one that is sold with
    them for none."""
    parts: dict[str, list[Part]] = defaultdict(list)
    for one in sales:
        parts[one.asset] += one.parts
    free = {s.asset: Replacements(s.wash_sale_buys, parts[s.asset]) for s in sales}
    for one in sales:
        sums = {"short": ZERO, "long": ZERO}
        washed = free[one.asset].disallow(one.parts)
        for part, dollars in zip(one.parts, washed, strict=True):
            sums[part.term] -= part.gain + dollars
        yield replace(
            one,
            loss_short=sums["short"],
            loss_long=sums["long"],
            disallowed=sum(washed, ZERO),
            tax_saved=taxes.tax_saved(-sums["short"], -sums["long"]),
            later_tax=taxes.later_tax(-sums["short"], -sums["long"]),
            carried=taxes.now.with_gains(-sums["short"], -sums["long"]).carried,
        )
