"""What a person compares plans under, by name."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.store.tables import ScenarioRow, table
from syncer.store.upsert import insert

_scenario = table(ScenarioRow)


def save(connection: Connection, name: str, body: str, now: datetime) -> None:
    """In place of one of the same name."""
    values = {"name": name, "body": body, "saved_at": now}
    upsert = insert(connection, _scenario).values(values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["name"], set_=values))


def scenarios(connection: Connection) -> dict[str, str]:
    """By name."""
    query = sa.select(_scenario.c.name, _scenario.c.body).order_by(_scenario.c.name)
    return {name: body for name, body in connection.execute(query)}
