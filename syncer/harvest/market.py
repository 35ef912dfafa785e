"""What a sale would bring: a price with its time, and what selling costs at a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from config.exact import ZERO, cents


@dataclass(frozen=True, slots=True)
class Market:
    """Dollars per unit (a bid where the source has one), and when it was seen."""

    usd: Decimal
    at: datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Costs:
    """Of selling at an account, in percent of the value: the fee, and how far from the price seen
    a sale fills. A sale of less than `min_sale` dollars is dust."""

    fee_percent: Decimal = ZERO
    spread_percent: Decimal = ZERO
    min_sale: Decimal = ZERO

    @property
    def share(self) -> Decimal:
        """Of the value, as a fraction."""
        return (self.fee_percent + self.spread_percent) / 100

    def net(self, price: Decimal) -> Decimal:
        """What a unit brings after costs."""
        return price - price * self.share

    def of(self, value: Decimal) -> Decimal:
        """In cents."""
        return cents(value * self.share)


NO_COSTS = Costs()
