"""What each look at all holdings saw: prices, and the losses that sales would have taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.store.columns import table
from syncer.store.tables import OpeningRow
from syncer.store.upsert import insert

_opening = table(OpeningRow)
ALL_FOR = timedelta(days=3)  # how long every look is kept; then one an hour, then one a day
HOURLY_FOR = timedelta(days=60)


def note(connection: Connection, seen: Iterable[OpeningRow]) -> None:
    rows = [one.model_dump() for one in seen]
    if rows:
        connection.execute(insert(connection, _opening).on_conflict_do_nothing(), rows)


def history(connection: Connection, account: str, asset: str, since: datetime) -> list[OpeningRow]:
    """Of one account and asset, in order of time."""
    here = (_opening.c.account == account) & (_opening.c.asset == asset) & (_opening.c.at >= since)
    query = sa.select(_opening).where(here).order_by(_opening.c.at)
    return [OpeningRow(**row) for row in connection.execute(query).mappings()]


def looks(connection: Connection, since: datetime) -> list[OpeningRow]:
    """Those that count, in order of time."""
    here = _opening.c.counts & (_opening.c.at >= since)
    query = sa.select(_opening).where(here).order_by(_opening.c.at)
    return [OpeningRow(**row) for row in connection.execute(query).mappings()]


def thin_out(connection: Connection, now: datetime) -> int:
    """Of older looks one an hour stays, of much older ones one a day, the last of each; how many
    went."""
    older = sa.select(_opening.c.at).distinct().where(_opening.c.at < now - ALL_FOR)
    times = list(connection.execute(older.order_by(_opening.c.at)).scalars())
    last = {_span(at, now): at for at in times}
    gone = sorted(set(times) - set(last.values()))
    for at in gone:
        connection.execute(sa.delete(_opening).where(_opening.c.at == at))
    return len(gone)


def _span(at: datetime, now: datetime) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if at >= now - HOURLY_FOR else hour.replace(hour=0)
