"""What reconciliation takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.tax.form_8949 import Reported

MATCHED = "matched"
DIFFERENT = "matched_with_difference"
NOT_OURS = "missing_in_ledger"

REPORTED = "reported"
RIGHTLY = "rightly_unreported"
NOT_THEIRS = "missing_on_form"
AWAITED = "form_awaited"


@dataclass(frozen=True, slots=True)
class Place:
    """An account's broker and the number on that broker's forms; both None for a wallet."""

    broker: str | None
    broker_account: str | None


@dataclass(frozen=True, slots=True)
class Sale:
    """The slices of one disposition of one asset: what a broker sees as one sale."""

    slices: tuple[Disposal, ...]

    @property
    def units(self) -> Decimal:
        return sum((s.quantity for s in self.slices), Decimal(0))

    @property
    def proceeds(self) -> Decimal | None:
        known = [s.proceeds_usd for s in self.slices]
        return None if None in known else sum((p for p in known if p is not None), Decimal(0))

    @property
    def fees(self) -> Decimal:
        return sum((s.fees_usd for s in self.slices), Decimal(0))

    @property
    def basis(self) -> Decimal | None:
        known = [s.basis_usd for s in self.slices]
        return None if None in known else sum((b for b in known if b is not None), Decimal(0))


@dataclass(frozen=True, slots=True)
class LineResult:
    """One line of the form, the sale it is, and every difference by name (ours minus theirs)."""

    line: FormLine
    status: str
    sale: Sale | None = None
    reasons: tuple[str, ...] = ()
    differences: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a person should see: severity info, check or wrong."""

    kind: str
    severity: str
    broker: str | None
    account: str | None
    asset: str
    detail: str
    suggestion: str
    usd: Decimal | None
    disposal_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Lines, the state of each disposal by id, how each goes on Form 8949, and gaps."""

    lines: tuple[LineResult, ...]
    statuses: Mapping[str, str]
    reported: Mapping[str, Reported]
    gaps: tuple[Gap, ...]
