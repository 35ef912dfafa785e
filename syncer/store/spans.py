"""From when to when something happened, by account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.events import DUPLICATE
from syncer.store.plain import plain, selected
from syncer.store.tables import EventRow, LegRow

_event, _leg = plain(EventRow), plain(LegRow)
_NOTHING = ("spam", DUPLICATE)  # no word of how far a history reaches


def spans(connection: Connection) -> dict[str, tuple[datetime, datetime]]:
    """The first and the last instant in UTC of each account that anything happened in; each is
    one look into an index."""
    found = {}
    for name in _accounts(connection):
        first, last = _end(connection, name, _leg.c.at), _end(connection, name, _leg.c.at.desc())
        if first and last:
            found[name] = first, last
    return found


def _accounts(connection: Connection) -> Iterator[str]:
    """One after the other: a list of all that differ would read every leg."""
    name: str | None = ""
    while name is not None:
        after = sa.select(sa.func.min(_leg.c.account)).where(_leg.c.account > name)
        ((name,),) = selected(connection, after)
        if name is not None:
            yield name


def _end(connection: Connection, account: str, order: sa.ColumnElement[str]) -> datetime | None:
    query = sa.select(_leg.c.at).join(_event, _event.c.event_id == _leg.c.event_id)
    query = query.where(_leg.c.account == account, _event.c.kind.not_in(_NOTHING))
    found = selected(connection, query.order_by(order).limit(1))
    return datetime.fromisoformat(found[0][0]) if found else None
