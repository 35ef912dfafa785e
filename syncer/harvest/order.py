"""Which open lots a sale would take now, by a rule, and what each would give: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents, dealt
from syncer.lots.disposing import is_named
from syncer.lots.holding_period import term
from syncer.lots.methods import METHODS
from syncer.lots.minimise import Offer, least_taxed
from syncer.lots.model import Holding, Lot, sale_basis
from syncer.lots.terms import (
    DEFAULT_LONG,
    DEFAULT_SHORT,
    TAX_MIN,
    NamedLot,
    cost_at_two_rates,
)
from syncer.tax.netting import Carryover, net

# (more short-term gain, more long-term gain) to the year's whole tax, None if not computable
TaxWith = Callable[[Decimal, Decimal], Decimal | None]


@dataclass(frozen=True, slots=True)
class Part:
    """What one lot gives to the sale; gain signed, in cents."""

    lot: Lot
    quantity: Decimal
    basis: Decimal
    gain: Decimal
    term: str


def in_order(
    lots: Iterable[Lot],
    rule: str,
    price: Decimal,
    tax_with: TaxWith,
    now: datetime,
    zone: ZoneInfo,
    units: Decimal | None = None,
) -> list[Lot]:
    """Open lots as a sale of `units` at `price` would take them; how many only matters to tax_min,
    which without it goes by what one more dollar is taxed at."""
    if rule != TAX_MIN:
        return sorted(lots, key=lambda lot: METHODS[rule](as_holding(lot)))
    if units is not None:
        return _least_taxed(list(lots), price, units, tax_with, now, zone)
    rates = dict(zip(("short", "long"), _marginal(tax_with), strict=True))

    def tax(lot: Lot) -> tuple[Decimal, str]:
        part = cut(lot, lot.quantity, cents(lot.quantity * price), now, zone)
        if part is None:  # no basis counts as none
            return price * rates[term_of(lot, now, zone)], lot.lot_id
        return part.gain / lot.quantity * rates[part.term], lot.lot_id

    return sorted(lots, key=tax)


def _least_taxed(
    lots: list[Lot],
    price: Decimal,
    units: Decimal,
    tax_with: TaxWith,
    now: datetime,
    zone: ZoneInfo,
) -> list[Lot]:
    """By the whole tax of the year with the sale; those that stay come last."""
    offers: dict[str, list[Offer[Lot]]] = {"short": [], "long": []}
    for lot in sorted(lots, key=lambda lot: lot.lot_id):
        part = cut(lot, lot.quantity, cents(lot.quantity * price), now, zone)
        gain = price if part is None else part.gain / lot.quantity
        when = term_of(lot, now, zone) if part is None else part.term
        offers[when].append(Offer(lot, lot.quantity, gain))
    short, long = (sorted(offers[t], key=lambda o: o.gain) for t in ("short", "long"))

    def tax(more_short: Decimal, more_long: Decimal) -> Decimal:
        whole = tax_with(more_short, more_long)
        if whole is None:
            return cost_at_two_rates(ZERO, net(more_short, more_long, Carryover(), ZERO))
        return whole

    taken = [lot for lot, _ in least_taxed(short, long, units, tax)]
    ids = {id(lot) for lot in taken}
    return taken + [lot for lot in lots if id(lot) not in ids]


def _marginal(tax_with: TaxWith) -> tuple[Decimal, Decimal]:
    """Tax on one more dollar of (short, long) gain, as the year stands."""
    base = tax_with(ZERO, ZERO)
    short, long = tax_with(Decimal(100), ZERO), tax_with(ZERO, Decimal(100))
    if base is None or short is None or long is None:
        return DEFAULT_SHORT, DEFAULT_LONG
    return short - base, long - base


def cut(
    lot: Lot, quantity: Decimal, proceeds: Decimal, now: datetime, zone: ZoneInfo
) -> Part | None:
    """A part of a lot sold for `proceeds` in cents; None if its basis is not known."""
    one = as_holding(lot).take(quantity)
    acquired, basis = sale_basis(lot.acquired_at, one.basis, one.gift, proceeds)
    if basis is None:
        return None
    when = term(acquired, now, zone) if acquired != lot.acquired_at else term_of(lot, now, zone)
    return Part(lot, quantity, basis, proceeds - basis, when)


def term_of(lot: Lot, now: datetime, zone: ZoneInfo) -> str:
    return "long" if lot.inherited else term(lot.held_from or lot.acquired_at, now, zone)


def prefix(
    ordered: Iterable[Lot], units: Decimal, net: Decimal, now: datetime, zone: ZoneInfo
) -> list[Part] | None:
    """The parts of a sale of `units` that brings `net` dollars a unit after costs, as the engine
    would deal the cents; None if a basis is not known."""
    taken: list[tuple[Lot, Decimal]] = []
    for lot in ordered:
        quantity = min(lot.quantity, units)
        if quantity <= ZERO:
            break
        taken.append((lot, quantity))
        units -= quantity
    whole = sum((q for _, q in taken), ZERO)
    proceeds = dealt(cents(whole * net), (q for _, q in taken), whole)
    found = [cut(lot, q, p, now, zone) for (lot, q), p in zip(taken, proceeds, strict=True)]
    known = [p for p in found if p is not None]
    return known if len(known) == len(found) else None


def as_holding(lot: Lot) -> Holding:
    return Holding(
        lot.lot_id,
        lot.account,
        lot.asset,
        lot.acquired_at,
        lot.quantity,
        lot.basis_usd,
        lot.source_event,
        lot.gift,
        lot.inherited,
    )


def named_first(ordered: Iterable[Lot], named: Iterable[NamedLot]) -> list[Lot]:
    """With the lots that a person named for their next sale before the others: a lot that is named
    in part is in two, its cents as the engine would cut them."""
    rest, first = list(ordered), list[Lot]()
    for wanted in named:
        units = wanted.quantity
        for place, lot in enumerate(rest):
            if units <= ZERO or not is_named(wanted, lot.acquired_at, lot.quantity, lot.basis_usd):
                continue
            taken = min(units, lot.quantity)
            units -= taken
            one, left = in_two(lot, taken)
            first.append(one)
            rest[place] = left
        rest = [lot for lot in rest if lot.quantity]
    return first + rest


def in_two(lot: Lot, quantity: Decimal) -> tuple[Lot, Lot]:
    """A lot cut: so many units, and the rest, their cents adding up."""
    whole = as_holding(lot)
    one = whole.take(quantity)
    left = whole.rest()
    return (
        replace(lot, quantity=quantity, basis_usd=one.basis, gift=one.gift),
        replace(lot, quantity=left.quantity, basis_usd=left.basis, gift=left.gift),
    )
