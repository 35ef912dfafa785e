"""Takes lots for what leaves and writes down the slices: quantity, cents, term, and what is amiss.

Proceeds and basis are each rounded once and dealt to the slices by cumulative rounding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from config.exact import CENT, ZERO, cents, dealt
from syncer.events import NO_PRICE, Event, Leg, lot_id
from syncer.lots.amounts import Amount
from syncer.lots.changeover import UNALLOCATED
from syncer.lots.holding_period import Calendar
from syncer.lots.identification import FIFO, NOT_HELD, Binding, Record
from syncer.lots.minimise import ByTerm, Position, gained, least_taxed
from syncer.lots.model import (
    ASK_AN_ADVISER,
    OVERSOLD,
    UNTAXED,
    Disposal,
    Holding,
    Slice,
    Term,
    sale_basis,
)
from syncer.lots.pools import Place, Pools, Queue
from syncer.lots.terms import TAX_MIN, NamedLot, Terms
from syncer.lots.wash import Washing
from syncer.tax.year import incomes

Gaps = tuple[str, ...]
_tuple = tuple.__new__  # what Disposal(...) does, at half its time


class Sale(NamedTuple):
    """One leg that disposes of a coin, with what it brings and what binds it; the first `chosen`
    slices were identified one by one."""

    event: Event
    number: int
    leg: Leg
    pool: str
    kind: str
    amount: Amount
    gaps: Gaps
    binding: Binding
    chosen: int


class Disposing:
    """All dispositions of one replay."""

    def __init__(self, terms: Terms, calendar: Calendar, pools: Pools) -> None:
        self._terms, self._calendar = terms, calendar
        self.record = Record(terms, calendar)
        self.disposals: list[Disposal] = []
        self.gaps: dict[str, list[str]] = defaultdict(list)
        self.position = Position(terms.rates)
        self.washing = (
            Washing(terms.wash_sales, calendar, self.disposals, pools) if terms.wash_sales else None
        )
        self.follows = terms.minimises
        # whether nothing but the lots of an asset decides what is sold of it, and for how much
        self.by_asset = not self.follows and self.washing is None
        # by id of a queue, which is kept, so that no other queue gets its id
        self._by_term: dict[int, tuple[Queue, ByTerm]] = {}

    def dispose(
        self,
        event: Event,
        number: int,
        leg: Leg,
        amount: Amount,
        kind: str,
        place: Place,
    ) -> list[Slice]:
        """Take lots for a leg and record each slice; `amount` is in cents."""
        quantity, queue = -leg.quantity, place.queue
        binding = FIFO
        if self.record.decides:
            binding = self.record.binding(leg.account, leg.asset, event.at, kind)
        gaps = binding.gaps
        chosen = 0
        if binding is FIFO:
            slices, short = queue.take(quantity, "fifo")
        else:
            slices, short, missing = self._take_named(queue, binding, quantity)
            chosen = len(slices)
            if missing:
                gaps = (*gaps, NOT_HELD)
            if short:
                price = (amount[0] or ZERO) / quantity
                rest, short = self._take(queue, binding.rule, short, event.at, price, slices)
                slices += rest
        if amount[0] is None:
            gaps = _without_proceeds(kind, gaps)
        told = (event, number, leg, place.pool, kind, amount, gaps, binding, chosen)
        sale = _tuple(Sale, told)
        self._record_slices(sale, slices, short)
        return slices

    def _record_slices(self, sale: Sale, slices: list[Slice], short: Decimal) -> None:
        """One row per slice, and one for what was short. (Most of the time is spent here.)"""
        event, number, leg, pool, kind, (proceeds, fees), gaps, binding, chosen = sale
        event_id, at, txid = event.event_id, event.at, event.txid
        account, asset, quantity = leg.account, leg.asset, -leg.quantity
        day = self._calendar.day(at)
        add, apart, proof = self.disposals.append, self.by_asset, binding.rest_proof
        costs = self._dealt(fees, slices, quantity) if fees else None
        so_far = given = ZERO
        count = 0
        for one in slices:
            held, part, basis, _ = one
            share = proceeds
            if part != quantity and proceeds is not None:
                so_far += part
                upto = proceeds if so_far == quantity else cents(proceeds * so_far / quantity)
                share, given = upto - given, upto
            acquired: datetime | None = held.acquired_at
            long_on = held.long_on or self._long_on(held)
            term: Term | None = "long" if day >= long_on else "short"
            told = gaps
            if held.peculiar:
                acquired, basis, term, told = self._peculiar(sale, one, share, day)
            count += 1
            row = (
                event_id,
                number,
                count,
                account,
                pool,
                asset,
                part,
                acquired,
                at,
                share,
                ZERO if costs is None else next(costs),
                basis,
                term,
                held.lot_id,
                txid,
                kind,
                proof if count > chosen else binding.proof,
                held.inherited,
                told,
                ZERO,
                held.road,
            )
            add(_tuple(Disposal, row))
            if not apart:
                self._follow(held, term, day, kind)
        if short:
            rest = None if proceeds is None else proceeds - given
            cost = ZERO if costs is None else next(costs)
            self._record_short(sale, count + 1, short, (rest, cost))

    def _follow(self, held: Holding, term: Term | None, day: date, kind: str) -> None:
        """Tell those who follow every sale: the year's netting so far, and wash sales."""
        gain = self.disposals[-1].gain_usd
        if self.follows and gain is not None and term:
            self.position.add(day.year, term, gain)
        if self.washing and kind not in UNTAXED:
            self.washing.sold(len(self.disposals) - 1, held)

    def _peculiar(
        self, sale: Sale, one: Slice, proceeds: Decimal | None, day: date
    ) -> tuple[datetime | None, Decimal | None, Term | None, Gaps]:
        """Date, basis, term and gaps of what was given, inherited, not allocated or not priced."""
        held, gaps = one.holding, sale.gaps
        if held.unallocated:
            return None, None, None, (*gaps, UNALLOCATED)
        acquired, basis = sale_basis(held.acquired_at, one.basis, one.gift, proceeds)
        if basis is None and sale.kind not in UNTAXED and NO_PRICE not in gaps:
            gaps = (*gaps, NO_PRICE)
        long_on = self._calendar.long_on(acquired) if held.gift else self._long_on(held)
        return acquired, basis, "long" if held.inherited or day >= long_on else "short", gaps

    def found_gaps(self) -> dict[str, tuple[str, ...]]:
        """By event, each once."""
        return {e: tuple(dict.fromkeys(found)) for e, found in self.gaps.items() if found}

    # ---- which lots

    def _take_named(
        self, queue: Queue, binding: Binding, quantity: Decimal
    ) -> tuple[list[Slice], Decimal, bool]:
        """Slices of the lots that were identified, what is left to take, and whether one was not
        held as identified."""
        if not binding.named:
            return [], quantity, False
        slices: list[Slice] = []
        missing = False
        for wanted in binding.named:
            rest = min(wanted.quantity, quantity)
            for holding in _named(queue, wanted):
                part = min(rest, holding.left)
                if part:
                    slices.append(queue.cut(holding, part))
                    rest, quantity = rest - part, quantity - part
            missing = missing or rest > ZERO
        return slices, quantity, missing

    def _take(
        self,
        queue: Queue,
        rule: str,
        quantity: Decimal,
        at: datetime,
        price: Decimal,
        named: list[Slice],
    ) -> tuple[list[Slice], Decimal]:
        if rule != TAX_MIN:
            return queue.take(quantity, rule)
        day = self._calendar.day(at)
        _, by_term = self._by_term.get(id(queue)) or (queue, ByTerm(queue))
        self._by_term[id(queue)] = (queue, by_term)
        offers = by_term.offers(day, quantity, price, self._calendar)
        also_short, also_long = gained(named, price, self._calendar, day)

        def tax_with(short: Decimal, long: Decimal) -> Decimal:
            return self.position.tax_with(day.year, short + also_short, long + also_long)

        chosen = least_taxed(*offers, quantity, tax_with)
        slices = [queue.cut(holding, part) for holding, part in chosen]
        return slices, quantity - sum((part for _, part in chosen), ZERO)

    def earn(self, event: Event) -> None:
        """Income counts for what later sales of the year are taxed at."""
        for row in incomes([event], self._calendar.zone):
            self.position.income[row.received_on.year] += row.usd or ZERO

    # ---- rows

    @staticmethod
    def _dealt(fees: Decimal, slices: list[Slice], quantity: Decimal) -> Iterator[Decimal]:
        rest = quantity - sum((s.quantity for s in slices), ZERO)
        return dealt(fees, [*(s.quantity for s in slices), rest], quantity)

    def _long_on(self, held: Holding) -> date:
        if held.long_on is None:
            held.long_on = self._calendar.long_on(held.held_from or held.acquired_at)
        return held.long_on

    def _record_short(self, sale: Sale, count: int, short: Decimal, amount: Amount) -> None:
        """More was disposed of than is known: no date, basis, gain or term, unless a person
        accepted zero basis with a term."""
        event, leg, gaps = sale.event, sale.leg, sale.gaps
        accepted = self._terms.zero_basis.get((event.event_id, leg.asset))
        if not accepted:
            self.gaps[event.event_id].append(OVERSOLD)
            gaps = (*gaps, OVERSOLD)
        part = (sale.number, count, leg, sale.pool, short)
        money = (*amount, ZERO if accepted else None)
        self._record(event, part, sale.kind, None, money, accepted, None, gaps)

    def withhold(self, event: Event, number: int, fee: Leg, pool: str) -> None:
        """Units withheld from what was just received: basis equals proceeds, zero gain."""
        value = None if fee.usd is None else cents(fee.usd)
        lot = lot_id(event.event_id, fee.account, fee.asset)
        part = (number, 1, fee, pool, -fee.quantity)
        gaps = (NO_PRICE,) if value is None else ()
        money = (value, ZERO, value)
        self._record(event, part, "fee_withheld", event.at, money, "short", lot, gaps)

    def _record(
        self,
        event: Event,
        part: tuple[int, int, Leg, str, Decimal],
        kind: str,
        acquired: datetime | None,
        money: tuple[Decimal | None, Decimal, Decimal | None],
        term: Term | None,
        lot: str | None,
        gaps: Gaps,
    ) -> None:
        """A row that no lot stands behind; `money` is proceeds, fees and basis."""
        number, count, leg, pool, quantity = part
        self.disposals.append(
            Disposal(
                event.event_id,
                number,
                count,
                leg.account,
                pool,
                leg.asset,
                quantity,
                acquired,
                event.at,
                *money,
                term,
                lot,
                event.txid,
                kind,
                gaps=gaps,
            )
        )


def _without_proceeds(kind: str, gaps: Gaps) -> Gaps:
    """A gift has none; what was lost or stolen may be deductible, which a person must ask about."""
    if kind == "lost":
        return (*gaps, ASK_AN_ADVISER)
    return gaps if kind in UNTAXED else (*gaps, NO_PRICE)


def _named(queue: Queue, wanted: NamedLot) -> list[Holding]:
    return [h for h in queue if not h.unallocated and _fits(wanted, h)]


def _fits(wanted: NamedLot, holding: Holding) -> bool:
    """By the basis per unit of the whole lot, or of what is left of it, which a person sees."""
    rest, at = holding.rest(), holding.acquired_at
    whole = is_named(wanted, at, holding.whole, holding.basis)
    return whole or is_named(wanted, at, rest.quantity, rest.basis)


def is_named(
    wanted: NamedLot, acquired_at: datetime, units: Decimal, basis: Decimal | None
) -> bool:
    """Whether a person's words fit a lot: its time, to the second if no more is said, and the
    basis per unit, to the cent or as exactly as it is stated."""
    if wanted.acquired_at not in (acquired_at, acquired_at.replace(microsecond=0)):
        return False
    if wanted.unit_basis is None:
        return True
    if basis is None:
        return False
    stated = min(wanted.unit_basis, CENT, key=_exponent)
    return (basis / units).quantize(stated, ROUND_HALF_UP) == wanted.unit_basis.quantize(stated)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
