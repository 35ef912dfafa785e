"""What a sale today would really do at each account, under the lot rule that binds it. Pure.

Under a fixed order an opportunity is a prefix of the queue, so a loss that sits behind a gain is
never promised; the best quantity is searched along it, within lots too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from syncer.harvest import opportunity as why
from syncer.harvest.market import NO_COSTS, Costs, Market
from syncer.harvest.opportunity import NO_LIMITS, Limits, Opportunity
from syncer.harvest.order import in_order, in_two, named_first
from syncer.harvest.path import Ends, Path, Sale
from syncer.harvest.search import Search
from syncer.harvest.washing import disallowed, recent_buys, without_disallowed
from syncer.lots.model import Lot
from syncer.lots.terms import TAX_MIN, NamedLot, WashSales
from syncer.tax.outlook import TwoYears

Place = tuple[str, str]  # account and asset


def _without_costs(account: str) -> Costs:
    return NO_COSTS


@dataclass(frozen=True, slots=True)
class How:
    """What decides besides lots and prices.

    `rules` names the standing order in force by place, else FIFO; `named` are the lots that a
    record in force gives to the next sale; `bought` are the events that are purchases; `locked` and
    `unsellable` name assets or `account/asset`.
    """

    taxes: TwoYears
    zone: ZoneInfo
    limits: Limits = NO_LIMITS
    rules: Mapping[Place, str] = field(default_factory=dict)
    named: Mapping[Place, Sequence[NamedLot]] = field(default_factory=dict)
    costs: Callable[[str], Costs] = _without_costs
    bought: frozenset[str] = frozenset()
    wash_sales: WashSales | None = None
    locked: frozenset[str] = frozenset()
    unsellable: frozenset[str] = frozenset()

    def enforces(self, now: datetime) -> bool:
        """Whether a law on wash sales counts on a day."""
        how = self.wash_sales
        if how is None or how.mode != "enforce":
            return False
        return how.start is None or how.start <= now.astimezone(self.zone).date()


def opportunities(
    lots: Iterable[Lot], prices: Mapping[str, Market], how: How, now: datetime
) -> list[Opportunity]:
    """The best sale per account and asset that has a loss, the best first; then what is not for
    sale, each with its reason."""
    return Scan(lots, how, now).at(prices)


class Scan:
    """All positions at one moment. A second look at other prices computes only what they touch."""

    def __init__(self, lots: Iterable[Lot], how: How, now: datetime) -> None:
        self._how, self._now = how, now
        self._positions = list(positions(lots, how, now))
        self._seen: dict[Place, tuple[Decimal | None, Opportunity | None]] = {}
        self.computed = 0  # positions looked at so far

    def at(self, prices: Mapping[str, Market]) -> list[Opportunity]:
        found = [self._of(position, prices.get(position.asset)) for position in self._positions]
        return sorted((o for o in found if o), key=_most_benefit_first)

    def _of(self, position: Position, market: Market | None) -> Opportunity | None:
        price = market.usd if market else None
        seen = self._seen.get(position.place)
        if seen is None or seen[0] != price:
            self.computed += 1
            seen = self._seen[position.place] = price, position.best(market)
        one = seen[1]
        return replace(one, market=market) if one and one.market != market else one


def _most_benefit_first(one: Opportunity) -> tuple[bool, Decimal, Decimal, str, str]:
    benefit = one.net_benefit if one.net_benefit is not None else ZERO
    return one.path is None, -benefit, -one.loss, one.account, one.asset


def positions(lots: Iterable[Lot], how: How, now: datetime) -> Iterator[Position]:
    """One for each account and asset, and one for what is on its way."""
    queues: dict[Place, list[Lot]] = defaultdict(list)
    by_asset: dict[str, list[Lot]] = defaultdict(list)
    moving: dict[Place, list[Lot]] = defaultdict(list)
    for lot in lots:
        by_asset[lot.asset].append(lot)
        if lot.state == "held":
            queues[lot.pool, lot.asset].append(lot)
        else:
            moving[lot.account, lot.asset].append(lot)
    recent = {a: tuple(recent_buys(x, how.bought, now, how.zone)) for a, x in by_asset.items()}
    for (_, asset), queue in sorted(queues.items()):
        for account in sorted({lot.account for lot in queue}):
            yield Position(account, asset, queue, recent[asset], how, now)
    for (account, asset), some in sorted(moving.items()):
        yield Position(account, asset, some, recent[asset], how, now, moving=True)


class Position:
    """What an account could sell of one asset: the pool's lots in the order that binds, as far as
    the units that the account itself holds."""

    def __init__(
        self,
        account: str,
        asset: str,
        queue: list[Lot],
        recent: tuple[Lot, ...],
        how: How,
        now: datetime,
        moving: bool = False,
    ) -> None:
        self.account, self.asset, self.queue = account, asset, queue
        self.recent, self._how, self._now, self._moving = recent, how, now, moving
        self.rule = how.rules.get((account, asset), "fifo")
        self.costs = how.costs(account)
        self.units = sum((x.quantity for x in queue if x.account == account), ZERO)
        self._fixed: Path | None = None

    @property
    def is_named(self) -> bool:
        """Whether a record in force names the lots of its next sale."""
        return (self.account, self.asset) in self._how.named

    @property
    def place(self) -> Place:
        return self.account, f"{self.asset}{' moving' if self._moving else ''}"

    def best(self, market: Market | None) -> Opportunity | None:
        """The sale with the greatest net benefit that has a loss; why not, if it is not for sale;
        None if it has no loss."""
        if reasons := self.apart(market):
            return self._not_for_sale(market, reasons)
        assert market is not None
        path = self.path(market.usd)
        units = self._best_units(path, market.usd)
        if units and self.rule == TAX_MIN:
            # the lots hang on how much is sold: promise what the sale of so much would take
            path = self.path(market.usd, units)
        one = self.sale_of(units, market, path) if units else None
        if one and one.loss > ZERO:
            return one
        return self._not_for_sale(market, (why.NO_BASIS,)) if path.stops() else None

    def path(self, price: Decimal, units: Decimal | None = None) -> Path:
        """In the order that binds, which for tax_min hangs on price and quantity."""
        if self.rule != TAX_MIN and self._fixed:
            return self._fixed
        ordered = self._ordered(price, units)
        most = self.units if units is None else units
        self._fixed = Path(ordered, most, self._now, self._how.zone)
        return self._fixed

    def path_of(self, ordered: Iterable[Lot], units: Decimal) -> Path:
        """Of other lots than the rule takes."""
        return Path(ordered, units, self._now, self._how.zone)

    def path_after(self, before: Decimal, units: Decimal, price: Decimal) -> Path:
        """Of at most so many units, where others sold some from the queue before."""
        if not before and units == self.units:
            return self.path(price)
        rest = list(_after(self._ordered(price, None), before))
        return Path(rest, units, self._now, self._how.zone)

    def _ordered(self, price: Decimal, units: Decimal | None) -> list[Lot]:
        cost, zone, net = self._how.taxes.now.cost, self._how.zone, self.costs.net(price)
        ordered = in_order(self.queue, self.rule, net, cost, self._now, zone, units)
        named = self._how.named.get((self.account, self.asset))
        return named_first(ordered, named) if named else ordered

    def ends(self, path: Path, price: Decimal) -> Ends:
        """What counts of a sale after each lot."""
        ends = path.ends(price, self.costs)
        if self.recent and self._how.enforces(self._now):
            return without_disallowed(path, ends, self.recent)
        return ends

    def least(self, price: Decimal) -> Decimal:
        """The smallest sale, in units."""
        return self.costs.min_sale / price

    def _best_units(self, path: Path, price: Decimal) -> Decimal:
        ends, least = self.ends(path, price), self.least(price)
        losses = [-(s + x) for s, x in zip(ends.short, ends.long, strict=True)]
        most = max(losses)
        if most <= ZERO:
            return ZERO
        tax = cache(self._how.taxes.now.tax)
        base = tax(ZERO, ZERO)
        if base is not None:
            found = Search(ends, lambda s, x, c: base - (tax(s, x) or ZERO) - c, least=least)
            if found.units and found.loss > ZERO:
                return found.units
        # nothing pays this year: the greatest loss, which is carried forward
        return Search(ends, lambda s, x, c: -(s + x), least=least).units

    def sale_of(self, units: Decimal, market: Market, path: Path) -> Opportunity | None:
        """All figures of the sale of so many units; None if a basis is not known."""
        sale = path.sale(units, self.costs.net(market.usd))
        if sale is None:
            return None
        washed = self._washed(sale, path, market)
        counts = self._how.enforces(self._now)
        short = sale.short + (washed["short"] if counts else ZERO)
        long = sale.long + (washed["long"] if counts else ZERO)
        taxes = self._how.taxes
        one = Opportunity(
            account=self.account,
            asset=self.asset,
            quantity=units,
            basis=sale.basis,
            value=cents(units * market.usd),
            market=market,
            rule=self.rule,
            loss_short=-short,
            loss_long=-long,
            tax_saved=taxes.tax_saved(short, long),
            later_tax=taxes.later_tax(short, long),
            carried=taxes.now.with_gains(short, long).carried,
            costs=self.costs,
            path=path,
            wash_sale_buys=self.recent,
            disallowed=washed["short"] + washed["long"],
        )
        return replace(one, reasons=self._how.limits.reasons(one))

    def _washed(self, sale: Sale, path: Path, market: Market) -> dict[str, Decimal]:
        found = {"short": ZERO, "long": ZERO}
        if self.recent and self._how.wash_sales:
            parts = path.parts(sale.units, self.costs.net(market.usd)) or []
            for part, dollars in zip(parts, disallowed(parts, self.recent), strict=True):
                found[part.term] += dollars
        return found

    # ---- what is not for sale

    def apart(self, market: Market | None) -> tuple[str, ...]:
        """Why the holding is not for sale; empty if it is."""
        names = {self.asset, f"{self.account}/{self.asset}"}
        if self._moving:
            return (why.IN_TRANSIT,)
        if names & self._how.locked:
            return (why.LOCKED,)
        if names & self._how.unsellable:
            return (why.UNSELLABLE, *self._worthless(ZERO))
        if market is None:
            return (why.NO_PRICE,)
        value = self.units * market.usd
        return (why.DUST, *self._worthless(value)) if value < self.costs.min_sale else ()

    def why_not(self, market: Market | None) -> Opportunity | None:
        """The holding with its reasons, if it is not for sale or not all of it can be promised."""
        reasons = self.apart(market)
        if not reasons and market is not None and self.path(market.usd).stops():
            reasons = (why.NO_BASIS,)
        return self._not_for_sale(market, reasons) if reasons else None

    def _worthless(self, value: Decimal) -> tuple[str, ...]:
        """CCA 202302011: what fell to next to nothing and is still held is no loss."""
        lost = self._basis() - value
        return (why.NEEDS_A_SALE,) if lost > max(ZERO, self._how.limits.min_loss) else ()

    def _basis(self) -> Decimal:
        """Of the account's own lots, as far as known."""
        return sum((x.basis_usd or ZERO for x in self.queue if x.account == self.account), ZERO)

    def _not_for_sale(self, market: Market | None, reasons: tuple[str, ...]) -> Opportunity:
        value = None if market is None else cents(self.units * market.usd)
        return Opportunity(
            account=self.account,
            asset=self.asset,
            quantity=self.units,
            basis=self._basis(),
            value=value,
            market=market,
            rule=self.rule,
            costs=self.costs,
            wash_sale_buys=self.recent,
            reasons=reasons,
        )


def _after(ordered: Iterable[Lot], units: Decimal) -> Iterator[Lot]:
    """What a sale of so many units leaves of a queue."""
    for lot in ordered:
        taken = min(lot.quantity, units)
        units -= taken
        if taken < lot.quantity:
            yield in_two(lot, taken)[1] if taken else lot
