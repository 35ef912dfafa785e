"""Raw records and cursors: a page and its cursor go in together, the same row never twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.records import Balance, Page, RawRecord
from syncer.store.odd_text import readable, storable
from syncer.store.tables import BalanceRow, CursorRow, EntryRow, PullRow, RawRow, table
from syncer.store.upsert import insert

_raw = table(RawRow)
_cursor = table(CursorRow)
_pull = table(PullRow)
_balance = table(BalanceRow)
_entry = table(EntryRow)
_NAMED = ["source", "stream", "native_id", "revision"]  # what makes a revision of a record


def write_page(connection: Connection, source: str, page: Page, now: datetime) -> int:
    """Store a page's new or changed records and its cursor; how many rows that made."""
    count = write_records(connection, page.records, now)
    values = {
        "source": source,
        "stream": page.stream,
        "cursor": page.next_cursor,
        "updated_at": now,
    }
    keep = {"cursor": page.next_cursor, "updated_at": now}
    upsert = insert(connection, _cursor).values(values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["source", "stream"], set_=keep))
    return count


def write_records(connection: Connection, records: Iterable[RawRecord], now: datetime) -> int:
    """A record that is stored already makes no row; a changed one makes a new revision.

    Most records of a long first load are new: they are put in without a look, and only where that
    meets stored ones are these compared.
    """
    records = [_storable(record) for record in records]
    if not records:
        return 0
    first = [_row(record, 1, now) for record in records]
    put = insert(connection, _raw).on_conflict_do_nothing(index_elements=_NAMED)
    made = connection.execute(put, first, execution_options={"preserve_rowcount": True}).rowcount
    if made == len(records):
        return made
    rows, known = [], _latest_bodies(connection, records)
    for record in records:
        key = (record.source, record.stream, record.native_id)
        revision, body = known[key]
        if body != record.body:
            known[key] = (revision + 1, record.body)
            rows.append(_row(record, revision + 1, now))
    if rows:
        connection.execute(sa.insert(_raw), rows)
    return made + len(rows)


def _storable(record: RawRecord) -> RawRecord:
    key, body = storable(record.native_id), storable(record.body)
    same = (key, body) == (record.native_id, record.body)
    return record if same else replace(record, native_id=key, body=body)


def _record(row: Sequence[Any]) -> RawRecord:
    source, stream, native_id, happened_at, body = row
    return RawRecord(source, stream, native_id, happened_at, readable(body))


def _row(record: RawRecord, revision: int, now: datetime) -> dict[str, object]:
    return {
        "source": record.source,
        "stream": record.stream,
        "native_id": record.native_id,
        "revision": revision,
        "happened_at": record.happened_at,
        "body": record.body,
        "fetched_at": now,
    }


def bodies(
    connection: Connection, records: Iterable[RawRecord]
) -> dict[tuple[str, str, str], str | None]:
    """The newest stored text of those records that are known, by (source, stream, id)."""
    return {
        k: body
        for k, (_, body) in _latest_bodies(connection, [_storable(r) for r in records]).items()
    }


def _latest_bodies(
    connection: Connection, records: list[RawRecord]
) -> dict[tuple[str, str, str], tuple[int, str | None]]:
    found: dict[tuple[str, str, str], tuple[int, str | None]] = {}
    for start in range(0, len(records), 500):
        part = records[start : start + 500]
        query = (
            sa.select(_raw.c.source, _raw.c.stream, _raw.c.native_id, _raw.c.revision, _raw.c.body)
            .where(
                _raw.c.source.in_({r.source for r in part}),
                _raw.c.stream.in_({r.stream for r in part}),
                _raw.c.native_id.in_([r.native_id for r in part]),
            )
            .order_by(_raw.c.revision)
        )
        for source, stream, native_id, revision, body in connection.execute(query):
            found[source, stream, native_id] = (revision, body)
    return found


def cursors(connection: Connection, source: str) -> dict[str, str]:
    query = sa.select(_cursor.c.stream, _cursor.c.cursor).where(_cursor.c.source == source)
    return {stream: cursor for stream, cursor in connection.execute(query)}


def latest(
    connection: Connection,
    source: str | None = None,
    stream: str | None = None,
    naming: str | None = None,
) -> Iterator[RawRecord]:
    """The newest revision of each record, in a stable order; `naming` leaves out those whose text
    does not hold a word."""
    later = _raw.alias("later")
    superseded = sa.exists().where(
        later.c.source == _raw.c.source,
        later.c.stream == _raw.c.stream,
        later.c.native_id == _raw.c.native_id,
        later.c.revision > _raw.c.revision,
    )
    query = (
        sa.select(_raw.c.source, _raw.c.stream, _raw.c.native_id, _raw.c.happened_at, _raw.c.body)
        .where(~superseded)  # by the unique index alone: nothing is sorted or held
        .order_by(_raw.c.source, _raw.c.stream, _raw.c.native_id)
    )
    if source:
        query = query.where(_raw.c.source == source)
    if stream:
        query = query.where(_raw.c.stream == stream)
    if naming:
        query = query.where(_raw.c.body.contains(naming, autoescape=True))
    with connection.execute(query, execution_options={"yield_per": 1000}) as rows:
        for row in rows:
            yield _record(row)


@dataclass(frozen=True, slots=True)
class Stored:
    """A source's newest records, read from the database each time that they are walked: they may be
    too many to hold."""

    connection: Connection
    source: str

    def __iter__(self) -> Iterator[RawRecord]:
        return latest(self.connection, self.source)


def revisions(connection: Connection, source: str) -> list[RawRecord]:
    """Every revision of each record of a source, the older ones first."""
    columns = (_raw.c.source, _raw.c.stream, _raw.c.native_id, _raw.c.happened_at, _raw.c.body)
    query = sa.select(*columns).where(_raw.c.source == source)
    ordered = query.order_by(_raw.c.stream, _raw.c.native_id, _raw.c.revision)
    return [_record(row) for row in connection.execute(ordered)]


def since(connection: Connection, row: int) -> list[tuple[RawRecord, int]]:
    """Records stored after a row, each with its revision."""
    columns = (_raw.c.source, _raw.c.stream, _raw.c.native_id, _raw.c.happened_at, _raw.c.body)
    query = sa.select(*columns, _raw.c.revision).where(_raw.c.id > row).order_by(_raw.c.id)
    return [(_record(found[:5]), found[5]) for found in connection.execute(query)]


def tells_of(connection: Connection, source: str, accounts: Collection[str]) -> bool:
    """Whether a source has entries of one of these accounts."""
    here = (_entry.c.source == source) & _entry.c.account.in_(sorted(accounts))
    query = sa.select(_entry.c.id).where(here).limit(1)
    return bool(accounts) and connection.scalar(query) is not None


def groups(connection: Connection) -> set[tuple[str, str]]:
    """(source, group) of the stored entries."""
    query = sa.select(_entry.c.source, _entry.c.group_key).distinct()
    return {(name, group) for name, group in connection.execute(query)}


def groups_between(
    connection: Connection, where: Collection[tuple[str, str]], start: datetime, end: datetime
) -> set[tuple[str, str]]:
    """(source, group) of the entries of some accounts and assets, from `start` to `end`."""
    found: set[tuple[str, str]] = set()
    for account, asset in where:
        here = (_entry.c.account == account) & (_entry.c.asset == asset)
        query = sa.select(_entry.c.source, _entry.c.group_key).distinct()
        rows = connection.execute(query.where(here, _entry.c.at.between(start, end)))
        found |= {(source, group) for source, group in rows}
    return found


def entries_of_groups(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """(source, group, id of the record) of every stored entry."""
    columns = (_entry.c.source, _entry.c.group_key, _entry.c.native_id)
    query = sa.select(*columns).distinct().order_by(*columns)
    with connection.execute(query, execution_options={"yield_per": 1000}) as rows:
        for row in rows:
            yield row[0], row[1], row[2]


def named(connection: Connection, source: str, native_ids: Sequence[str]) -> list[RawRecord]:
    """The newest revisions of records by their ids, in whichever stream."""
    columns = (_raw.c.source, _raw.c.stream, _raw.c.native_id, _raw.c.happened_at, _raw.c.body)
    found: dict[tuple[str, str], RawRecord] = {}
    for start in range(0, len(native_ids), 500):
        here = _raw.c.native_id.in_(native_ids[start : start + 500])
        query = sa.select(*columns).where(_raw.c.source == source, here).order_by(_raw.c.revision)
        for row in connection.execute(query):
            found[row[1], row[2]] = _record(row)
    return list(found.values())


def has_groups(connection: Connection, groups: Iterable[tuple[str, str]]) -> bool:
    """Whether entries of any of these (source, group) are stored."""
    query = sa.select(_entry.c.id).limit(1)
    return any(
        connection.execute(
            query.where(_entry.c.source == source, _entry.c.group_key == group)
        ).first()
        for source, group in groups
    )


def counts(connection: Connection) -> dict[str, int]:
    """How many records each source has."""
    distinct = sa.select(_raw.c.source, _raw.c.stream, _raw.c.native_id).distinct().subquery()
    query = sa.select(distinct.c.source, sa.func.count()).group_by(distinct.c.source)
    query = query.order_by(distinct.c.source)
    return {source: count for source, count in connection.execute(query)}


def start_pull(connection: Connection, source: str, now: datetime) -> int:
    values = {"source": source, "started_at": now, "outcome": "running", "new_records": 0}
    (key,) = connection.execute(sa.insert(_pull).values(values)).inserted_primary_key or (0,)
    return int(key)


def end_pull(
    connection: Connection, pull: int, now: datetime, new: int, outcome: str, sentence: str | None
) -> None:
    values = {
        "finished_at": now,
        "new_records": new,
        "outcome": outcome,
        "sentence": sentence,
    }
    connection.execute(sa.update(_pull).where(_pull.c.id == pull).values(values))


def newest_pulls(
    connection: Connection, source: str, most: int = 20
) -> list[tuple[datetime, str, str | None]]:
    """(ended at, outcome, sentence) of a source's pulls that ended, newest first."""
    query = (
        sa.select(_pull.c.finished_at, _pull.c.outcome, _pull.c.sentence)
        .where(_pull.c.source == source, _pull.c.finished_at.is_not(None))
        .order_by(_pull.c.id.desc())
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def last_pulls(connection: Connection) -> dict[str, tuple[datetime | None, str | None]]:
    """By source: when a pull last ended well, and the sentence of the newest if it failed."""
    good = _pull.c.outcome == "done"
    done = sa.select(_pull.c.source, sa.func.max(_pull.c.finished_at)).where(good)
    ended = connection.execute(done.group_by(_pull.c.source))
    at: dict[str, datetime] = {source: when for source, when in ended}
    newest = sa.select(sa.func.max(_pull.c.id)).group_by(_pull.c.source)
    query = sa.select(_pull.c.source, _pull.c.sentence).where(_pull.c.id.in_(newest))
    return {source: (at.get(source), sentence) for source, sentence in connection.execute(query)}


def last_ended(connection: Connection) -> datetime | None:
    """When a pull last ended: with it balances and its sentence may have changed."""
    ended: datetime | None = connection.scalar(sa.select(sa.func.max(_pull.c.finished_at)))
    return ended


def first_pulls(connection: Connection) -> dict[str, datetime]:
    """By source: when it was first tried."""
    query = sa.select(_pull.c.source, sa.func.min(_pull.c.started_at)).group_by(_pull.c.source)
    return {source: when for source, when in connection.execute(query)}


def write_balances(
    connection: Connection,
    source: str,
    pairs: Iterable[tuple[Balance, object]],
    since: Mapping[tuple[str, str], datetime],
    details: Mapping[tuple[str, str], str],
) -> None:
    """Replace a source's reported balances by (balance, computed) pairs; by (account, asset) since
    when they differ and why."""
    rows = [
        {
            "source": source,
            "account": b.account,
            "asset": b.asset,
            "reported": b.quantity,
            "computed": computed,
            "at": b.at,
            "differs_since": since.get((b.account, b.asset)),
            "detail": details.get((b.account, b.asset)),
        }
        for b, computed in pairs
    ]
    connection.execute(sa.delete(_balance).where(_balance.c.source == source))
    if rows:
        connection.execute(sa.insert(_balance), rows)


def reported_balances(connection: Connection) -> list[BalanceRow]:
    query = sa.select(_balance).order_by(_balance.c.account, _balance.c.asset, _balance.c.source)
    return [BalanceRow(**row) for row in connection.execute(query).mappings()]
