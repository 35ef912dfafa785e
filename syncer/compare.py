"""What each lot method would have given for a year, and would give for a sale today, and which of
them the law allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from config.exact import ZERO, cents
from syncer.books import Books
from syncer.harvest.market import Market
from syncer.harvest.order import Part, in_order, prefix
from syncer.lots.engine import replay
from syncer.lots.holding_period import Calendar, midnight
from syncer.lots.identification import Record
from syncer.lots.methods import METHODS
from syncer.lots.model import UNTAXED, Disposal, Lot
from syncer.lots.terms import TAX_MIN, StandingOrder, Terms
from syncer.shelf import Replayed
from syncer.tax.year import TAXABLE, TaxResult

AVERAGE, NAMED = "average", "named lots"
_TAKES_LOTS = TAXABLE - {"fee_withheld"}  # of what was just received, by no method
COMPARED = (*METHODS, TAX_MIN, AVERAGE)
_DEFAULT = "first in, first out is the rule without an identification (Reg. 1.1012-1(j))"
_NEVER = "there is no average basis for digital assets (IRC 1012(c)); for comparison only"


@dataclass(frozen=True, slots=True)
class YearUnder:
    """A year's figures if its sales had followed one method; earlier years as they were."""

    method: str
    tax: TaxResult
    allowed: bool
    why: str


@dataclass(frozen=True, slots=True)
class SaleUnder:
    """What a sale of `quantity` would give now; None where a basis is not known."""

    account: str
    asset: str
    method: str
    quantity: Decimal
    price: Decimal
    gains: Mapping[str, Decimal] | None
    tax: Decimal | None
    allowed: bool
    why: str


def year_under_each(books: Books, terms: Terms, year: int) -> Iterator[YearUnder]:
    """The year replayed under each method; events and prices as they are."""
    sales = [d for d in books.disposals_in(year) if d.kind in _TAKES_LOTS]
    named = _named_sales(books, terms)
    for method in COMPARED:
        found = replay(books.events, _under(method, terms, books, year))
        shelf = Replayed(books.events, found.lots, found.disposals, terms.zone)
        result = replace(books, shelf=shelf).tax(year)
        yield YearUnder(method, result, *_was_allowed(method, sales, named, books))


def _under(method: str, terms: Terms, books: Books, year: int) -> Terms:
    start = midnight(date(year, 1, 1), terms.zone)
    before = start - timedelta.resolution
    rule = "fifo" if method == AVERAGE else method
    new = [
        StandingOrder(a, None, rule, before, "proved", before) for a in sorted(books.shelf.accounts)
    ]
    return replace(
        terms,
        orders=[o for o in terms.orders if o.effective_at < before] + new,
        sales=[
            replace(s, before=min(s.before, before)) for s in terms.sales if s.recorded_at < start
        ],
        average_from=start if method == AVERAGE else None,
    )


def _named_sales(books: Books, terms: Terms) -> set[str]:
    """Events whose lots were identified one by one."""
    record = Record(terms, Calendar(terms.zone))
    whole = (d for d in books.shelf.disposals if d.part == 1 and d.kind in _TAKES_LOTS | UNTAXED)
    return {
        d.event_id
        for d in (whole if terms.sales else ())
        if record.binding(d.account, d.asset, d.disposed_at, d.kind).named
    }


def _was_allowed(
    method: str, sales: list[Disposal], named: Collection[str], books: Books
) -> tuple[bool, str]:
    if method == AVERAGE:
        return False, _NEVER
    events = {(d.event_id, d.account, d.asset): d.disposed_at for d in sales}
    rules = [
        NAMED
        if event in named
        else (order.rule if (order := books.order_for(account, asset, at)) else None)
        for (event, account, asset), at in events.items()
    ]
    if method == "fifo":
        others = sum(1 for rule in rules if rule not in (None, "fifo"))
        why = f"{others} of {len(rules)} sales followed an order with another rule, or named lots"
        return (False, why) if others else (True, _DEFAULT)
    covered = [rule for rule in rules if rule == method]
    if events and len(covered) == len(events):
        return True, "an order with this rule was recorded before every sale"
    count = f"{len(covered)} of {len(events)}"
    return False, f"an order with this rule was recorded before {count} sales"


def sale_under_each(
    books: Books, market: Mapping[str, Market], share: Decimal, now: datetime
) -> Iterator[SaleUnder]:
    """A sale of `share` (a fraction) of each holding that has a price, under each method."""
    pools: dict[tuple[str, str], list[Lot]] = {}
    for lot in books.lots:
        if lot.state == "held" and lot.asset in market:
            pools.setdefault((lot.pool, lot.asset), []).append(lot)
    for (_, asset), lots in sorted(pools.items()):
        for account in sorted({x.account for x in lots}):
            units = sum((x.quantity for x in lots if x.account == account), ZERO) * share
            for method in COMPARED:
                yield _sale(books, account, asset, method, lots, units, market[asset].usd, now)


def _sale(
    books: Books,
    account: str,
    asset: str,
    method: str,
    lots: list[Lot],
    units: Decimal,
    price: Decimal,
    now: datetime,
) -> SaleUnder:
    zone, year = books.settings.zone, now.astimezone(books.settings.zone).year

    tax_with = books.outlook(year).tax
    rule = "fifo" if method == AVERAGE else method
    ordered = in_order(lots, rule, price, tax_with, now, zone, units)
    parts = prefix(ordered, units, price, now, zone)
    gains = None if parts is None else _gains(parts, _average(lots) if method == AVERAGE else None)
    base = tax_with(ZERO, ZERO)
    after = None if gains is None else tax_with(gains["short"], gains["long"])
    tax = None if base is None or after is None else after - base
    allowed, why = _is_allowed(method, books.order_for(account, asset, now), account)
    return SaleUnder(account, asset, method, units, price, gains, tax, allowed, why)


def _average(lots: Iterable[Lot]) -> Decimal:
    units = basis = ZERO
    for lot in lots:
        units, basis = units + lot.quantity, basis + (lot.basis_usd or ZERO)
    return basis / units


def _gains(parts: Iterable[Part], average: Decimal | None) -> dict[str, Decimal]:
    gains = {"short": ZERO, "long": ZERO}
    for part in parts:
        basis = part.basis if average is None else cents(average * part.quantity)
        gains[part.term] += part.gain + part.basis - basis
    return gains


def _is_allowed(method: str, order: StandingOrder | None, account: str) -> tuple[bool, str]:
    if method == AVERAGE:
        return False, _NEVER
    if order and order.rule == method:
        return True, f"the order recorded for {account} is in force"
    if method == "fifo":
        how = f"only by a new order: syncer identify --rule fifo --account {account}"
        return (True, _DEFAULT) if order is None else (True, how)
    return True, f"if recorded before the sale: syncer identify --rule {method} --account {account}"
