"""Alert states and the outbox: a transition and its message go in together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from syncer.alerts.openings import AlertState
from syncer.store.tables import AlertRow, OutboxRow

_alert = AlertRow.__table__  # type: ignore[attr-defined]
_outbox = OutboxRow.__table__  # type: ignore[attr-defined]


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
    connection: Connection, alert_id: str, title: str, body: str, now: datetime
) -> None:
    values = {"alert_id": alert_id, "created_at": now, "title": title, "body": body, "attempts": 0}
    connection.execute(insert(_outbox).values(values).on_conflict_do_nothing())


def undelivered(connection: Connection) -> list[OutboxRow]:
    query = sa.select(_outbox).where(_outbox.c.delivered_at.is_(None))
    rows: Iterable[OutboxRow] = (
        OutboxRow(**r) for r in connection.execute(query.order_by(_outbox.c.created_at)).mappings()
    )
    return list(rows)


def outbox(connection: Connection) -> list[OutboxRow]:
    query = sa.select(_outbox).order_by(_outbox.c.created_at, _outbox.c.alert_id)
    return [OutboxRow(**r) for r in connection.execute(query).mappings()]


def record_delivery(
    connection: Connection, alert_id: str, now: datetime, sentence: str | None
) -> None:
    """Mark as delivered, or keep it with the reason it was not."""
    values = {
        "attempts": _outbox.c.attempts + 1,
        "sentence": sentence,
        "delivered_at": None if sentence else now,
    }
    connection.execute(sa.update(_outbox).where(_outbox.c.alert_id == alert_id).values(values))
