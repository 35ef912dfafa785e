"""A year as it stands, and the whole tax that it would have with more gains. Pure.

Every figure of a harvest is the difference of two whole computations: netting, the loss limit,
brackets, stacking, NIIT, state, what was carried in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from config.exact import ZERO
from config.tax_law import TaxYear
from syncer.tax.federal import Taxpayer, federal_tax, state_tax, taxable_income
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


@dataclass(frozen=True, slots=True)
class Outlook:
    """The year so far: net gains by term from the ledger and outside it, losses brought in, income
    of the ledger. `law` may be that of another year, where this one's is not known yet."""

    year: int
    who: Taxpayer
    law: TaxYear
    short_term: Decimal
    long_term: Decimal
    brought: Carryover
    income: Decimal

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
            federal_tax(self.who, self.income, netting, self.law),
            state_tax(self.who, self.income, netting),
        )

    def tax(self, short: Decimal, long: Decimal) -> Decimal | None:
        """Federal and state tax with so much more gain, without the rest: searches ask it often."""
        netting = net(self.short_term + short, self.long_term + long, self.brought, self.limit)
        federal = federal_tax(self.who, self.income, netting, self.law)
        state = state_tax(self.who, self.income, netting)
        return None if federal is None or state is None else federal + state

    @property
    def limit(self) -> Decimal:
        """IRC 1211(b)."""
        return self.law.loss_limit[self.who.filing_status]


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
        before = replace(self.later, brought=kept).tax(ZERO, ZERO)
        after = replace(self.later, brought=left).tax(ZERO, -(short + long))
        return None if before is None or after is None else after - before
