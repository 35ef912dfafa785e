"""Moves all rows of one database to another, of whichever engine, and proves that they are the
same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from config.errors import SyncerError
from syncer.store import tables, web_tables
from syncer.store.database import Database
from syncer.store.schema import HEAD, revision_of

assert tables, web_tables  # registers the models
BATCH = 2_000  # rows
Batch = list[sa.Row[Any]]
Told = Callable[[str, int], None]  # a table, and how many of its rows there are so far


def copy_rows(
    source: Database, target: Database, replace: bool = False, told: Told = lambda *_: None
) -> dict[str, int]:
    """Rows by table, in one transaction that ends only if what is read back from `target` is what
    was read from one moment of `source`.

    Raises SyncerError if the two are not of this schema, if the proof fails, and if there is
    anything in `target` that is not to be replaced.
    """
    with source.read() as old, target.write() as new:
        for connection, name in ((old, source.name), (new, target.name)):
            if revision_of(connection) != HEAD:
                raise SyncerError(f"the database {name} is not of this version's schema")
        _make_room(new, target.name, replace)
        return {
            table.name: _copy(table, _told_of(source, _rows(old, table)), new, told)
            for table in _in_order()
        }


def _in_order() -> list[sa.Table]:
    """What is referred to before what refers to it."""
    return list(SQLModel.metadata.sorted_tables)


def _make_room(new: Connection, name: str, replace: bool) -> None:
    for table in reversed(_in_order()):
        if replace:
            new.execute(sa.delete(table))
        elif new.execute(sa.select(table).limit(1)).first():
            raise SyncerError(f"the database {name} is not empty; nothing was copied")


def _told_of(source: Database, batches: Iterator[Batch]) -> Iterator[Batch]:
    """What goes wrong with the source is told of the source."""
    with source.told():
        yield from batches


def _copy(table: sa.Table, batches: Iterator[Batch], new: Connection, told: Told) -> int:
    was, count = hashlib.sha256(), 0
    for batch in batches:
        new.execute(sa.insert(table), [dict(row._mapping) for row in batch])
        _add(was, batch)
        count += len(batch)
        told(table.name, count)
    now = hashlib.sha256()
    for batch in _rows(new, table):
        _add(now, batch)
    if was.digest() != now.digest():
        raise SyncerError(f"table {table.name} does not come back as it went in; nothing is copied")
    _go_on_counting(table, new)
    return count


def _rows(connection: Connection, table: sa.Table) -> Iterator[Batch]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    with connection.execute(query, execution_options={"yield_per": BATCH}) as found:
        for batch in found.partitions():
            yield list(batch)


def _add(total: Any, batch: Batch) -> None:
    """Typed values: exact numbers, instants, texts, the same whatever engine keeps them."""
    for row in batch:
        total.update(repr(tuple(row)).encode("utf-8", "backslashreplace"))


def _go_on_counting(table: sa.Table, new: Connection) -> None:
    """PostgreSQL does not look at the numbers that rows have already."""
    if new.dialect.name != "postgresql" or "id" not in table.columns:
        return
    highest = new.scalar(sa.select(sa.func.max(table.c.id))) or 0
    sequence = new.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, "id")))
    # unlike setval this is taken back with the transaction
    new.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART WITH {highest + 1}")
