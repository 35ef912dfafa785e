"""Year after year: gains netted, losses carried from each year into the next by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from config.tax_law import TaxYear
from syncer.events import Event, is_income
from syncer.lots.model import Disposal
from syncer.tax.federal import Taxpayer, federal_tax, state_tax, taxable_income
from syncer.tax.netting import Carryover, Netting, carryover, net

NOTHING = Carryover()
TAXABLE = frozenset({"sale", "swap", "spend", "fee", "fee_withheld", "other"})


@dataclass(frozen=True, slots=True)
class Income:
    """One receipt of ordinary income; `usd` in cents, None where it has no price."""

    event_id: str
    account: str
    asset: str
    quantity: Decimal
    received_on: date
    usd: Decimal | None
    kind: str
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaxResult:
    """One year's figures; dollars in cents."""

    year: int
    short_term: Decimal
    long_term: Decimal
    brought: Carryover
    netting: Netting
    carried: Carryover
    income: Decimal
    federal: Decimal | None
    state: Decimal | None


def incomes(events: Iterable[Event], zone: ZoneInfo) -> list[Income]:
    """Income rows; the venue's cut of a reward was never received, so the net counts."""
    rows = []
    for event in events:
        if not is_income(event.kind):
            continue
        for leg in event.coming():
            withheld = sum((f.quantity for f in event.fees() if f.asset == leg.asset), ZERO)
            quantity = leg.quantity + withheld
            usd = None if leg.usd is None else cents(leg.usd * quantity / leg.quantity)
            day = event.at.astimezone(zone).date()
            kind = event.kind.removeprefix("income:")
            rows.append(
                Income(event.event_id, leg.account, leg.asset, quantity, day, usd, kind, event.gaps)
            )
    return rows


def in_year(disposals: Iterable[Disposal], year: int, zone: ZoneInfo) -> list[Disposal]:
    """Disposals whose local date is in the year."""
    return [d for d in disposals if d.disposed_at.astimezone(zone).year == year]


def totals(disposals: Iterable[Disposal]) -> tuple[Decimal, Decimal]:
    """(short, long) gains of taxable disposals; a shortage without a term enters neither."""
    sums = {"short": ZERO, "long": ZERO}
    for one in disposals:
        if one.kind in TAXABLE and one.gain_usd is not None and one.term:
            sums[one.term] += one.gain_usd
    return sums["short"], sums["long"]


@dataclass(frozen=True, slots=True)
class Years:
    """The figures by year, from which any year is worked out with what earlier ones carry into it.

    `start` is the year that `brought` enters, if the person told a carryover; `told` are the years
    that they told something of, such as gains from outside the ledger.
    """

    gains: Mapping[int, tuple[Decimal, Decimal]]
    income: Mapping[int, Decimal]
    who: Callable[[int], Taxpayer]
    law: Callable[[int], TaxYear]
    limit: Callable[[str], Decimal]
    start: int | None = None
    brought: Carryover = NOTHING
    told: Collection[int] = ()

    def result(self, year: int) -> TaxResult:
        """Raises UsageError if `year` has no table; earlier years only need the loss limit,
        which is not indexed (IRC 1211(b))."""
        law = self.law(year)
        brought = self.brought_into(year)
        who, income = self.who(year), self.income.get(year, ZERO)
        short, long, netting = self._net(year, brought)
        carried = carryover(netting, taxable_income(who, income, netting))
        return TaxResult(
            year,
            short,
            long,
            brought,
            netting,
            carried,
            income,
            federal_tax(who, income, netting, law),
            state_tax(who, income, netting),
        )

    def first(self, year: int) -> int:
        """The first year whose result can carry into `year`."""
        if self.start is not None and self.start <= year:
            return self.start
        return min((*self.gains, *self.told, year))

    def brought_into(self, year: int) -> Carryover:
        """What the years before carry into one."""
        first = self.first(year)
        brought = self.brought if first == self.start else NOTHING
        for before in range(first, year):
            _, _, netting = self._net(before, brought)
            income = self.income.get(before, ZERO)
            brought = carryover(netting, taxable_income(self.who(before), income, netting))
        return brought

    def _net(self, year: int, brought: Carryover) -> tuple[Decimal, Decimal, Netting]:
        who = self.who(year)
        short, long = self.gains.get(year, (ZERO, ZERO))
        short, long = short + who.other_short_term, long + who.other_long_term
        return short, long, net(short, long, brought, self.limit(who.filing_status))
