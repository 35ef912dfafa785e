"""What a replay of the lots needs besides events: the person's records and choices. Values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from config.exact import ZERO
from syncer.lots.model import Identification, Term
from syncer.tax.netting import Netting

Proof = Identification
TAX_MIN = "tax_min"
DEFAULT_SHORT, DEFAULT_LONG = Decimal("0.24"), Decimal("0.15")  # where no income is told

Cost = Callable[[Decimal, Netting], Decimal]  # income in the ledger and netting of a year to tax


def cost_at_two_rates(income: Decimal, year: Netting) -> Decimal:
    """The tax of a year's gains where no ordinary income is told; a loss is worth the ordinary
    rate, now or in a later year."""
    preferred = year.net_capital_gain
    return DEFAULT_LONG * preferred + DEFAULT_SHORT * (year.line_16 - preferred)


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """A rule in force for the sales of an account (and asset) after `effective_at`."""

    account: str
    asset: str | None
    rule: str
    effective_at: datetime
    proof: Proof
    given_to_broker_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NamedLot:
    """A lot by what a person knows of it: when it was acquired, how much of it, and, where two
    lots have one time, its basis per unit in dollars."""

    acquired_at: datetime
    quantity: Decimal
    unit_basis: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SaleIdentification:
    """The lots of the first sale of an asset at an account between `recorded_at` and `before`."""

    account: str
    asset: str
    lots: tuple[NamedLot, ...]
    recorded_at: datetime
    before: datetime
    proof: Proof
    given_to_broker_at: datetime | None = None
    number: int = 0  # its place in the record


@dataclass(frozen=True, slots=True)
class AllocatedUnits:
    """Units of a lot of before 2025 that an allocation gives to an account; `basis` is theirs in
    dollars, the lot is named by the instant or the local date of its acquisition."""

    asset: str
    quantity: Decimal
    acquired_at: datetime | date
    basis: Decimal
    to_account: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """A Rev. Proc. 2024-28 allocation of one asset, made when it was completed."""

    kind: Literal["specific", "global"]
    rule_written_at: datetime | None
    completed_at: datetime
    units: tuple[AllocatedUnits, ...]


@dataclass(frozen=True, slots=True)
class WashSales:
    """`[wash_sale]`: losses from `start` on, or all, are marked or disallowed."""

    mode: Literal["warn", "enforce"]
    start: date | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """What the rule tax_min reckons with in one year: the tax of an income and a netting, the
    year's gains from outside the ledger, whether the person told something of this year alone, and
    the (short, long) losses that they say are carried into it, which then replace what earlier
    years would carry."""

    cost: Cost = cost_at_two_rates
    outside_short: Decimal = ZERO
    outside_long: Decimal = ZERO
    loss_limit: Decimal = Decimal(3000)
    brought: tuple[Decimal, Decimal] | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """All of it.

    `pools` maps accounts to pools (from 2025 on), `wish` is `[lots] method`, `zero_basis` maps
    (event, asset) to the term that a person chose for a shortage, `brokers` are the accounts whose
    units a broker holds, `average_from` prices sales at the average cost from then on.
    """

    zone: ZoneInfo
    pools: Mapping[str, str] = field(default_factory=dict)
    orders: Sequence[StandingOrder] = ()
    sales: Sequence[SaleIdentification] = ()
    wish: str = "fifo"
    transfer_order: str = "fifo"
    zero_basis: Mapping[tuple[str, str], Term] = field(default_factory=dict)
    brokers: frozenset[str] = frozenset()
    before_2025: Literal["per_account", "universal"] = "per_account"
    allocations: Mapping[str, Allocation] = field(default_factory=dict)
    fees_before_2025: Literal["same_as_2025", "basis"] = "same_as_2025"
    wash_sales: WashSales | None = None
    rates: Mapping[int, Rates] = field(default_factory=dict)
    average_from: datetime | None = None

    @property
    def minimises(self) -> bool:
        """Whether any order looks at the tax of the year so far."""
        return any(o.rule == TAX_MIN for o in self.orders)

    def pool(self, account: str) -> str:
        return self.pools.get(account, account)

    def followed(self, told: Mapping[str, str]) -> Terms:
        """With what a person said of events that others tell now, by the others' ids in `told`."""
        moved = {(told.get(e, e), asset): term for (e, asset), term in self.zero_basis.items()}
        return replace(self, zero_basis=moved | dict(self.zero_basis))
