"""INSERT that says what happens to a row that is there already, in the words of either engine."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def insert(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Both have `on_conflict_do_nothing` and `on_conflict_do_update`."""
    of_engine = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return of_engine(table)
