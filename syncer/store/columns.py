"""How columns are declared: exact, plain, with names for what keeps them right."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CheckConstraint, Index, Table
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

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


def text(**options: Any) -> Any:
    return Field(sa_type=PlainText, **options)


def row_id() -> Any:
    return Field(default=None, primary_key=True, sa_type=ROW_ID)


def exact(**options: Any) -> Any:
    return Field(sa_type=ExactDecimal, **options)


def instant(**options: Any) -> Any:
    return Field(sa_type=UtcTime, **options)


def one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def with_gaps() -> Index:
    """Finds the few rows that have gaps among the many that have none."""
    where = sql("gaps <> '[]'")
    return Index(None, "gaps", sqlite_where=where, postgresql_where=where)
