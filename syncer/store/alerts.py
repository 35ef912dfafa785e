"""Alert states and the outbox: a transition and its message go in together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from syncer.alerts.openings import AlertState
from syncer.store.tables import AlertRow, OutboxRow, table

_alert = table(AlertRow)
_outbox = table(OutboxRow)


def alert_states(connection: Connection) -> dict[str, AlertState]:
    return {
        row["key"]: AlertState(
            row["key"],
            row["state"],
            row["since"],
            row["readings"],
            row["last_fired_at"],
            row["fired"],
            row["loss_usd"],
        )
        for row in connection.execute(sa.select(_alert)).mappings()
    }


def save_alert(connection: Connection, state: AlertState) -> None:
    values = {
        "key": state.key,
        "state": state.state,
        "readings": state.readings,
        "since": state.since,
        "last_fired_at": state.last_fired_at,
        "fired": state.fired,
        "loss_usd": state.loss,
    }
    upsert = insert(_alert).values(values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=values))


def put_in_outbox(
    connection: Connection,
    alert_id: str,
    title: str,
    body: str,
    channels: Iterable[int],
    now: datetime,
) -> None:
    """One row for each channel, so that one which fails does not repeat to the others."""
    for channel in channels:
        values = {
            "alert_id": alert_id,
            "channel": channel,
            "created_at": now,
            "next_at": now,
            "title": title,
            "body": body,
            "attempts": 0,
        }
        connection.execute(insert(_outbox).values(values).on_conflict_do_nothing())


def due(connection: Connection, now: datetime) -> list[OutboxRow]:
    """What is not delivered and may be tried now, oldest first."""
    query = sa.select(_outbox).where(_outbox.c.delivered_at.is_(None), _outbox.c.next_at <= now)
    rows = connection.execute(query.order_by(_outbox.c.created_at, _outbox.c.alert_id))
    return [OutboxRow(**r) for r in rows.mappings()]


def record_delivery(
    connection: Connection, row: OutboxRow, now: datetime, sentence: str | None
) -> None:
    """Mark as delivered, or keep it with the reason and try again later, at most 6 hours apart."""
    wait = min(timedelta(minutes=2**row.attempts), timedelta(hours=6))
    values = {
        "attempts": row.attempts + 1,
        "sentence": sentence,
        "delivered_at": None if sentence else now,
        "next_at": now + wait,
    }
    this = (_outbox.c.alert_id == row.alert_id) & (_outbox.c.channel == row.channel)
    connection.execute(sa.update(_outbox).where(this).values(values))
