"""The whole federal tax of a year: ordinary brackets, long-term stacking, NIIT.

A bracket computation; an exact Form 1040 uses the Tax Table below $100,000 (bin midpoints).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import accumulate

from config.exact import ZERO, cents
from config.tax_law import TaxYear
from syncer.tax.netting import Carryover, Netting, net


@dataclass(frozen=True, slots=True)
class Taxpayer:
    """One year of a person. `ordinary_income` is taxable income without capital gains and without
    ledger income; None means that the person has not told it, and no tax is computed."""

    filing_status: str = "single"
    ordinary_income: Decimal | None = None
    magi: Decimal | None = None
    other_short_term: Decimal = ZERO
    other_long_term: Decimal = ZERO
    qualified_dividends: Decimal = ZERO
    state_rate: Decimal = ZERO


def taxable_income(who: Taxpayer, ledger_income: Decimal, year: Netting) -> Decimal | None:
    """Ordinary income plus ledger income plus net gain, or minus line 21; may be negative."""
    if who.ordinary_income is None:
        return None
    gain = year.line_16 if year.line_16 > ZERO else -year.line_21
    return who.ordinary_income + ledger_income + gain


def federal_tax(
    who: Taxpayer, ledger_income: Decimal, year: Netting, law: TaxYear
) -> Decimal | None:
    """Dollars in cents; None if the person's ordinary income is not known."""
    taxable = taxable_income(who, ledger_income, year)
    if taxable is None:
        return None
    income = max(ZERO, taxable)
    preferred = min(income, year.net_capital_gain + who.qualified_dividends)
    ordinary = income - preferred
    status = who.filing_status
    tax = _bracketed(ordinary, law.ordinary_rates, law.ordinary_from[status])
    tax += _stacked(ordinary, income, law.long_term_rates, law.long_term_tops[status])
    return cents(tax + _niit(who, taxable, year, law))


def marginal_rates(who: Taxpayer, law: TaxYear) -> tuple[Decimal, Decimal]:
    """Federal and state tax on one more dollar of (short-term, long-term) gain. Raises ValueError
    if the person has not told an ordinary income."""
    if who.ordinary_income is None:
        raise ValueError("no ordinary income")
    nothing = net(ZERO, ZERO, Carryover(), ZERO)
    base = federal_tax(who, ZERO, nothing, law) or ZERO
    more = [
        federal_tax(who, ZERO, net(short, long, Carryover(), ZERO), law) or ZERO
        for short, long in ((Decimal(100), ZERO), (ZERO, Decimal(100)))
    ]
    short, long = ((tax - base) / 100 + who.state_rate for tax in more)
    return short, long


def state_tax(who: Taxpayer, ledger_income: Decimal, year: Netting) -> Decimal | None:
    """A flat rate on taxable income; cents."""
    taxable = taxable_income(who, ledger_income, year)
    return None if taxable is None else cents(max(ZERO, taxable) * who.state_rate)


def _bracketed(income: Decimal, rates: tuple[Decimal, ...], starts: tuple[Decimal, ...]) -> Decimal:
    at = bisect_right(starts, income) - 1
    return _below(rates, starts)[at] + rates[at] * (income - starts[at])


@cache
def _below(rates: tuple[Decimal, ...], starts: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """The tax of all below the start of each bracket."""
    steps = (r * (top - low) for r, low, top in zip(rates, starts, starts[1:], strict=False))
    return tuple(accumulate(steps, initial=ZERO))


def _stacked(
    start: Decimal, end: Decimal, rates: tuple[Decimal, ...], tops: tuple[Decimal, ...]
) -> Decimal:
    """Rates on the slice from `start` to `end` of income: gains stack on top of the ordinary."""
    tax, floor = ZERO, ZERO
    for rate, top in zip(rates, (*tops, max(end, *tops)), strict=True):
        tax += rate * max(ZERO, min(end, top) - max(start, floor))
        floor = top
    return tax


def _niit(who: Taxpayer, taxable: Decimal, year: Netting, law: TaxYear) -> Decimal:
    """IRC 1411: on the smaller of net investment income and MAGI over the threshold."""
    magi = taxable if who.magi is None else who.magi
    invested = max(ZERO, year.line_16) + who.qualified_dividends
    over = magi - law.niit_threshold[who.filing_status]
    return law.niit_rate * max(ZERO, min(invested, over))
