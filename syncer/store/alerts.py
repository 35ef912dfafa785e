"""Alert states and the outbox: a transition and its message go in together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.alerts.delivery import Waiting
from syncer.alerts.states import AlertState, Message
from syncer.store.tables import AlertRow, OutboxRow, table
from syncer.store.upsert import insert

_alert = table(AlertRow)
_outbox = table(OutboxRow)
NOWHERE = ""  # the channel of a message while the settings name none
GONE = "the channel was taken out of the settings"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
LONGEST = timedelta(hours=26)  # that anything waits: to the next digest, across a change of clocks


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
            row["over_since"],
            row["told_usd"],
            row["snoozed_until"],
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
        "over_since": state.over_since,
        "told_usd": state.told,
        "snoozed_until": state.snoozed_until,
    }
    upsert = insert(connection, _alert).values(values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=values))


def put_in_outbox(
    connection: Connection, told: Message, channels: Sequence[str], now: datetime
) -> None:
    """One row for each channel, so that one which fails does not repeat to the others; without any
    channel the message is noted all the same."""
    for channel in channels or (NOWHERE,):
        values = {
            "alert_id": told.alert_id,
            "channel": channel,
            "created_at": now,
            "next_at": now,
            "title": told.title,
            "body": told.body,
            "attempts": 0,
            "urgent": told.urgent,
            "in_digest": False,
        }
        connection.execute(insert(connection, _outbox).values(values).on_conflict_do_nothing())


def waiting(connection: Connection, now: datetime) -> list[Waiting]:
    """What is not delivered and may be tried now, oldest first; also what a clock that was ahead
    would keep."""
    ahead = (_outbox.c.next_at > now + LONGEST) & (_outbox.c.next_at < NEVER)
    query = sa.select(_outbox).where(
        _outbox.c.delivered_at.is_(None),
        (_outbox.c.next_at <= now) | ahead,
        _outbox.c.channel != NOWHERE,
    )
    rows = connection.execute(query.order_by(_outbox.c.created_at, _outbox.c.alert_id))
    return [
        Waiting(
            r["alert_id"], r["channel"], r["attempts"], r["title"], r["body"], r["urgent"],
            r["in_digest"],
        )
        for r in rows.mappings()
    ]  # fmt: skip


def give_up(connection: Connection, channels: Sequence[str], now: datetime) -> None:
    """Messages to channels that the settings do not name any more: nobody takes them, until they
    are named again."""
    back = _outbox.c.delivered_at.is_(None) & _outbox.c.channel.in_(channels)
    again = {"sentence": None, "next_at": now}
    connection.execute(sa.update(_outbox).where(back & (_outbox.c.next_at >= NEVER)).values(again))
    waits = _outbox.c.delivered_at.is_(None) & _outbox.c.channel.not_in([*channels, NOWHERE])
    values = {"sentence": GONE, "next_at": NEVER}
    connection.execute(sa.update(_outbox).where(waits & (_outbox.c.next_at < NEVER)).values(values))


def delivered_since(connection: Connection, channel: str, start: datetime) -> int:
    """Messages that a channel took by themselves since an instant, but for urgent ones."""
    here = (_outbox.c.channel == channel) & (_outbox.c.delivered_at >= start)
    alone = ~_outbox.c.urgent & ~_outbox.c.in_digest
    query = sa.select(sa.func.count()).select_from(_outbox).where(here & alone)
    return int(connection.execute(query).scalar_one())


def outbox(connection: Connection, most: int) -> list[OutboxRow]:
    """The newest messages, delivered or not."""
    query = sa.select(_outbox).order_by(_outbox.c.created_at.desc(), _outbox.c.alert_id)
    return [OutboxRow(**r) for r in connection.execute(query.limit(most)).mappings()]


def messages_of(connection: Connection, keys: Iterable[str]) -> list[tuple[datetime, str]]:
    """When messages of these alerts were due, and their titles, each once."""
    columns = (_outbox.c.created_at, _outbox.c.title)
    mine = sa.or_(*(_outbox.c.alert_id.startswith(f"{key}:", autoescape=True) for key in keys))
    query = sa.select(*columns).where(mine).distinct().order_by(*columns)
    return [(at, title) for at, title in connection.execute(query)]


def put_off(connection: Connection, some: Iterable[Waiting], until: datetime) -> None:
    """To the next digest."""
    for row in some:
        connection.execute(sa.update(_outbox).where(_is(row)).values(in_digest=True, next_at=until))


def snooze(connection: Connection, state: AlertState, until: datetime | None) -> None:
    save_alert(connection, replace(state, snoozed_until=until))


def _is(row: Waiting) -> sa.ColumnElement[bool]:
    return (_outbox.c.alert_id == row.alert_id) & (_outbox.c.channel == row.channel)


def record_delivery(
    connection: Connection, row: Waiting, now: datetime, sentence: str | None
) -> None:
    """Mark as delivered, or keep it with the reason and try again later, at most 6 hours apart."""
    wait = min(timedelta(minutes=2 ** min(row.attempts, 9)), timedelta(hours=6))
    values = {
        "attempts": row.attempts + 1,
        "sentence": sentence,
        "delivered_at": None if sentence else now,
        "next_at": now + wait,
    }
    connection.execute(sa.update(_outbox).where(_is(row)).values(values))
