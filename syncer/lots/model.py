"""Lots and disposals, the values that leave the engine: cents, and exact quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents

Term = Literal["short", "long"]
State = Literal["held", "in_transit"]
Identification = Literal["none", "proved", "attested"]

OVERSOLD = "oversold"
METHOD_NOT_IDENTIFIED = "method_not_identified"


@dataclass(frozen=True, slots=True)
class Gift:
    """The second basis of a gift (Reg. 1.1015-1): its value when given, which measures a loss;
    None if that is not known. In cents, for the units of its lot."""

    given_at: datetime
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Lot:
    """An open lot, or the part of one that lies in an account; cents, None if not known."""

    lot_id: str
    account: str
    pool: str
    asset: str
    quantity: Decimal
    basis_usd: Decimal | None
    acquired_at: datetime
    state: State
    source_event: str
    gift: Gift | None = None
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Disposal:
    """One slice of a disposition.

    `proceeds_usd` is net of `fees_usd` (Reg. 1.1001-7(b)(2)); both None means not taxable here
    (gift, loss) or no price. A shortage has no date, basis, gain or term.
    """

    disposal_id: str
    event_id: str
    account: str
    pool: str
    asset: str
    quantity: Decimal
    acquired_at: datetime | None
    disposed_at: datetime
    proceeds_usd: Decimal | None
    fees_usd: Decimal
    basis_usd: Decimal | None
    gain_usd: Decimal | None
    term: Term | None
    lot_id: str | None
    txid: str | None
    kind: str
    identification: Identification = "none"
    inherited: bool = False
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """A rule in force for the sales of an account (and asset) after `effective_at`."""

    account: str
    asset: str | None
    rule: str
    effective_at: datetime
    proof: Identification


@dataclass(frozen=True, slots=True)
class Terms:
    """What a replay needs besides events.

    `pools` maps accounts to pools, `wish` is `[lots] method`, `zero_basis` maps (event, asset) to
    the term that a person chose for a shortage.
    """

    zone: ZoneInfo
    pools: Mapping[str, str] = field(default_factory=dict)
    orders: Sequence[StandingOrder] = ()
    wish: str = "fifo"
    zero_basis: Mapping[tuple[str, str], Term] = field(default_factory=dict)

    def pool(self, account: str) -> str:
        return self.pools.get(account, account)


@dataclass(frozen=True, slots=True)
class Replay:
    """What the engine gives back: open lots, disposals in order, and gaps found per event."""

    lots: tuple[Lot, ...]
    disposals: tuple[Disposal, ...]
    gaps: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Holding:
    """A lot while the engine works on it: it deals out quantity and cents from its whole."""

    lot_id: str
    account: str
    asset: str
    acquired_at: datetime
    whole: Decimal
    basis: Decimal | None
    source_event: str
    gift: Gift | None = None
    inherited: bool = False
    taken: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return self.whole - self.taken

    def take(self, quantity: Decimal) -> Slice:
        """Cents by cumulative rounding, so that all slices of a lot add up."""
        before, self.taken = self.taken, self.taken + quantity
        value = self.gift.value if self.gift else None
        return Slice(self, quantity, self._cents(self.basis, before), self._cents(value, before))

    def _cents(self, total: Decimal | None, before: Decimal) -> Decimal | None:
        if total is None:
            return None
        return cents(total * self.taken / self.whole) - cents(total * before / self.whole)

    def rest(self) -> Slice:
        """What is left, without taking it."""
        held = self.taken
        one = self.take(self.left)
        self.taken = held
        return one


@dataclass(frozen=True, slots=True)
class Slice:
    """What one holding gave: quantity, basis and (of a gift) its value when given, in cents."""

    holding: Holding
    quantity: Decimal
    basis: Decimal | None
    gift_value: Decimal | None

    @property
    def gift(self) -> Gift | None:
        given = self.holding.gift
        return Gift(given.given_at, self.gift_value) if given else None


def sale_basis(
    acquired_at: datetime, basis: Decimal | None, gift: Gift | None, proceeds: Decimal | None
) -> tuple[datetime, Decimal | None]:
    """Date and basis that a sale at `proceeds` has. Reg. 1.1015-1: of a gift, a loss is measured
    from the smaller of the donor's basis and the value at the gift; in between there is none."""
    if gift is None or basis is None or proceeds is None or proceeds >= basis:
        return acquired_at, basis
    if gift.value is None:
        return acquired_at, None
    if gift.value >= basis:
        return acquired_at, basis
    if proceeds >= gift.value:
        return acquired_at, proceeds
    return gift.given_at, gift.value
