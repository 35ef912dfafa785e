"""Random small portfolios, the best set of sales by trying them all, and the rules that bind."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise, product
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from syncer.harvest.market import Costs, Market
from syncer.harvest.opportunities import How
from syncer.harvest.plan import GOALS, Goal, Plan, plan
from syncer.lots.holding_period import term
from syncer.lots.methods import METHODS
from syncer.lots.model import Holding, Lot
from syncer.tax.netting import Carryover
from syncer.tax.outlook import TwoYears
from tests.harvest.years import two_years

D = Decimal
NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
PRICE = D(90)
STEPS = 16  # of a lot that are tried
Gains = tuple[Decimal, Decimal, Decimal]


@dataclass(frozen=True)
class Portfolio:
    lots: list[Lot]
    prices: dict[str, Market]
    how: How
    goal: Goal
    amount: Decimal

    def plan(self) -> Plan:
        return plan(self.lots, self.prices, self.how, NOW, self.goal, self.amount)


def portfolio(seed: int) -> Portfolio:
    r = random.Random(seed)
    places = [(f"a{n}", r.choice(("BTC", "ETH", "SOL"))) for n in range(r.randint(1, 4))]
    lots = [lot for place in places for lot in _lots(r, *place)]
    costs = {
        account: Costs(D(r.choice(("0", "0.1", "0.6", "2"))), ZERO, D(r.choice((0, 7, 40))))
        for account, _ in places
    }
    rules = {place: r.choice(("fifo", "fifo", "hifo", "lifo")) for place in places}
    how = How(_taxes(r), ZONE, rules=rules, costs=costs.__getitem__)
    goal = r.choice(GOALS)
    prices = {asset: Market(PRICE, NOW) for _, asset in places}
    return Portfolio(
        lots, prices, how, goal, D(r.randint(1, 8) * 500) if goal == "amount" else ZERO
    )


def _lots(r: random.Random, account: str, asset: str) -> Iterator[Lot]:
    for n in range(r.randint(1, 3)):
        units = D(r.randint(1, 40)) / r.choice((1, 2, 4))
        basis = (units * r.randint(40, 420)).quantize(D("0.01"))
        at = NOW - timedelta(days=r.randint(40, 900), minutes=n)
        yield Lot(f"{account}{n}", account, account, asset, units, basis, at, "held", "e")


def ten_queues(seed: int) -> tuple[list[Lot], dict[str, Market], How]:
    """Ten coins at one account, of one or two lots each."""
    r, lots = random.Random(seed), list[Lot]()
    assets = [f"C{n}" for n in range(10)]
    for asset in assets:
        for n in range(r.randint(1, 2)):
            units = D(r.randint(1, 30))
            basis = (units * r.randint(30, 420)).quantize(D("0.01"))
            at = NOW - timedelta(days=r.randint(40, 900), minutes=n)
            lots.append(Lot(f"{asset}-{n}", "x", "x", asset, units, basis, at, "held", "e"))
    costs = Costs(D("0.4"), ZERO, D(5))
    return (
        lots,
        {a: Market(PRICE, NOW) for a in assets},
        How(_taxes(r), ZONE, costs=lambda a: costs),
    )


def _taxes(r: random.Random) -> TwoYears:
    return two_years(
        2026,
        Carryover(D(r.choice((0, 0, 2000))), D(r.choice((0, 0, 2500)))),
        filing_status=r.choice(("single", "joint", "separate", "head")),
        ordinary_income=D(r.randint(-5000, 300_000)),
        other_short_term=D(r.randint(-4000, 12_000)),
        other_long_term=D(r.randint(-4000, 12_000)),
        state_rate=D(r.choice(("0", "0.05"))),
    )


# ---- trying all


def best_of_all(one: Portfolio) -> Decimal:
    """The greatest worth of any set of whole lots, and of one queue sold in part beside such a set;
    what a goal wants of loss comes first."""
    queues = list(_queues(one))
    ends = [[q for q in _ends(lots) if _is_sold(one, lots, q)] for lots in queues]
    parts = [[q for q in _parts(lots) if _is_sold(one, lots, q)] for lots in queues]
    gains = [
        {q: _gains(one, lots, q) for q in {*a, *b}}
        for lots, a, b in zip(queues, ends, parts, strict=True)
    ]
    best = ZERO
    for free in range(len(queues)):
        choices = [parts[n] if n == free else ends[n] for n in range(len(queues))]
        for units in product(*choices):
            whole = [gains[n][q] for n, q in enumerate(units)]
            found = worth(one, tuple(sum(c, ZERO) for c in zip(*whole, strict=True)))
            best = best if found is None else max(best, found)
    return best


def worth(one: Portfolio, gains: Gains) -> Decimal | None:
    """None where it is more loss than the goal wants."""
    short, long, cost = gains
    now = one.how.taxes.now
    net, limit = now.with_gains().netting.line_16, now.limit
    room = {"offset-gains": max(ZERO, net), "offset-gains-and-3000": max(ZERO, net + limit)}
    room |= {"amount": one.amount}
    if one.goal in room and short + long < -room[one.goal] - D("0.01"):
        return None
    saved = (now.tax(ZERO, ZERO) or ZERO) - (now.tax(short, long) or ZERO)
    dollars = -cents(short + long) * 1000 if one.goal == "amount" else ZERO
    return saved - cost + dollars


def worth_of_plan(one: Portfolio, found: Plan) -> Decimal | None:
    short = -sum((s.loss_short for s in found.sales), ZERO)
    long = -sum((s.loss_long for s in found.sales), ZERO)
    return worth(one, (short, long, found.cost))


def _queues(one: Portfolio) -> Iterator[tuple[Lot, ...]]:
    by_place: dict[tuple[str, str], list[Lot]] = defaultdict(list)
    for lot in one.lots:
        by_place[lot.account, lot.asset].append(lot)
    for place, lots in by_place.items():
        yield tuple(in_order(lots, one.how.rules[place]))


def in_order(lots: Sequence[Lot], rule: str) -> list[Lot]:
    def key(x: Lot) -> tuple[object, ...]:
        held = Holding(
            x.lot_id, x.account, x.asset, x.acquired_at, x.quantity, x.basis_usd, x.source_event
        )
        return METHODS[rule](held)

    return sorted(lots, key=key)


def _ends(lots: Sequence[Lot]) -> list[Decimal]:
    found = [ZERO]
    for lot in lots:
        found.append(found[-1] + lot.quantity)
    return found


def _parts(lots: Sequence[Lot]) -> list[Decimal]:
    ends = _ends(lots)
    inner = [a + (b - a) * n / STEPS for a, b in pairwise(ends) for n in range(1, STEPS)]
    return [*ends, *inner]


def _is_sold(one: Portfolio, lots: Sequence[Lot], units: Decimal) -> bool:
    return not units or units * PRICE >= one.how.costs(lots[0].account).min_sale


def _gains(one: Portfolio, lots: Sequence[Lot], units: Decimal) -> Gains:
    costs, sums = one.how.costs(lots[0].account), {"short": ZERO, "long": ZERO}
    whole = units
    for lot in lots:
        sold = min(lot.quantity, units)
        units -= sold
        net = sold * PRICE * (100 - costs.fee_percent) / 100
        sums[term(lot.acquired_at, NOW, ZONE)] += (
            net - (lot.basis_usd or ZERO) * sold / lot.quantity
        )
    return sums["short"], sums["long"], whole * PRICE * costs.fee_percent / 100


# ---- the rules


def check_rules(one: Portfolio, found: Plan) -> None:
    """Every sale takes what the order that binds takes first, no more than there is, nothing too
    small; and no account sells twice."""
    queues = {(q[0].account, q[0].asset): q for q in _queues(one)}
    assert len({(s.account, s.asset) for s in found.sales}) == len(found.sales)
    for sale in found.sales:
        queue, left = list(queues[sale.account, sale.asset]), sale.quantity
        for part in sale.parts:
            lot = queue.pop(0)
            assert part.lot.lot_id == lot.lot_id
            assert part.quantity == min(lot.quantity, left)
            left -= part.quantity
        assert left == ZERO
        assert sale.quantity * PRICE >= one.how.costs(sale.account).min_sale
        assert sale.loss_short + sale.loss_long == -sum(p.gain for p in sale.parts)


@cache
def compared(seed: int) -> tuple[Decimal, Decimal]:
    """What the planner finds and the best of all; the rules hold."""
    one = portfolio(seed)
    found = one.plan()
    check_rules(one, found)
    mine = worth_of_plan(one, found)
    assert mine is not None, "more loss than the goal wants"
    return mine, best_of_all(one)
