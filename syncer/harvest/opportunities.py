"""What a sale today would really do: lots in the order that binds, tax as a difference of two
whole computations.

Under a fixed order an opportunity is a prefix of the queue, so a loss that sits behind a gain is
never promised. Quantities are tried at the ends of lots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from syncer.harvest.order import Part, TaxWith, cut, in_order
from syncer.lots.holding_period import long_term_on
from syncer.lots.model import Lot
from syncer.lots.terms import TAX_MIN

WASH_SALE_DAYS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Market:
    """A price and when it was seen."""

    usd: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A sale and what it does. Losses positive; a gain in a term is a negative loss there."""

    account: str
    asset: str
    quantity: Decimal
    basis: Decimal
    value: Decimal | None
    loss_short: Decimal
    loss_long: Decimal
    tax_saved: Decimal | None
    cost: Decimal
    parts: tuple[Part, ...]
    market: Market | None
    wash_sale_buys: tuple[Lot, ...]
    reasons: tuple[str, ...] = ()

    @property
    def loss(self) -> Decimal:
        return self.loss_short + self.loss_long

    @property
    def net_benefit(self) -> Decimal | None:
        return None if self.tax_saved is None else self.tax_saved - self.cost


@dataclass(frozen=True, slots=True)
class Limits:
    """`[harvest]`: below these an opportunity is shown with the reason and not alerted."""

    min_loss: Decimal = ZERO
    min_loss_percent: Decimal = ZERO
    min_benefit: Decimal = ZERO
    fee_percent: Decimal = ZERO


def opportunities(
    lots: Iterable[Lot],
    prices: Mapping[str, Market],
    tax_with: TaxWith,
    limits: Limits,
    now: datetime,
    zone: ZoneInfo,
    rules: Mapping[tuple[str, str], str],
) -> list[Opportunity]:
    """The best sale per account and asset that has a loss, and holdings without a price.

    `rules` names the standing order in force by (account, asset); else FIFO.
    """
    queues: dict[tuple[str, str], list[Lot]] = defaultdict(list)
    for lot in lots:
        if lot.state == "held":
            queues[lot.pool, lot.asset].append(lot)
    found = []
    for (_, asset), queue in sorted(queues.items()):
        for account in sorted({lot.account for lot in queue}):
            rule = rules.get((account, asset), "fifo")
            market = prices.get(asset)
            price = market.usd if market else ZERO
            ordered = in_order(queue, rule, price, tax_with, now, zone)
            sale = _Sale(account, ordered, market, limits, now, zone)
            best = sale.best(tax_with)
            if best and best.parts and best.market and rule == TAX_MIN:
                # the lots hang on how much is sold: promise what the sale of so much would take
                units = best.quantity
                ordered = in_order(queue, rule, price, tax_with, now, zone, units)
                best = replace(sale, ordered=ordered).of(units, best.market, tax_with)
            found += [best] if best else []
    return sorted(found, key=lambda o: (-(o.net_benefit or ZERO), -o.loss, o.account, o.asset))


@dataclass(frozen=True, slots=True)
class _Sale:
    """What an account could sell of one asset: the pool's lots in the order that binds, as far as
    the units that the account itself holds."""

    account: str
    ordered: Sequence[Lot]
    market: Market | None
    limits: Limits
    now: datetime
    zone: ZoneInfo

    def best(self, tax_with: TaxWith) -> Opportunity | None:
        """The prefix of the queue with the greatest net benefit that has a loss."""
        mine = sum((x.quantity for x in self.ordered if x.account == self.account), ZERO)
        if self.market is None:
            return self._unsold(mine, "no_price")
        base, best, parts, left = tax_with(ZERO, ZERO), None, list[Part](), mine
        for lot in self.ordered:
            if left <= ZERO:
                break
            part = self._part(lot, min(lot.quantity, left), self.market)
            if part is None:  # beyond a lot whose basis is not known nothing can be promised
                return best or self._unsold(mine, "basis_not_known")
            left -= part.quantity
            parts.append(part)
            one = self._offer(parts, self.market, base, tax_with)
            if one.loss > ZERO and (best is None or _merit(one) > _merit(best)):
                best = one
        return best

    def of(self, units: Decimal, market: Market, tax_with: TaxWith) -> Opportunity | None:
        """A sale of just so many units; None if it has no loss."""
        parts: list[Part] = []
        for lot in self.ordered:
            quantity = min(lot.quantity, units)
            if quantity <= ZERO:
                break
            part = self._part(lot, quantity, market)
            if part is None:
                return self._unsold(units, "basis_not_known")
            parts.append(part)
            units -= quantity
        one = self._offer(parts, market, tax_with(ZERO, ZERO), tax_with)
        return one if one.loss > ZERO else None

    def _part(self, lot: Lot, quantity: Decimal, market: Market) -> Part | None:
        value = quantity * market.usd
        proceeds = cents(value - value * self.limits.fee_percent / 100)
        return cut(lot, quantity, proceeds, self.now, self.zone)

    def _offer(
        self, parts: Sequence[Part], market: Market, base: Decimal | None, tax_with: TaxWith
    ) -> Opportunity:
        quantity = sum((p.quantity for p in parts), ZERO)
        gains = {t: sum((p.gain for p in parts if p.term == t), ZERO) for t in ("short", "long")}
        after = tax_with(gains["short"], gains["long"])
        value = cents(quantity * market.usd)
        one = Opportunity(
            account=self.account,
            asset=parts[0].lot.asset,
            quantity=quantity,
            basis=sum((p.basis for p in parts), ZERO),
            value=value,
            loss_short=-gains["short"],
            loss_long=-gains["long"],
            tax_saved=None if base is None or after is None else base - after,
            cost=cents(value * self.limits.fee_percent / 100),
            parts=tuple(parts),
            market=market,
            wash_sale_buys=self._recent(),
        )
        return _with_reasons(one, self.limits)

    def _recent(self) -> tuple[Lot, ...]:
        """Buys of the last 30 days: a note only."""
        start = self.now - WASH_SALE_DAYS
        return tuple(x for x in self.ordered if start <= x.acquired_at <= self.now)

    def _unsold(self, quantity: Decimal, reason: str) -> Opportunity:
        return Opportunity(
            account=self.account,
            asset=self.ordered[0].asset,
            quantity=quantity,
            basis=sum((x.basis_usd or ZERO for x in self.ordered), ZERO),
            value=None,
            loss_short=ZERO,
            loss_long=ZERO,
            tax_saved=None,
            cost=ZERO,
            parts=(),
            market=self.market,
            wash_sale_buys=self._recent(),
            reasons=(reason,),
        )


def _merit(one: Opportunity) -> Decimal:
    return one.loss if one.net_benefit is None else one.net_benefit


def _with_reasons(one: Opportunity, limits: Limits) -> Opportunity:
    reasons = []
    if one.loss < limits.min_loss:
        reasons.append("below_min_loss_usd")
    if one.basis and one.loss * 100 < limits.min_loss_percent * one.basis:
        reasons.append("below_min_loss_percent")
    if one.net_benefit is None:
        reasons.append("tax_not_computable")
    elif one.net_benefit < limits.min_benefit:
        reasons.append("below_min_benefit_usd")
    return replace(one, reasons=tuple(reasons))


def turns_long_on(part: Part, zone: ZoneInfo) -> str:
    """The first day on which the part's lot is long-term."""
    held_from = part.lot.held_from or part.lot.acquired_at
    return long_term_on(held_from.astimezone(zone).date()).isoformat()
