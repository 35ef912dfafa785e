"""Tables without types, for many rows at once: values go in and come out as they are stored.

The typed columns ask a Python function for each value; a long history has millions. What is here
turns whole rows, by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from syncer.store.tables import table
from syncer.store.types import ExactDecimal, UtcTime

BATCH = 20_000


@cache
def plain(model: type[SQLModel]) -> sa.TableClause:
    """A model's table with untyped columns; one for all, so that conditions can be handed on."""
    typed = table(model)
    return sa.table(typed.name, *(sa.column(c.name) for c in typed.columns))


def number(stored: Any) -> Decimal:
    return stored if isinstance(stored, Decimal) else Decimal(stored)


def number_or_none(stored: Any) -> Decimal | None:
    return None if stored is None else number(stored)


def time_or_none(stored: Any) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)


def insert(connection: Connection, model: type[SQLModel], rows: Iterable[dict[str, Any]]) -> None:
    """Add rows given as values; each column's type is asked once per table, not once per value."""
    typed = table(model)
    bind = {c.name: _bind(c.type, connection) for c in typed.columns}
    statement = sa.insert(plain(model))
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append({k: v if v is None else bind[k](v) for k, v in row.items()})
        if len(batch) == BATCH:
            connection.execute(statement, batch)
            batch = []
    if batch:
        connection.execute(statement, batch)


def _bind(kind: Any, connection: Connection) -> Callable[[Any], Any]:
    if isinstance(kind, ExactDecimal | UtcTime):
        dialect = connection.dialect
        return lambda value: kind.process_bind_param(value, dialect)
    return lambda value: value


def values(one: Any) -> dict[str, Any]:
    """A flat dataclass as a row."""
    return {f.name: getattr(one, f.name) for f in fields(one)}


def selected(connection: Connection, query: sa.Select[Any]) -> Sequence[tuple[Any, ...]]:
    """All rows of a query, as they are stored."""
    return connection.execute(query).all()


def stored_time(at: datetime) -> str:
    """An instant as the time columns keep it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
