"""The shapes that leave this folder: what was said, exactly, and what it means for a balance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Protocol

from config.errors import DataError

LARGEST_EXPONENT = 40  # beyond it exact arithmetic would not hold

Role = Literal["principal", "fee"]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One row as the source said it: `body` is its text, `native_id` the source's own id."""

    source: str
    stream: str
    native_id: str
    happened_at: datetime | None
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one stream and the cursor that is right once they are stored.

    `share` is how much of the walk is done, for showing only; None where nobody knows.
    """

    stream: str
    records: tuple[RawRecord, ...]
    next_cursor: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a file states about the tax side of a row; a person wrote it, so it is taken.

    Dollars are totals of the row, instants UTC.
    """

    kind: str
    lot_acquired_at: datetime | None = None
    lot_basis_usd: Decimal | None = None
    fee_on_fee_quantity: Decimal | None = None
    to_account: str | None = None

    @property
    def lot_or_fee(self) -> bool:
        """Whether it says more of the lot or the fee than the row itself."""
        told = (self.lot_acquired_at, self.lot_basis_usd, self.fee_on_fee_quantity)
        return told != (None, None, None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one balance: signed quantity, exact; `group` joins the rows of one event."""

    source: str
    group: str
    account: str
    asset: str
    quantity: Decimal
    at: datetime
    role: Role
    kind: str
    native_id: str
    txid: str | None = None
    address: str | None = None
    network: str | None = None
    usd: Decimal | None = None
    claim: Claim | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What a source reports an account to hold at an instant, by asset."""

    account: str
    asset: str
    quantity: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """A source's balances, and the assets for which it has no word."""

    balances: tuple[Balance, ...]
    unproved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be read: where it is and one sentence why."""

    source: str
    stream: str
    native_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Translation:
    """Entries, and the records that were set aside."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What a key may do, as its venue tells; `refusal` is a sentence if it must not be used."""

    permissions: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    refusal: str | None = None


class Puller(Protocol):
    """The talking half of a connector.

    `pull` yields pages; each is committed before the next is asked for. It goes on from the
    cursors, reads again from `since` if given, or everything if `full`.
    """

    def pull(
        self, cursors: Mapping[str, str], full: bool = False, since: datetime | None = None
    ) -> AsyncIterator[Page]: ...

    async def balances(self) -> Reported: ...

    async def check_key(self) -> KeyReport: ...

    async def close(self) -> None: ...


class Translator(Protocol):
    """The pure half: all stored records of a source in, entries out. The records may be walked more
    than once; they need not be held."""

    def __call__(self, records: Iterable[RawRecord]) -> Translation: ...


def exact(value: Any, what: str) -> Decimal:
    """A finite Decimal from text or an integer; raises DataError for anything else."""
    if value is None or isinstance(value, float | bool) or "_" in str(value):
        raise DataError(f"{what} is not an exact number: {value!r}")
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise DataError(f"{what} is not a number: {value!r}") from None
    if not number.is_finite():
        raise DataError(f"{what} is not a finite number: {value!r}")
    if number and not -LARGEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT:
        raise DataError(f"{what} is out of all proportion: {str(value)[:40]!r}")
    return number


def instant(text: str, column: str) -> datetime:
    """A time in a file, in UTC, which no offset means too; raises DataError if it is none."""
    try:
        when = datetime.fromisoformat(text)
        if len(text) == 10:
            when = when.replace(hour=12)  # a bare date: noon UTC is that date in every US zone
    except ValueError:
        raise DataError(f"{column} is not an ISO 8601 time: {text!r}") from None
    if not 2009 <= when.year <= 2200:
        raise DataError(f"{column} is not a time at which coins were held: {text!r}")
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
