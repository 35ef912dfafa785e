"""One sale and what it does. Values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO
from syncer.harvest.market import NO_COSTS, Costs, Market
from syncer.harvest.order import Part
from syncer.harvest.path import Path
from syncer.lots.holding_period import long_term_on
from syncer.lots.model import Lot
from syncer.tax.netting import Carryover

# why a holding is not for sale, in the order that they are looked for
NO_PRICE, LOCKED, UNSELLABLE, DUST = "no_price", "locked", "unsellable", "dust"
IN_TRANSIT, NO_BASIS, NEEDS_A_SALE = "in_transit", "basis_not_known", "worthless_needs_a_sale"
NO_TAX = "tax_not_computable"


@dataclass(frozen=True, slots=True)
class Limits:
    """`[harvest]`: below these an opportunity is shown with the reason and not alerted."""

    min_loss: Decimal = ZERO
    min_loss_percent: Decimal = ZERO
    min_benefit: Decimal = ZERO

    def reasons(self, one: Opportunity) -> tuple[str, ...]:
        """Which of them an opportunity stays below."""
        found = []
        if one.loss < self.min_loss:
            found.append("below_min_loss_usd")
        if one.basis and one.loss * 100 < self.min_loss_percent * one.basis:
            found.append("below_min_loss_percent")
        if one.net_benefit is None:
            found.append(NO_TAX)
        elif one.net_benefit < self.min_benefit:
            found.append("below_min_benefit_usd")
        return tuple(found)


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A sale at one account; a holding that is not for sale has no `path` and says why.

    Losses are positive; a gain in a term is a negative loss there. Dollars in cents. `disallowed`
    is what a law on wash sales would take of the loss: it is taken where `[wash_sale]` enforces it.
    """

    account: str
    asset: str
    quantity: Decimal
    basis: Decimal
    value: Decimal | None
    market: Market | None
    rule: str = "fifo"
    loss_short: Decimal = ZERO
    loss_long: Decimal = ZERO
    tax_saved: Decimal | None = None
    later_tax: Decimal | None = None
    carried: Carryover | None = None
    costs: Costs = NO_COSTS
    path: Path | None = None
    wash_sale_buys: tuple[Lot, ...] = ()
    disallowed: Decimal = ZERO
    reasons: tuple[str, ...] = ()

    @property
    def loss(self) -> Decimal:
        return self.loss_short + self.loss_long

    @property
    def cost(self) -> Decimal:
        return self.costs.of(self.quantity * self.market.usd) if self.market else ZERO

    @property
    def net_benefit(self) -> Decimal | None:
        return None if self.tax_saved is None else self.tax_saved - self.cost

    @property
    def loss_percent(self) -> Decimal:
        """Of the basis of what is sold."""
        return self.loss * 100 / self.basis if self.basis else ZERO

    @property
    def parts(self) -> Sequence[Part]:
        """Lot by lot."""
        if self.path is None or self.market is None:
            return ()
        return self.path.parts(self.quantity, self.costs.net(self.market.usd)) or ()

    @property
    def loss_ends_at(self) -> Decimal | None:
        """The price at which the sale has no loss any more: its basis and costs come back."""
        if self.path is None or not self.quantity or self.costs.share >= 1:
            return None
        return self.basis / self.quantity / (1 - self.costs.share)

    @property
    def rebuy_rise_percent(self) -> Decimal | None:
        """How far the price may rise before buying the same units again costs the benefit."""
        if self.net_benefit is None or not self.value or self.path is None:
            return None
        return self.net_benefit * 100 / self.value


def turns_long_on(lot: Lot, zone: ZoneInfo) -> date:
    """The first day on which a lot is long-term."""
    return long_term_on((lot.held_from or lot.acquired_at).astimezone(zone).date())
