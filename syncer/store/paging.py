"""Pages of a long ledger, newest first, found by the key of the row before: no page is slower than
another, and no page looks through more than so many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.events import Event
from syncer.lots.model import Disposal, Lot
from syncer.store import shelf
from syncer.store.plain import plain, selected, stored_time
from syncer.store.tables import DisposalRow, EventRow, LegRow, LotRow

SIZE = 50  # rows of a page
FIRST, MOST = 200, 10_000  # rows that one page looks through: at first, and if they are too few
T = TypeVar("T")
_event, _leg = plain(EventRow), plain(LegRow)
_disposal, _lot = plain(DisposalRow), plain(LotRow)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: all conditions that are there must hold. `start` counts, `end` does not."""

    account: str | None = None
    asset: str | None = None
    kind: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The row after which a page begins: its instant, as it is stored, and its key."""

    at: str
    key: str


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A page; `after` is where the next begins. `looked_to` says that only rows since then were
    looked through, because what is wanted is rare: the next page goes on from there."""

    rows: Sequence[T]
    after: Place | None = None
    looked_to: datetime | None = None


def events_page(connection: Connection, wanted: Wanted, after: Place | None = None) -> Found[Event]:
    """Events of a text's id or transaction, or of all that is wanted."""
    if wanted.text and (named := _named(connection, wanted.text)):
        return Found(named)
    moved = bool(wanted.account or wanted.asset)
    table = _leg if moved else _event
    within = [*_between(table.c.at, wanted)]
    if moved:
        within += _equal((_leg.c.account, wanted.account), (_leg.c.asset, wanted.asset))
    elif wanted.kind:
        within.append(_event.c.kind == wanted.kind)
    # what a text is looked for in comes along, where that is the table at hand
    words = () if moved or not wanted.text else _words(_event.c)
    columns = _Columns(table.c.at, table.c.event_id, words, distinct=moved)

    def narrowed(some: sa.Subquery) -> sa.Select[Any]:
        """A kind of an account's events, and a text, are looked for in the events themselves."""
        query = sa.select(some.c.at, some.c.key)
        if words:
            return query.where(_holds(some.c, wanted.text))
        sought = [_event.c.kind == wanted.kind] if moved and wanted.kind else []
        if wanted.text:
            sought.append(_holds(_event.c, wanted.text))
        if not sought:
            return query
        return query.join(_event, _event.c.event_id == some.c.key).where(*sought)

    found = _page(connection, columns, within, narrowed, after)
    keys = [key for _, key in found.rows]
    by_key = {e.event_id: e for e in shelf.events(connection, _event.c.event_id.in_(keys))}
    return Found([by_key[k] for k in keys], found.after, found.looked_to)


def disposals_page(
    connection: Connection, wanted: Wanted, after: Place | None = None
) -> Found[Disposal]:
    """Slices of dispositions."""
    table = _disposal.c
    columns = _Columns(
        table.disposed_at, table.disposal_id, (table.account, table.asset, table.kind)
    )

    def narrowed(some: sa.Subquery) -> sa.Select[Any]:
        return sa.select(some.c.at, some.c.key).where(
            *_equal(
                (some.c.account, wanted.account),
                (some.c.asset, wanted.asset),
                (some.c.kind, wanted.kind),
            )
        )

    within = [*_between(table.disposed_at, wanted)]
    found = _page(connection, columns, within, narrowed, after)
    keys = [key for _, key in found.rows]
    by_key = {d.disposal_id: d for d in shelf.disposals(connection, table.disposal_id.in_(keys))}
    return Found([by_key[k] for k in keys], found.after, found.looked_to)


def lots_page(connection: Connection, wanted: Wanted, after: Place | None = None) -> Found[Lot]:
    """Open lots, by when they were acquired."""
    columns = _Columns(_lot.c.acquired_at, _lot.c.ordinal, (_lot.c.account, _lot.c.asset), int)

    def narrowed(some: sa.Subquery) -> sa.Select[Any]:
        told = ((some.c.account, wanted.account), (some.c.asset, wanted.asset))
        return sa.select(some.c.at, some.c.key).where(*_equal(*told))

    within = [*_between(_lot.c.acquired_at, wanted)]
    found = _page(connection, columns, within, narrowed, after)
    by_key = shelf.lots_by_ordinal(connection, [key for _, key in found.rows])
    return Found([by_key[key] for _, key in found.rows], found.after, found.looked_to)


# ---- how


@dataclass(frozen=True, slots=True)
class _Columns:
    """The instant and the key that order a table, and what else is looked at."""

    at: Any
    key: Any
    more: tuple[Any, ...] = ()
    of_key: type[str] | type[int] = str
    distinct: bool = False

    def candidates(self, within: Sequence[Any], after: Place | None, most: int) -> sa.Select[Any]:
        """So many rows, from the newest on."""
        query = sa.select(self.at.label("at"), self.key.label("key"), *self.more).where(*within)
        if after is not None:
            place = (after.at, self.of_key(after.key))
            query = query.where(sa.tuple_(self.at, self.key) < sa.tuple_(*place))
        query = query.distinct() if self.distinct else query
        return query.order_by(self.at.desc(), self.key.desc()).limit(most)


def _page(
    connection: Connection,
    columns: _Columns,
    within: Sequence[Any],
    narrowed: Callable[[sa.Subquery], sa.Select[Any]],
    after: Place | None,
) -> Found[Any]:
    """(instant, key) of the rows of a page."""
    for most in (FIRST, MOST):
        candidates = columns.candidates(within, after, most)
        some = candidates.subquery("some")
        ordered = narrowed(some).order_by(some.c.at.desc(), some.c.key.desc())
        rows = selected(connection, ordered.limit(SIZE + 1))
        if len(rows) > SIZE:
            at, key = rows[SIZE - 1]
            return Found(rows[:SIZE], Place(at, str(key)))
    # all that is wanted of those that were looked through; were they all that there are?
    places = candidates.with_only_columns(columns.at, columns.key)
    last = selected(connection, places.offset(MOST - 1).limit(1))
    if not last:
        return Found(rows)
    at, key = last[0][:2]
    return Found(rows, Place(at, str(key)), datetime.fromisoformat(at))


def _between(at: Any, wanted: Wanted) -> Iterator[Any]:
    if wanted.start is not None:
        yield at >= stored_time(wanted.start)
    if wanted.end is not None:
        yield at < stored_time(wanted.end)


def _equal(*told: tuple[Any, str | None]) -> list[Any]:
    return [column == value for column, value in told if value is not None]


def _named(connection: Connection, text: str) -> list[Event]:
    """The event of an id, or those of a transaction."""
    return shelf.events(connection, (_event.c.event_id == text) | (_event.c.txid == text))


def _words(columns: Any) -> tuple[Any, ...]:
    return (columns.evidence, columns.address, columns.kind, columns.rule)


def _holds(columns: Any, text: str | None) -> Any:
    """Whether an event's words hold a text, in whichever case."""
    sought = (text or "").lower()
    lower = (sa.func.lower(w) for w in _words(columns))
    return sa.or_(*(w.contains(sought, autoescape=True) for w in lower))
