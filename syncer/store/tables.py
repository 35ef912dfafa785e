"""All tables. What was said (raw), what was decided, and what is derived from both."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Optional

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from syncer.events import PRICE_GAPS
from syncer.store.columns import exact, instant, one_of, row_id, table, text, with_gaps

__all__ = ["table"]


# ---- what was said


class RawRow(SQLModel, table=True):
    """One revision of one record of a source, exactly as it was said."""

    __tablename__ = "raw_record"
    __table_args__ = (UniqueConstraint("source", "stream", "native_id", "revision"),)

    id: Optional[int] = row_id()
    source: str = text()
    stream: str = text()
    native_id: str = text()
    revision: int
    happened_at: Optional[datetime] = instant(nullable=True)
    body: str = text()
    fetched_at: datetime = instant()


class CursorRow(SQLModel, table=True):
    """How far a stream of a source is read; written with the page that it follows."""

    __tablename__ = "cursor"

    source: str = text(primary_key=True)
    stream: str = text(primary_key=True)
    cursor: str = text()
    updated_at: datetime = instant()


class PullRow(SQLModel, table=True):
    """One attempt to pull a source, and how it ended."""

    __tablename__ = "pull"
    __table_args__ = (one_of("outcome", "running", "done", "failed", "refused"),)

    id: Optional[int] = row_id()
    source: str = text(index=True)
    started_at: datetime = instant()
    finished_at: Optional[datetime] = instant(nullable=True)
    new_records: int = 0
    outcome: str = text()
    sentence: Optional[str] = text(nullable=True)


class BalanceRow(SQLModel, table=True):
    """The newest balance that a source reported, beside what the entries add up to."""

    __tablename__ = "reported_balance"

    source: str = text(primary_key=True)
    account: str = text(primary_key=True)
    asset: str = text(primary_key=True)
    reported: Decimal = exact()
    computed: Decimal = exact()
    at: datetime = instant()
    differs_since: Optional[datetime] = instant(nullable=True)
    detail: Optional[str] = text(nullable=True)


class PriceRow(SQLModel, table=True):
    """A price once found, kept for good: dollars per unit of an asset at an instant."""

    __tablename__ = "price"

    asset: str = text(primary_key=True)
    at: datetime = instant(primary_key=True)
    usd: Decimal = exact()
    source: str = text()
    method: str = text()
    fetched_at: datetime = instant()


class PriceGapRow(SQLModel, table=True):
    """A price that was asked for and not found, why, and when; gone once it is found."""

    __tablename__ = "price_gap"
    __table_args__ = (one_of("reason", *PRICE_GAPS),)

    asset: str = text(primary_key=True)
    at: datetime = instant(primary_key=True)
    reason: str = text()
    detail: str = text()
    tried_at: datetime = instant()


# ---- what a person decided


class DecisionRow(SQLModel, table=True):
    """Append-only: an answer, or the undoing of one."""

    __tablename__ = "decision"
    __table_args__ = (one_of("action", "answer", "undo"),)

    id: Optional[int] = row_id()
    at: datetime = instant()
    who: str = text()
    action: str = text()
    subject: str = text(index=True)
    answer: Optional[str] = text(nullable=True)
    other: Optional[str] = text(nullable=True)
    basis_usd: Optional[Decimal] = exact(nullable=True)
    note: Optional[str] = text(nullable=True)


class IdentificationRow(SQLModel, table=True):
    """Append-only: a standing order (in force after `effective_at`), or the lots of one sale (made
    until `before_at`, rule `named`); each row carries the hash of the one before."""

    __tablename__ = "identification"
    __table_args__ = (one_of("rule", "fifo", "lifo", "hifo", "lofo", "tax_min", "named"),)

    id: Optional[int] = row_id()
    recorded_at: datetime = instant()
    effective_at: datetime = instant()
    account: str = text()
    asset: Optional[str] = text(nullable=True)
    rule: str = text()
    attested: Optional[str] = text(nullable=True)
    lots: Optional[str] = text(nullable=True)
    before_at: Optional[datetime] = instant(nullable=True)
    given_to_broker_at: Optional[datetime] = instant(nullable=True)
    previous_hash: str = text()
    hash: str = text()


# ---- what is derived


class EntryRow(SQLModel, table=True):
    """One change of one balance."""

    __tablename__ = "entry"
    __table_args__ = (Index(None, "account", "asset", "at"), Index(None, "source", "group_key"))

    id: Optional[int] = row_id()
    source: str = text()
    group_key: str = text()
    native_id: str = text()
    account: str = text()
    asset: str = text()
    quantity: Decimal = exact()
    at: datetime = instant()
    role: str = text()
    kind: str = text()


class ProblemRow(SQLModel, table=True):
    """A record that cannot be read, with one sentence why."""

    __tablename__ = "problem"

    id: Optional[int] = row_id()
    source: str = text(index=True)
    stream: str = text()
    native_id: str = text()
    sentence: str = text()


_TXID = sql("txid IS NOT NULL")


class EventRow(SQLModel, table=True):
    """What happened, the rule that named it, and why."""

    __tablename__ = "event"
    __table_args__ = (
        one_of("confidence", "sure", "likely", "unsure"),
        with_gaps(),
        Index(None, "at", "event_id"),
        Index(None, "kind", "at", "event_id"),
        Index(None, "txid", sqlite_where=_TXID, postgresql_where=_TXID),
    )

    event_id: str = text(primary_key=True)
    at: datetime = instant()
    kind: str = text()
    rule: str = text()
    evidence: str = text()
    confidence: str = text()
    txid: Optional[str] = text(nullable=True)
    address: Optional[str] = text(nullable=True)
    arrived_at: Optional[datetime] = instant(nullable=True)
    parts: str = text()
    gaps: str = text()
    claim: Optional[str] = text(nullable=True)
    fees_beside: bool = False
    network: Optional[str] = text(nullable=True)
    rests_on: str = text(default="[]")


class LegRow(SQLModel, table=True):
    """One side of an event, with its time: the events of an account or asset are paged by it."""

    __tablename__ = "leg"
    __table_args__ = (
        Index(None, "account", "at", "event_id"),
        Index(None, "asset", "at", "event_id"),
    )

    event_id: str = text(primary_key=True, foreign_key="event.event_id")
    ordinal: int = Field(primary_key=True)
    at: datetime = instant()
    account: str = text()
    asset: str = text()
    quantity: Decimal = exact()
    role: str = text()
    usd: Optional[Decimal] = exact(nullable=True)
    usd_source: Optional[str] = text(nullable=True)


class LotRow(SQLModel, table=True):
    """An open lot, or the part of one that lies in an account. What it was as a whole lets a later
    replay go on dealing out its cents from here."""

    __tablename__ = "lot"
    __table_args__ = (
        one_of("state", "held", "in_transit"),
        Index(None, "pool", "asset", "acquired_at"),
        Index(None, "acquired_at", "ordinal"),
    )

    ordinal: int = Field(primary_key=True)
    lot_id: str = text(index=True)
    account: str = text()
    pool: str = text()
    asset: str = text()
    quantity: Decimal = exact()
    basis_usd: Optional[Decimal] = exact(nullable=True)
    gift_given_at: Optional[datetime] = instant(nullable=True)
    gift_value: Optional[Decimal] = exact(nullable=True)
    acquired_at: datetime = instant()
    held_from: Optional[datetime] = instant(nullable=True)
    inherited: bool = False
    unallocated: bool = False
    road: str = text()
    whole: Decimal = exact()
    whole_basis_usd: Optional[Decimal] = exact(nullable=True)
    whole_gift_value: Optional[Decimal] = exact(nullable=True)
    bought: bool = False
    replacing: Decimal = exact()
    state: str = text()
    source_event: str = text()


class DisposalRow(SQLModel, table=True):
    """One slice of a disposition: what one lot gave to it."""

    __tablename__ = "disposal"
    __table_args__ = (with_gaps(), Index(None, "disposed_at", "disposal_id"), Index(None, "lot_id"))

    disposal_id: str = text(primary_key=True)
    event_id: str = text(index=True)
    leg: int
    part: int
    account: str = text()
    pool: str = text()
    asset: str = text()
    quantity: Decimal = exact()
    acquired_at: Optional[datetime] = instant(nullable=True)
    disposed_at: datetime = instant()
    proceeds_usd: Optional[Decimal] = exact(nullable=True)
    fees_usd: Decimal = exact()
    basis_usd: Optional[Decimal] = exact(nullable=True)
    washed_usd: Decimal = exact()
    gain_usd: Optional[Decimal] = exact(nullable=True)
    term: Optional[str] = text(nullable=True)
    lot_id: Optional[str] = text(nullable=True)
    txid: Optional[str] = text(nullable=True)
    kind: str = text()
    identification: str = text()
    inherited: bool = False
    gaps: str = text()
    road: str = text(default="[]")


class YearTotalRow(SQLModel, table=True):
    """The gains of a tax year, in the taxpayer's zone."""

    __tablename__ = "year_total"

    year: int = Field(primary_key=True)
    short_usd: Decimal = exact()
    long_usd: Decimal = exact()


class QueueRow(SQLModel, table=True):
    """When something last happened to the lots of an asset in a pool."""

    __tablename__ = "queue"

    pool: str = text(primary_key=True)
    asset: str = text(primary_key=True)
    last_at: datetime = instant()


class DerivationRow(SQLModel, table=True):
    """What the books were derived from: the newest row of each kind, and the settings that decide.
    `goes_on` says whether later events can be added to them as they are."""

    __tablename__ = "derivation"

    id: Optional[int] = row_id()
    raw_records: int
    decisions: int
    identifications: int
    prices: int
    settings: str = text()
    goes_on: bool


# ---- what is worth saying, and what runs


class AlertRow(SQLModel, table=True):
    """The state of one thing that is worth a message: its key begins with the rule."""

    __tablename__ = "alert"
    __table_args__ = (one_of("state", "clear", "pending", "firing"),)

    key: str = text(primary_key=True)
    state: str = text()
    readings: int = 0
    since: datetime = instant()
    last_fired_at: Optional[datetime] = instant(nullable=True)
    fired: int = 0
    loss_usd: Decimal = exact()
    over_since: Optional[datetime] = instant(nullable=True)
    told_usd: Decimal = exact(default=Decimal(0))
    snoozed_until: Optional[datetime] = instant(nullable=True)


class OutboxRow(SQLModel, table=True):
    """A message to deliver to one channel, which is known by a hash of its address; without one it
    is only noted."""

    __tablename__ = "outbox"

    alert_id: str = text(primary_key=True)
    channel: str = text(primary_key=True)
    created_at: datetime = instant()
    title: str = text()
    body: str = text()
    delivered_at: Optional[datetime] = instant(nullable=True)
    next_at: datetime = instant()
    attempts: int = 0
    sentence: Optional[str] = text(nullable=True)
    urgent: bool = False
    in_digest: bool = False


class OpeningRow(SQLModel, table=True):
    """What a look at all holdings saw: the price, and what a sale would have lost."""

    __tablename__ = "opening"

    at: datetime = instant(primary_key=True)
    account: str = text(primary_key=True)
    asset: str = text(primary_key=True)
    price: Decimal = exact()
    loss_short_usd: Decimal = exact()
    loss_long_usd: Decimal = exact()
    counts: bool = True  # accounts of one pool promise the same lots: one of them counts


class ScenarioRow(SQLModel, table=True):
    """What a person wants to compare plans under, by the name that they gave it."""

    __tablename__ = "scenario"

    name: str = text(primary_key=True)
    body: str = text()  # JSON
    saved_at: datetime = instant()


class JobRow(SQLModel, table=True):
    """When a scheduled job last ran and ended well."""

    __tablename__ = "job"

    name: str = text(primary_key=True)
    started_at: datetime = instant()
    finished_at: Optional[datetime] = instant(nullable=True)
    succeeded_at: Optional[datetime] = instant(nullable=True)
    sentence: Optional[str] = text(nullable=True)
