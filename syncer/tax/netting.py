"""Schedule D's arithmetic: netting with character, the loss limit, the carryover worksheet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from config.exact import ZERO


@dataclass(frozen=True, slots=True)
class Carryover:
    """Losses carried into a year; positive dollars, each with its character."""

    short: Decimal = ZERO
    long: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Netting:
    """Lines 7, 15, 16 and 21 of Schedule D; line 21 is the deductible loss, positive."""

    line_7: Decimal
    line_15: Decimal
    line_21: Decimal

    @property
    def line_16(self) -> Decimal:
        return self.line_7 + self.line_15

    @property
    def net_capital_gain(self) -> Decimal:
        """What the preferential rates apply to: the smaller of lines 15 and 16, if gains."""
        return max(ZERO, min(self.line_15, self.line_16))


def net(short: Decimal, long: Decimal, brought: Carryover, limit: Decimal) -> Netting:
    """Net a year's gains with losses brought in; IRC 1211(b), 1212(b)."""
    line_7, line_15 = short - brought.short, long - brought.long
    loss = max(ZERO, -(line_7 + line_15))
    return Netting(line_7, line_15, min(loss, limit))


def carryover(year: Netting, taxable_income: Decimal | None) -> Carryover:
    """The Capital Loss Carryover Worksheet (Instructions for Schedule D), line by line.

    `taxable_income` may be negative; None means that it is not known and taken as large enough.
    """
    if year.line_16 >= ZERO:
        return Carryover()
    w2 = year.line_21
    w4 = w2 if taxable_income is None else min(w2, max(ZERO, taxable_income + w2))
    w5 = max(ZERO, -year.line_7)
    short = max(ZERO, w5 - (w4 + max(ZERO, year.line_15))) if year.line_7 < ZERO else ZERO
    long = ZERO
    if year.line_15 < ZERO:
        w12 = max(ZERO, year.line_7) + max(ZERO, w4 - w5)
        long = max(ZERO, -year.line_15 - w12)
    return Carryover(short, long)
