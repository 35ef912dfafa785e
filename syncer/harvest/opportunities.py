"""What a sale today would really do: lots in the order that binds, tax as a difference of two
whole computations.

Under a fixed order an opportunity is a prefix of the queue, so a loss that sits behind a gain is
never promised. Quantities are tried at the ends of lots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from syncer.lots.holding_period import long_term_on, term
from syncer.lots.methods import METHODS
from syncer.lots.model import Holding, Lot

# (more short-term gain, more long-term gain) to the year's whole tax, None if not computable
TaxWith = Callable[[Decimal, Decimal], Decimal | None]
WASH_SALE_DAYS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Market:
    """A price and when it was seen."""

    usd: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What one lot gives to the sale; gain signed, in cents."""

    lot: Lot
    quantity: Decimal
    basis: Decimal
    gain: Decimal
    term: str


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
    held: dict[tuple[str, str], list[Lot]] = defaultdict(list)
    for lot in lots:
        if lot.state == "held":
            held[lot.account, lot.asset].append(lot)
    found = []
    for (account, asset), mine in sorted(held.items()):
        rule = rules.get((account, asset), "fifo")
        best = _best(mine, prices.get(asset), tax_with, limits, now, zone, rule)
        found += [best] if best else []
    return sorted(found, key=lambda o: (-(o.net_benefit or ZERO), -o.loss, o.account, o.asset))


def _best(
    lots: Sequence[Lot],
    market: Market | None,
    tax_with: TaxWith,
    limits: Limits,
    now: datetime,
    zone: ZoneInfo,
    rule: str,
) -> Opportunity | None:
    ordered = sorted(lots, key=lambda lot: METHODS[rule](_as_holding(lot)))
    recent = tuple(x for x in ordered if now - WASH_SALE_DAYS <= x.acquired_at <= now)
    if market is None:
        return _unpriced(ordered, recent)
    base = tax_with(ZERO, ZERO)
    best: Opportunity | None = None
    parts: list[Part] = []
    for lot in ordered:
        parts.append(_part(lot, market, limits.fee_percent, now, zone))
        one = _sale(parts, market, limits, base, tax_with, recent)
        if one.loss > ZERO and (best is None or _merit(one) > _merit(best)):
            best = one
    return best


def _merit(one: Opportunity) -> Decimal:
    return one.loss if one.net_benefit is None else one.net_benefit


def _as_holding(lot: Lot) -> Holding:
    return Holding(
        lot.lot_id,
        lot.account,
        lot.asset,
        lot.acquired_at,
        lot.quantity,
        lot.basis_usd,
        lot.source_event,
    )


def _part(lot: Lot, market: Market, fee_percent: Decimal, now: datetime, zone: ZoneInfo) -> Part:
    value = lot.quantity * market.usd
    proceeds = value - value * fee_percent / 100
    basis = lot.basis_usd
    if lot.loss_basis_usd is not None and proceeds < basis:
        basis = max(lot.loss_basis_usd, min(proceeds, basis))
    when = "long" if lot.inherited else term(lot.acquired_at, now, zone)
    return Part(lot, lot.quantity, basis, cents(proceeds) - basis, when)


def _sale(
    parts: Sequence[Part],
    market: Market,
    limits: Limits,
    base: Decimal | None,
    tax_with: TaxWith,
    recent: tuple[Lot, ...],
) -> Opportunity:
    quantity = sum((p.quantity for p in parts), ZERO)
    gains = {t: sum((p.gain for p in parts if p.term == t), ZERO) for t in ("short", "long")}
    after = tax_with(gains["short"], gains["long"])
    saved = None if base is None or after is None else base - after
    value = cents(quantity * market.usd)
    one = Opportunity(
        account=parts[0].lot.account,
        asset=parts[0].lot.asset,
        quantity=quantity,
        basis=sum((p.basis for p in parts), ZERO),
        value=value,
        loss_short=-gains["short"],
        loss_long=-gains["long"],
        tax_saved=saved,
        cost=cents(value * limits.fee_percent / 100),
        parts=tuple(parts),
        market=market,
        wash_sale_buys=recent,
    )
    return _with_reasons(one, limits)


def _with_reasons(one: Opportunity, limits: Limits) -> Opportunity:
    reasons = []
    if one.loss < limits.min_loss:
        reasons.append("below_min_loss_usd")
    if one.basis and one.loss * 100 < limits.min_loss_percent * one.basis:
        reasons.append("below_min_loss_percent")
    if one.net_benefit is None:
        reasons.append("ordinary_income_not_set")
    elif one.net_benefit < limits.min_benefit:
        reasons.append("below_min_benefit_usd")
    return replace(one, reasons=tuple(reasons))


def _unpriced(lots: Sequence[Lot], recent: tuple[Lot, ...]) -> Opportunity:
    return Opportunity(
        account=lots[0].account,
        asset=lots[0].asset,
        quantity=sum((x.quantity for x in lots), ZERO),
        basis=sum((x.basis_usd for x in lots), ZERO),
        value=None,
        loss_short=ZERO,
        loss_long=ZERO,
        tax_saved=None,
        cost=ZERO,
        parts=(),
        market=None,
        wash_sale_buys=recent,
        reasons=("no_price",),
    )


def turns_long_on(part: Part, zone: ZoneInfo) -> str:
    """The first day on which the part's lot is long-term."""
    return long_term_on(part.lot.acquired_at.astimezone(zone).date()).isoformat()
