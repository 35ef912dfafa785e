"""What reconciliation takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from config.exact import ZERO
from connectors.brokers.form_1099da import FormLine, plain_broker
from syncer.lots.model import Disposal
from syncer.tax.form_8949 import Reported

MATCHED = "matched"
DIFFERENT = "matched_with_difference"
NOT_OURS = "missing_in_ledger"

REPORTED = "reported"
RIGHTLY = "rightly_unreported"
NOT_THEIRS = "missing_on_form"
AWAITED = "form_awaited"
ANY = "*"  # the account of evidence that names none


@dataclass(frozen=True, slots=True)
class Place:
    """An account's broker and the number on that broker's forms; both None for a wallet."""

    broker: str | None
    broker_account: str | None

    def is_on(self, broker: str, account: str) -> bool:
        """Whether a form of this broker and account number is about this account."""
        if self.broker is None or plain_broker(self.broker) != plain_broker(broker):
            return False
        return self.broker_account in (None, account) or account == ANY


@dataclass(frozen=True, slots=True)
class Sale:
    """Slices of one disposition of one asset (of several, where a line is a sum of sales): what a
    broker sees as one sale."""

    slices: tuple[Disposal, ...]

    @property
    def units(self) -> Decimal:
        return sum((s.quantity for s in self.slices), ZERO)

    @property
    def proceeds(self) -> Decimal | None:
        return total(s.proceeds_usd for s in self.slices)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(s.disposal_id for s in self.slices)

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s.event_id for s in self.slices))


def total(values: Any) -> Decimal | None:
    """The sum, or None if any is not known."""
    found = ZERO
    for value in values:
        if value is None:
            return None
        found += value
    return found


class Piece(NamedTuple):
    """What one line reports of one slice: units, and the cents of the slice that go with them."""

    slice: Disposal
    units: Decimal
    proceeds: Decimal | None
    basis: Decimal | None
    fees: Decimal
    washed: Decimal


@dataclass(frozen=True, slots=True)
class Group:
    """Lines and the sale that they report together."""

    lines: tuple[FormLine, ...]
    sale: Sale
    by_hand: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (*(x.key for x in self.lines), *sorted(self.sale.ids))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line differs: a kind of interfaces.md, what shows it, the dollars it explains, and of
    which figure (proceeds or basis)."""

    kind: str
    evidence: str = ""
    usd: Decimal | None = None
    of: str = ""
    told: bool = False  # a person says so


@dataclass(frozen=True, slots=True)
class LineResult:
    """One line of the form, what it reports of our slices, and every difference by name (ours minus
    theirs)."""

    line: FormLine
    status: str
    pieces: tuple[Piece, ...] = ()
    reasons: tuple[Reason, ...] = ()
    differences: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.kind for r in self.reasons))

    def has(self, kind: str, of: str) -> bool:
        """Whether a figure differs for a reason of this kind."""
        return any(r.kind == kind and r.of == of for r in self.reasons)

    def is_told(self, kind: str, of: str) -> bool:
        """Whether a person says that it does."""
        return any(r.kind == kind and r.of == of and r.told for r in self.reasons)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a person should see: severity info, check or wrong. `count` sales are summed up."""

    kind: str
    severity: str
    broker: str | None
    account: str | None
    asset: str
    detail: str
    suggestion: str
    usd: Decimal | None
    line: str | None = None
    count: int = 1


class BrokerSlice(NamedTuple):
    """What a broker takes for a sale by its own order: basis None if it does not know it."""

    units: Decimal
    acquired: date
    basis: Decimal | None
    term: str
    transferred_in: date | None
    bought: bool = True  # for money or another coin; a reward is not (UNVERIFIED reading)


class Move(NamedTuple):
    """Own units that left an account at a broker without a sale; `with_fee` counts those that the
    network took."""

    event_id: str
    kind: str
    account: str
    asset: str
    units: Decimal
    with_fee: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ledger knows beside disposals. Fees are dollars of each fee of an event, `bought`
    the purchase fees and units of a lot; `orders` are a sale's lots by each order that a broker
    may follow, by (event, asset)."""

    fees: Mapping[str, tuple[Decimal, ...]] = field(default_factory=dict)
    received: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rests_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bought: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    moves: Sequence[Move] = ()
    orders: Mapping[str, Mapping[tuple[str, str], tuple[BrokerSlice, ...]]] = field(
        default_factory=dict
    )
    begins: Mapping[str, date] = field(default_factory=dict)  # first day of an account's rows


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said of a line: these disposals are it, or are not, or the broker is wrong."""

    pair: tuple[str, ...] = ()
    apart: frozenset[str] = frozenset()
    broker_error: str | None = None  # their note


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Lines, the state of each disposal by id, how each goes on Form 8949, and gaps."""

    lines: tuple[LineResult, ...]
    statuses: Mapping[str, str]
    reported: Mapping[str, tuple[Reported, ...]]
    gaps: tuple[Gap, ...]
    of_other_forms: int = 0  # sales of this year that the form of another year has
