"""From when to when something happened, by account."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.store.plain import plain, selected
from syncer.store.tables import LegRow

_leg = plain(LegRow)


def spans(connection: Connection) -> dict[str, tuple[datetime, datetime]]:
    """The first and the last instant in UTC of each account that anything happened in; each is
    one look into an index."""
    names = [name for (name,) in selected(connection, sa.select(_leg.c.account).distinct())]
    return {name: (_end(connection, name, True), _end(connection, name, False)) for name in names}


def _end(connection: Connection, account: str, first: bool) -> datetime:
    at = _leg.c.at if first else _leg.c.at.desc()
    ((found,),) = selected(
        connection, sa.select(_leg.c.at).where(_leg.c.account == account).order_by(at).limit(1)
    )
    return datetime.fromisoformat(found)
