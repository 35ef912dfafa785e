"""When scheduled jobs last ran, so that a restart knows what is due."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.store.tables import JobRow, table
from syncer.store.upsert import insert

_job = table(JobRow)


def start_job(connection: Connection, name: str, now: datetime) -> None:
    values = {"name": name, "started_at": now}
    upsert = insert(connection, _job).values(values)
    keep = {"started_at": now, "finished_at": None}
    connection.execute(upsert.on_conflict_do_update(index_elements=["name"], set_=keep))


def end_job(connection: Connection, name: str, now: datetime, sentence: str | None) -> None:
    values = {"finished_at": now, "sentence": sentence}
    if sentence is None:
        values["succeeded_at"] = now
    connection.execute(sa.update(_job).where(_job.c.name == name).values(values))


def jobs(connection: Connection) -> list[JobRow]:
    query = sa.select(_job).order_by(_job.c.name)
    return [JobRow(**row) for row in connection.execute(query).mappings()]
