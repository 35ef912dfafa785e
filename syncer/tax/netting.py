"""Schedule D's arithmetic: netting with character, the loss limit, the carryover worksheet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from config.exact import ZERO

Worksheet = dict[int, Decimal | None]
WORKSHEET = {
    1: "taxable income of the year (Form 1040, line 15), which may be below zero",
    2: "loss of Schedule D, line 21, as a positive amount",
    3: "lines 1 and 2 together, not below zero",
    4: "the smaller of lines 2 and 3",
    5: "loss of Schedule D, line 7, as a positive amount",
    6: "gain of Schedule D, line 15",
    7: "lines 4 and 6 together",
    8: "short-term loss carried over: line 5 less line 7, not below zero",
    9: "loss of Schedule D, line 15, as a positive amount",
    10: "gain of Schedule D, line 7",
    11: "line 4 less line 5, not below zero",
    12: "lines 10 and 11 together",
    13: "long-term loss carried over: line 9 less line 12, not below zero",
}


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
    """What the Capital Loss Carryover Worksheet carries into the next year.

    `taxable_income` may be negative; None means that it is not known and taken as large enough.
    """
    worksheet = carryover_worksheet(year, taxable_income)
    return Carryover(worksheet[8] or ZERO, worksheet[13] or ZERO) if worksheet else Carryover()


def carryover_worksheet(year: Netting, taxable_income: Decimal | None) -> Worksheet:
    """The worksheet of the Instructions for Schedule D, by line. Without a taxable income lines 1
    and 3 are not known, and line 2 counts as used up whole. Empty if the year is no loss."""
    if year.line_16 >= ZERO:
        return {}
    w2 = year.line_21
    w3 = None if taxable_income is None else max(ZERO, taxable_income + w2)
    w4 = w2 if w3 is None else min(w2, w3)
    w5, w6 = max(ZERO, -year.line_7), max(ZERO, year.line_15)
    w9, w10 = max(ZERO, -year.line_15), max(ZERO, year.line_7)
    w7, w11 = w4 + w6, max(ZERO, w4 - w5)
    w8 = max(ZERO, w5 - w7) if w5 else ZERO
    w12 = w10 + w11
    w13 = max(ZERO, w9 - w12) if w9 else ZERO
    return dict(enumerate((taxable_income, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13), 1))
