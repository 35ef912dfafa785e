"""What is set on the page: append-only, read as what is in force."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.store.columns import table
from syncer.store.web_tables import EditRow

_edit = table(EditRow)


def add(connection: Connection, name: str, value: str | None, who: str, now: datetime) -> None:
    """Set it, or with None let the file say it again."""
    row = {"at": now, "who": who, "name": name, "value": value}
    connection.execute(sa.insert(_edit).values(row))


def rows(connection: Connection) -> dict[str, EditRow]:
    """The newest change of each setting that is set."""
    query = sa.select(_edit).order_by(_edit.c.id)
    newest = {r["name"]: EditRow(**r) for r in connection.execute(query).mappings()}
    return {name: row for name, row in sorted(newest.items()) if row.value is not None}


def edits(connection: Connection) -> dict[str, str]:
    """What is set, by name."""
    return {name: row.value for name, row in rows(connection).items() if row.value is not None}
