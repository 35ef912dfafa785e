"""All tables. What was said (raw), what was decided, and what is derived from both."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Optional, cast

from sqlalchemy import CheckConstraint, Index, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from syncer.events import PRICE_GAPS
from syncer.store.types import ROW_ID, ExactDecimal, PlainText, UtcTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def table(model: type[SQLModel]) -> Table:
    """A model's table, for statements over many rows."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


def _text(**options: Any) -> Any:
    return Field(sa_type=PlainText, **options)


def _row_id() -> Any:
    return Field(default=None, primary_key=True, sa_type=ROW_ID)


def _exact(**options: Any) -> Any:
    return Field(sa_type=ExactDecimal, **options)


def _time(**options: Any) -> Any:
    return Field(sa_type=UtcTime, **options)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _with_gaps() -> Index:
    """Finds the few rows that have gaps among the many that have none."""
    where = text("gaps <> '[]'")
    return Index(None, "gaps", sqlite_where=where, postgresql_where=where)


# ---- what was said


class RawRow(SQLModel, table=True):
    """One revision of one record of a source, exactly as it was said."""

    __tablename__ = "raw_record"
    __table_args__ = (UniqueConstraint("source", "stream", "native_id", "revision"),)

    id: Optional[int] = _row_id()
    source: str = _text()
    stream: str = _text()
    native_id: str = _text()
    revision: int
    happened_at: Optional[datetime] = _time(nullable=True)
    body: str = _text()
    fetched_at: datetime = _time()


class CursorRow(SQLModel, table=True):
    """How far a stream of a source is read; written with the page that it follows."""

    __tablename__ = "cursor"

    source: str = _text(primary_key=True)
    stream: str = _text(primary_key=True)
    cursor: str = _text()
    updated_at: datetime = _time()


class PullRow(SQLModel, table=True):
    """One attempt to pull a source, and how it ended."""

    __tablename__ = "pull"
    __table_args__ = (_one_of("outcome", "running", "done", "failed", "refused"),)

    id: Optional[int] = _row_id()
    source: str = _text(index=True)
    started_at: datetime = _time()
    finished_at: Optional[datetime] = _time(nullable=True)
    new_records: int = 0
    outcome: str = _text()
    sentence: Optional[str] = _text(nullable=True)


class BalanceRow(SQLModel, table=True):
    """The newest balance that a source reported, beside what the entries add up to."""

    __tablename__ = "reported_balance"

    source: str = _text(primary_key=True)
    account: str = _text(primary_key=True)
    asset: str = _text(primary_key=True)
    reported: Decimal = _exact()
    computed: Decimal = _exact()
    at: datetime = _time()
    differs_since: Optional[datetime] = _time(nullable=True)
    detail: Optional[str] = _text(nullable=True)


class PriceRow(SQLModel, table=True):
    """A price once found, kept for good: dollars per unit of an asset at an instant."""

    __tablename__ = "price"

    asset: str = _text(primary_key=True)
    at: datetime = _time(primary_key=True)
    usd: Decimal = _exact()
    source: str = _text()
    method: str = _text()
    fetched_at: datetime = _time()


class PriceGapRow(SQLModel, table=True):
    """A price that was asked for and not found, why, and when; gone once it is found."""

    __tablename__ = "price_gap"
    __table_args__ = (_one_of("reason", *PRICE_GAPS),)

    asset: str = _text(primary_key=True)
    at: datetime = _time(primary_key=True)
    reason: str = _text()
    detail: str = _text()
    tried_at: datetime = _time()


# ---- what a person decided


class DecisionRow(SQLModel, table=True):
    """Append-only: an answer, or the undoing of one."""

    __tablename__ = "decision"
    __table_args__ = (_one_of("action", "answer", "undo"),)

    id: Optional[int] = _row_id()
    at: datetime = _time()
    who: str = _text()
    action: str = _text()
    subject: str = _text(index=True)
    answer: Optional[str] = _text(nullable=True)
    other: Optional[str] = _text(nullable=True)
    basis_usd: Optional[Decimal] = _exact(nullable=True)
    note: Optional[str] = _text(nullable=True)


class IdentificationRow(SQLModel, table=True):
    """Append-only: a standing order (in force after `effective_at`), or the lots of one sale (made
    until `before_at`, rule `named`); each row carries the hash of the one before."""

    __tablename__ = "identification"
    __table_args__ = (_one_of("rule", "fifo", "lifo", "hifo", "lofo", "tax_min", "named"),)

    id: Optional[int] = _row_id()
    recorded_at: datetime = _time()
    effective_at: datetime = _time()
    account: str = _text()
    asset: Optional[str] = _text(nullable=True)
    rule: str = _text()
    attested: Optional[str] = _text(nullable=True)
    lots: Optional[str] = _text(nullable=True)
    before_at: Optional[datetime] = _time(nullable=True)
    given_to_broker_at: Optional[datetime] = _time(nullable=True)
    previous_hash: str = _text()
    hash: str = _text()


# ---- what is derived


class EntryRow(SQLModel, table=True):
    """One change of one balance."""

    __tablename__ = "entry"
    __table_args__ = (Index(None, "account", "asset", "at"), Index(None, "source", "group_key"))

    id: Optional[int] = _row_id()
    source: str = _text()
    group_key: str = _text()
    native_id: str = _text()
    account: str = _text()
    asset: str = _text()
    quantity: Decimal = _exact()
    at: datetime = _time()
    role: str = _text()
    kind: str = _text()


class ProblemRow(SQLModel, table=True):
    """A record that cannot be read, with one sentence why."""

    __tablename__ = "problem"

    id: Optional[int] = _row_id()
    source: str = _text(index=True)
    stream: str = _text()
    native_id: str = _text()
    sentence: str = _text()


class EventRow(SQLModel, table=True):
    """What happened, the rule that named it, and why."""

    __tablename__ = "event"
    __table_args__ = (_one_of("confidence", "sure", "likely", "unsure"), _with_gaps())

    event_id: str = _text(primary_key=True)
    at: datetime = _time(index=True)
    kind: str = _text(index=True)
    rule: str = _text()
    evidence: str = _text()
    confidence: str = _text()
    txid: Optional[str] = _text(nullable=True)
    address: Optional[str] = _text(nullable=True)
    arrived_at: Optional[datetime] = _time(nullable=True)
    parts: str = _text()
    gaps: str = _text()
    claim: Optional[str] = _text(nullable=True)
    fees_beside: bool = False
    network: Optional[str] = _text(nullable=True)
    rests_on: str = _text(default="[]")


class LegRow(SQLModel, table=True):
    """One side of an event."""

    __tablename__ = "leg"

    event_id: str = _text(primary_key=True, foreign_key="event.event_id")
    ordinal: int = Field(primary_key=True)
    account: str = _text(index=True)
    asset: str = _text()
    quantity: Decimal = _exact()
    role: str = _text()
    usd: Optional[Decimal] = _exact(nullable=True)
    usd_source: Optional[str] = _text(nullable=True)


class LotRow(SQLModel, table=True):
    """An open lot, or the part of one that lies in an account. What it was as a whole lets a later
    replay go on dealing out its cents from here."""

    __tablename__ = "lot"
    __table_args__ = (
        _one_of("state", "held", "in_transit"),
        Index(None, "pool", "asset", "acquired_at"),
    )

    ordinal: int = Field(primary_key=True)
    lot_id: str = _text(index=True)
    account: str = _text()
    pool: str = _text()
    asset: str = _text()
    quantity: Decimal = _exact()
    basis_usd: Optional[Decimal] = _exact(nullable=True)
    gift_given_at: Optional[datetime] = _time(nullable=True)
    gift_value: Optional[Decimal] = _exact(nullable=True)
    acquired_at: datetime = _time()
    held_from: Optional[datetime] = _time(nullable=True)
    inherited: bool = False
    unallocated: bool = False
    road: str = _text()
    whole: Decimal = _exact()
    whole_basis_usd: Optional[Decimal] = _exact(nullable=True)
    whole_gift_value: Optional[Decimal] = _exact(nullable=True)
    bought: bool = False
    replacing: Decimal = _exact()
    state: str = _text()
    source_event: str = _text()


class DisposalRow(SQLModel, table=True):
    """One slice of a disposition: what one lot gave to it."""

    __tablename__ = "disposal"
    __table_args__ = (_with_gaps(),)

    disposal_id: str = _text(primary_key=True)
    event_id: str = _text(index=True)
    leg: int
    part: int
    account: str = _text()
    pool: str = _text()
    asset: str = _text()
    quantity: Decimal = _exact()
    acquired_at: Optional[datetime] = _time(nullable=True)
    disposed_at: datetime = _time(index=True)
    proceeds_usd: Optional[Decimal] = _exact(nullable=True)
    fees_usd: Decimal = _exact()
    basis_usd: Optional[Decimal] = _exact(nullable=True)
    washed_usd: Decimal = _exact()
    gain_usd: Optional[Decimal] = _exact(nullable=True)
    term: Optional[str] = _text(nullable=True)
    lot_id: Optional[str] = _text(nullable=True)
    txid: Optional[str] = _text(nullable=True)
    kind: str = _text()
    identification: str = _text()
    inherited: bool = False
    gaps: str = _text()
    road: str = _text(default="[]")


class YearTotalRow(SQLModel, table=True):
    """The gains of a tax year, in the taxpayer's zone."""

    __tablename__ = "year_total"

    year: int = Field(primary_key=True)
    short_usd: Decimal = _exact()
    long_usd: Decimal = _exact()


class QueueRow(SQLModel, table=True):
    """When something last happened to the lots of an asset in a pool."""

    __tablename__ = "queue"

    pool: str = _text(primary_key=True)
    asset: str = _text(primary_key=True)
    last_at: datetime = _time()


class DerivationRow(SQLModel, table=True):
    """What the books were derived from: the newest row of each kind, and the settings that decide.
    `goes_on` says whether later events can be added to them as they are."""

    __tablename__ = "derivation"

    id: Optional[int] = _row_id()
    raw_records: int
    decisions: int
    identifications: int
    prices: int
    settings: str = _text()
    goes_on: bool


# ---- what is worth saying, and what runs


class AlertRow(SQLModel, table=True):
    """The state of one thing that is worth a message: its key begins with the rule."""

    __tablename__ = "alert"
    __table_args__ = (_one_of("state", "clear", "pending", "firing"),)

    key: str = _text(primary_key=True)
    state: str = _text()
    readings: int = 0
    since: datetime = _time()
    last_fired_at: Optional[datetime] = _time(nullable=True)
    fired: int = 0
    loss_usd: Decimal = _exact()
    over_since: Optional[datetime] = _time(nullable=True)
    told_usd: Decimal = _exact(default=Decimal(0))
    snoozed_until: Optional[datetime] = _time(nullable=True)


class OutboxRow(SQLModel, table=True):
    """A message to deliver to one channel, which is known by a hash of its address; without one it
    is only noted."""

    __tablename__ = "outbox"

    alert_id: str = _text(primary_key=True)
    channel: str = _text(primary_key=True)
    created_at: datetime = _time()
    title: str = _text()
    body: str = _text()
    delivered_at: Optional[datetime] = _time(nullable=True)
    next_at: datetime = _time()
    attempts: int = 0
    sentence: Optional[str] = _text(nullable=True)
    urgent: bool = False
    in_digest: bool = False


class ScenarioRow(SQLModel, table=True):
    """What a person wants to compare plans under, by the name that they gave it."""

    __tablename__ = "scenario"

    name: str = _text(primary_key=True)
    body: str = _text()  # JSON
    saved_at: datetime = _time()


class JobRow(SQLModel, table=True):
    """When a scheduled job last ran and ended well."""

    __tablename__ = "job"

    name: str = _text(primary_key=True)
    started_at: datetime = _time()
    finished_at: Optional[datetime] = _time(nullable=True)
    succeeded_at: Optional[datetime] = _time(nullable=True)
    sentence: Optional[str] = _text(nullable=True)
