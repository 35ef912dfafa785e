"""A year as it stands, and the whole tax that it would have with more gains. Pure.

Every figure of a harvest is the difference of two whole computations: netting, the loss limit,
brackets, stacking, NIIT, state, what was carried in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from config.exact import ZERO
from config.tax_law import TaxYear
from syncer.tax.federal import Taxpayer, federal_tax, marginal_rates, state_tax, taxable_income
from syncer.tax.netting import Carryover, Netting, carryover, net


@dataclass(frozen=True, slots=True)
class YearWith:
    """What a year comes to; taxes in cents, None if the ordinary income is not known."""

    short_term: Decimal
    long_term: Decimal
    netting: Netting
    carried: Carryover
    federal: Decimal | None
    state: Decimal | None

    @property
    def tax(self) -> Decimal | None:
        return None if self.federal is None or self.state is None else self.federal + self.state


@dataclass(frozen=True)
class Outlook:
    """The year so far: net gains by term from the ledger and outside it, losses brought in, income
    of the ledger. `law` may be that of another year, where this one's is not known yet. A MAGI that
    the person told is that of `magi_at` of taxable income, or of the year as it stands."""

    year: int
    who: Taxpayer
    law: TaxYear
    short_term: Decimal
    long_term: Decimal
    brought: Carryover
    income: Decimal
    magi_at: Decimal | None = None

    def moved(self, short: Decimal, long: Decimal) -> Outlook:
        """The year with so much more gain as if it stood so."""
        short, long = self.short_term + short, self.long_term + long
        return replace(self, short_term=short, long_term=long, magi_at=self.taxable_now)

    @cached_property
    def taxable_now(self) -> Decimal | None:
        """Taxable income that the told MAGI goes with."""
        if self.magi_at is not None:
            return self.magi_at
        netting = net(self.short_term, self.long_term, self.brought, self.limit)
        return taxable_income(self.who, self.income, netting)

    def _who(self, year: Netting) -> Taxpayer:
        """A told MAGI goes up and down with the gains."""
        taxable = taxable_income(self.who, self.income, year)
        if self.who.magi is None or taxable is None or self.taxable_now is None:
            return self.who
        return replace(self.who, magi=self.who.magi + taxable - self.taxable_now)

    def with_gains(self, short: Decimal = ZERO, long: Decimal = ZERO) -> YearWith:
        """The year if it had so much more short-term and long-term gain; losses below zero."""
        short, long = self.short_term + short, self.long_term + long
        netting = net(short, long, self.brought, self.limit)
        taxable = taxable_income(self.who, self.income, netting)
        return YearWith(
            short,
            long,
            netting,
            carryover(netting, taxable),
            federal_tax(self._who(netting), self.income, netting, self.law),
            state_tax(self.who, self.income, netting),
        )

    def tax(self, short: Decimal, long: Decimal) -> Decimal | None:
        """Federal and state tax with so much more gain, without the rest: searches ask it often."""
        netting = net(self.short_term + short, self.long_term + long, self.brought, self.limit)
        federal = federal_tax(self._who(netting), self.income, netting, self.law)
        state = state_tax(self.who, self.income, netting)
        return None if federal is None or state is None else federal + state

    def cost(self, short: Decimal, long: Decimal) -> Decimal | None:
        """What ranks lots: the tax less what is carried into later years is worth."""
        if self.who.ordinary_income is None:
            return None
        netting = net(self.short_term + short, self.long_term + long, self.brought, self.limit)
        return with_carryover(self.who, self.law, self._rate, self.income, netting)

    @cached_property
    def _rate(self) -> Decimal:
        return marginal_rates(self.who, self.law)[0]

    @property
    def limit(self) -> Decimal:
        """IRC 1211(b)."""
        return self.law.loss_limit[self.who.filing_status]


def with_carryover(
    who: Taxpayer, law: TaxYear, rate: Decimal, income: Decimal, year: Netting
) -> Decimal:
    """Federal and state tax; what a loss carries into later years is worth the ordinary rate."""
    carried = carryover(year, taxable_income(who, income, year))
    tax = (federal_tax(who, income, year, law) or ZERO) + (state_tax(who, income, year) or ZERO)
    return tax - rate * (carried.short + carried.long)


@dataclass(frozen=True, slots=True)
class TwoYears:
    """This year and the next: what a loss saves now, and what the lower basis costs later."""

    now: Outlook
    later: Outlook  # without anything brought in: that follows from this year

    def tax_saved(self, short: Decimal, long: Decimal) -> Decimal | None:
        """This year's whole tax less that with the gains; below zero if it rises."""
        before, after = self.now.tax(ZERO, ZERO), self.now.tax(short, long)
        return None if before is None or after is None else before - after

    def later_tax(self, short: Decimal, long: Decimal) -> Decimal | None:
        """What the lower basis would cost: the units are bought again now, and next year, held for
        more than a year, are sold at what they cost at first, with what is carried forward."""
        kept = self.now.with_gains().carried
        left = self.now.with_gains(short, long).carried
        usual = replace(self.later, brought=kept)
        other = replace(self.later, brought=left, magi_at=usual.taxable_now)
        before, after = usual.tax(ZERO, ZERO), other.tax(ZERO, -(short + long))
        return None if before is None or after is None else after - before
