"""Lots and disposals, the values that leave the engine: cents, and exact quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from config.exact import ZERO

Term = Literal["short", "long"]
State = Literal["held", "in_transit"]
Identification = Literal["none", "proved", "attested"]

OVERSOLD = "oversold"
METHOD_NOT_IDENTIFIED = "method_not_identified"


@dataclass(frozen=True, slots=True)
class Lot:
    """An open lot, or the part of it that lies in one account; basis in cents."""

    lot_id: str
    account: str
    pool: str
    asset: str
    quantity: Decimal
    basis_usd: Decimal
    acquired_at: datetime
    state: State
    source_event: str
    loss_basis_usd: Decimal | None = None
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

    `pools` maps accounts to pools, `wish` is `[lots] method`, `zero_basis` maps event ids to the
    term that a person chose for a shortage.
    """

    zone: ZoneInfo
    pools: Mapping[str, str] = field(default_factory=dict)
    orders: Sequence[StandingOrder] = ()
    wish: str = "fifo"
    zero_basis: Mapping[str, Term] = field(default_factory=dict)

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
    basis: Decimal
    source_event: str
    loss_basis: Decimal | None = None
    gifted_at: datetime | None = None
    inherited: bool = False
    taken: Decimal = ZERO
    dealt: Decimal = ZERO
    loss_dealt: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return self.whole - self.taken


@dataclass(frozen=True, slots=True)
class Slice:
    """What one holding gave: quantity, and basis in cents."""

    holding: Holding
    quantity: Decimal
    basis: Decimal
    loss_basis: Decimal | None
