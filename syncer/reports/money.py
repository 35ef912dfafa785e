"""Dollars as papers print them: cents or whole dollars, losses in parentheses on official forms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from config.exact import ZERO, cents, whole_dollars


@dataclass(frozen=True, slots=True)
class Money:
    """`whole` rounds to dollars (Instructions for Schedule D, Rounding Off)."""

    whole: bool = False

    def plain(self, amount: Decimal | None) -> str:
        """For CSV: a minus sign, no thousands, empty if not known."""
        if amount is None:
            return ""
        rounded = whole_dollars(amount) if self.whole else cents(amount)
        return format(rounded or abs(rounded), "f")  # no minus zero

    def printed(self, amount: Decimal | None) -> str:
        """For a form: thousands apart, a loss in parentheses."""
        if amount is None:
            return ""
        rounded = whole_dollars(amount) if self.whole else cents(amount)
        text = f"{abs(rounded):,f}"
        return f"({text})" if rounded < ZERO else text
