"""What is derived, read back as values, and only as much as is asked for.

One shelf is one snapshot: what is read from it later is of the same moment.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from config.exact import ZERO
from connectors.records import Claim
from syncer.collector import collector_paused
from syncer.events import (
    DUPLICATE,
    NO_PRICE,
    OPEN,
    PURCHASES,
    UNPROVED,
    Event,
    Leg,
    lot_ids_of,
)
from syncer.lots.changeover import UNALLOCATED
from syncer.lots.model import OVERSOLD, Disposal, Gift, Holding, Lot
from syncer.lots.reach import MOVES
from syncer.store.plain import (
    number,
    number_or_none,
    plain,
    selected,
    stored_time,
    time_or_none,
)
from syncer.store.tables import DisposalRow, EventRow, LegRow, LotRow, QueueRow, YearTotalRow

_event, _leg, _lot = plain(EventRow), plain(LegRow), plain(LotRow)
_disposal, _total, _queue = plain(DisposalRow), plain(YearTotalRow), plain(QueueRow)
BATCH = 100  # lots read at once
_HAS_GAPS = sa.text("gaps <> '[]'")  # as the index says it
_ASKED = (*sorted(OPEN), "spam", "gift_in")  # kinds that review may ask about


class StoredShelf:
    """The derived rows of one database at one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection  # inside a transaction that nobody ends before us

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    @cached_property
    def events(self) -> Sequence[Event]:
        """All events in order of time."""
        return events(self._connection)

    @cached_property
    def questions(self) -> Sequence[Event]:
        """Events that review may ask about: open, with gaps, or the first of an unlisted asset."""
        alike = (_event.c.kind == DUPLICATE) & (_event.c.confidence == "unsure")
        asked = sa.select(_event.c.event_id).where(_event.c.kind.in_(_ASKED) | alike)
        wanted = asked.union(sa.select(_event.c.event_id).where(_HAS_GAPS))
        first = [key for (key,) in selected(self._connection, _first_of_unlisted()) if key]
        return events(
            self._connection, _event.c.event_id.in_(wanted) | _event.c.event_id.in_(first)
        )

    @cached_property
    def unproved(self) -> Sequence[Event]:
        """What applies without a proof."""
        return events(self._connection, _event.c.rule.in_(sorted(UNPROVED)))

    @cached_property
    def rests_on(self) -> Mapping[str, Sequence[str]]:
        """By event, the settings without which it would be something else."""
        query = sa.select(_event.c.event_id, _event.c.rests_on).where(_event.c.rests_on != "[]")
        return {key: _names(told) for key, told in selected(self._connection, query)}

    @cached_property
    def income(self) -> Sequence[Event]:
        return events(self._connection, _event.c.kind.like("income:%"))

    @cached_property
    def accounts(self) -> frozenset[str]:
        """All accounts that something happened in."""
        found = selected(self._connection, sa.select(_leg.c.account).distinct())
        return frozenset(account for (account,) in found)

    @cached_property
    def lots(self) -> Sequence[Lot]:
        return [_lot_of(row) for row in selected(self._connection, _lots())]

    @cached_property
    def disposals(self) -> Sequence[Disposal]:
        """All disposals in order of time."""
        return disposals(self._connection)

    def disposals_between(self, start: datetime, end: datetime) -> Sequence[Disposal]:
        """Those from `start` on and before `end`."""
        at = _disposal.c.disposed_at
        return disposals(self._connection, (at >= stored_time(start)) & (at < stored_time(end)))

    def purchases(self, start: datetime, end: datetime) -> Sequence[Event]:
        """Buys and trades from `start` on and up to `end`."""
        at = _event.c.at
        between = (at >= stored_time(start)) & (at <= stored_time(end))
        return events(self._connection, between & _event.c.kind.in_(PURCHASES))

    @cached_property
    def open_disposals(self) -> Sequence[Disposal]:
        """Those that have no gain, or lack what they took from."""
        gaps = _disposal.c.gaps
        lacking = gaps.like(f"%{OVERSOLD}%") | gaps.like(f"%{UNALLOCATED}%")
        return disposals(self._connection, _HAS_GAPS & (_disposal.c.gain_usd.is_(None) | lacking))

    @cached_property
    def gains(self) -> Mapping[int, tuple[Decimal, Decimal]]:
        """(short, long) by tax year."""
        return totals(self._connection)


def totals(connection: Connection) -> dict[int, tuple[Decimal, Decimal]]:
    """(short, long) gains by tax year."""
    query = sa.select(_total.c.year, _total.c.short_usd, _total.c.long_usd)
    return {y: (number(short), number(long)) for y, short, long in selected(connection, query)}


def last_at(connection: Connection) -> dict[tuple[str, str], datetime]:
    """When something last happened to the lots of each pool and asset."""
    query = sa.select(_queue.c.pool, _queue.c.asset, _queue.c.last_at)
    return {(p, a): datetime.fromisoformat(at) for p, a, at in selected(connection, query)}


# ---- events


def events(connection: Connection, which: Any = None) -> list[Event]:
    """Events in order of time: all, or those that a condition on the table names."""
    columns = (_event.c[name] for name in _EVENT)
    query = sa.select(*columns).order_by(_event.c.at, _event.c.event_id)
    legs = sa.select(*(_leg.c[name] for name in _LEG)).order_by(_leg.c.event_id, _leg.c.ordinal)
    if which is not None:
        query = query.where(which)
        legs = legs.where(_leg.c.event_id.in_(sa.select(_event.c.event_id).where(which)))
    of_event: dict[str, list[Leg]] = defaultdict(list)
    with collector_paused():
        for key, account, asset, quantity, role, usd, source in selected(connection, legs):
            value = None if usd is None else number(usd)
            of_event[key].append(Leg(account, asset, number(quantity), role, value, source))
        return [_event_of(row, tuple(of_event[row[0]])) for row in selected(connection, query)]


def moves(connection: Connection) -> list[Event]:
    """Transfers and wraps: what takes lots from one account and asset to another."""
    return events(connection, _event.c.kind.in_(sorted(MOVES)))


def nodes(connection: Connection) -> set[tuple[str, str]]:
    """All accounts and assets that something happened in."""
    query = sa.select(_leg.c.account, _leg.c.asset).distinct()
    return {(account, asset) for account, asset in selected(connection, query)}


def events_touching(connection: Connection, wanted: Iterable[tuple[str, str]]) -> list[Event]:
    """Events with a leg of one of these accounts and assets."""
    here = [(_leg.c.account == account) & (_leg.c.asset == asset) for account, asset in wanted]
    keys = sa.select(_leg.c.event_id).where(sa.or_(sa.false(), *here))
    return events(connection, _event.c.event_id.in_(keys))


def events_named(connection: Connection, keys: Iterable[str]) -> list[Event]:
    """Events by their ids."""
    return events(connection, _event.c.event_id.in_(sorted(keys)))


def lendings(connection: Connection) -> list[Event]:
    """What was lent for a share, or taken back, as no disposition."""
    return events(connection, (_event.c.rule == "lent") & (_event.c.kind == "wrap"))


def unpriced(connection: Connection) -> list[Event]:
    """Events that wait for a price."""
    waits = sa.select(_event.c.event_id).where(_HAS_GAPS, _event.c.gaps.like(f"%{NO_PRICE}%"))
    keys = [key for (key,) in selected(connection, waits)]
    return events(connection, _event.c.event_id.in_(waits)) if keys else []


_EVENT = (
    *("event_id", "kind", "at", "rule", "evidence", "confidence", "txid", "address"),
    *("arrived_at", "parts", "gaps", "claim", "fees_beside", "network", "rests_on"),
)
_LEG = ("event_id", "account", "asset", "quantity", "role", "usd", "usd_source")


def _event_of(row: tuple[Any, ...], legs: tuple[Leg, ...]) -> Event:
    key, kind, at, rule, evidence, confidence, txid, address, *rest = row
    arrived, parts, gaps, claim, gas, network, rests_on = rest
    return Event(
        key,
        kind,
        datetime.fromisoformat(at),
        legs,
        rule,
        evidence,
        confidence,
        txid,
        address,
        time_or_none(arrived),
        _names(parts) if parts == "[]" else tuple(json.loads(parts)),
        _names(gaps),
        None if claim is None else _claim(claim),
        bool(gas),
        network,
        _names(rests_on),
    )


@lru_cache(1024)
def _names(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))


@lru_cache(1024)
def _claim(stored: str) -> Claim:
    v = json.loads(stored)
    return Claim(
        v["kind"],
        time_or_none(v["lot_acquired_at"]),
        number_or_none(v["lot_basis_usd"]),
        number_or_none(v["fee_on_fee_quantity"]),
        v["to_account"],
    )


def _first_of_unlisted() -> sa.Select[Any]:
    """The id of the first event of each account and asset that no list knows: it is asked about
    once."""
    unlisted, contract = _leg.c.asset.like("%:%"), _leg.c.asset.like("%:0x%")
    pairs = sa.select(_leg.c.account, _leg.c.asset).where(unlisted, ~contract).distinct().subquery()
    # by the index of assets, not that of accounts: the first row of a coin is found at once
    same = (_leg.c.asset == pairs.c.asset) & (_leg.c.account.concat("") == pairs.c.account)
    first = (
        sa.select(_leg.c.event_id)
        .join(_event, _event.c.event_id == _leg.c.event_id)
        .where(same, _leg.c.role == "principal", _event.c.kind != "spam")
        .order_by(_leg.c.at, _leg.c.event_id)
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(first.label("first")).select_from(pairs)


# ---- lots


def _lots(*conditions: Any) -> sa.Select[Any]:
    columns = (_lot.c[name] for name in _LOT)
    held = sa.case((_lot.c.state == "held", 0), else_=1)
    order = (held, _lot.c.pool, _lot.c.asset, _lot.c.acquired_at, _lot.c.ordinal)
    return sa.select(*columns).where(*conditions).order_by(*order)


_LOT = (
    *("ordinal", "lot_id", "account", "pool", "asset", "quantity", "basis_usd", "acquired_at"),
    *("state", "source_event", "gift_given_at", "gift_value", "inherited", "road", "held_from"),
    *("unallocated", "whole", "whole_basis_usd", "whole_gift_value", "bought", "replacing"),
)


def _lot_of(row: tuple[Any, ...]) -> Lot:
    v = dict(zip(_LOT, row, strict=True))
    given = time_or_none(v["gift_given_at"])
    return Lot(
        v["lot_id"],
        v["account"],
        v["pool"],
        v["asset"],
        number(v["quantity"]),
        number_or_none(v["basis_usd"]),
        datetime.fromisoformat(v["acquired_at"]),
        v["state"],
        v["source_event"],
        Gift(given, number_or_none(v["gift_value"])) if given else None,
        bool(v["inherited"]),
        _names(v["road"]),
        time_or_none(v["held_from"]),
        bool(v["unallocated"]),
    )


def lots_of(connection: Connection, pool: str, asset: str) -> list[Lot]:
    """Open lots of an asset in a pool, the oldest first."""
    here = (_lot.c.pool == pool) & (_lot.c.asset == asset)
    return [_lot_of(row) for row in selected(connection, _lots(here))]


def lots_from(connection: Connection, event_id: str) -> list[Lot]:
    """What is still open of the lots that an event opened: their ids begin like its own."""
    start = lot_ids_of(event_id)
    here = (_lot.c.lot_id >= start) & (_lot.c.lot_id < f"{start}g")  # the rest is hexadecimal
    return [_lot_of(row) for row in selected(connection, _lots(here))]


def lots_named(connection: Connection, lot_id: str) -> list[Lot]:
    """The open parts of a lot, wherever they lie."""
    return [_lot_of(row) for row in selected(connection, _lots(_lot.c.lot_id == lot_id))]


def lots_by_ordinal(connection: Connection, ordinals: Iterable[int]) -> dict[int, Lot]:
    """Some lots, by where they stand."""
    rows = selected(connection, _lots(_lot.c.ordinal.in_(list(ordinals))))
    return {row[0]: _lot_of(row) for row in rows}


def holdings(
    connection: Connection, pool: str, asset: str, units: Decimal | None = None
) -> list[tuple[int, Holding]]:
    """The lots held in a pool as a replay left them, each with its ordinal: all, or the earliest
    that together have some units, with all of the last one's instant."""
    here = (_lot.c.pool == pool) & (_lot.c.asset == asset) & (_lot.c.state == "held")
    columns = (_lot.c[name] for name in _LOT)
    query = sa.select(*columns).where(here).order_by(_lot.c.acquired_at, _lot.c.ordinal)
    found: list[tuple[int, Holding]] = []
    covered, last = ZERO, None
    with connection.execute(query) as rows:
        for row in chain.from_iterable(rows.partitions(BATCH)):
            holding = _holding_of(tuple(row))
            if units is not None and covered >= units and holding.acquired_at != last:
                break
            found.append((row[0], holding))
            covered, last = covered + holding.left, holding.acquired_at
    return found


def _holding_of(row: tuple[Any, ...]) -> Holding:
    v = dict(zip(_LOT, row, strict=True))
    given, basis = time_or_none(v["gift_given_at"]), number_or_none(v["whole_basis_usd"])
    whole, left = number(v["whole"]), number(v["quantity"])
    rest = number_or_none(v["basis_usd"])
    peculiar = bool(given or v["inherited"] or v["unallocated"] or basis is None)
    return Holding(
        v["lot_id"],
        v["account"],
        v["asset"],
        datetime.fromisoformat(v["acquired_at"]),
        whole,
        basis,
        v["source_event"],
        Gift(given, number_or_none(v["whole_gift_value"])) if given else None,
        bool(v["inherited"]),
        None,
        _names(v["road"]),
        time_or_none(v["held_from"]),
        bool(v["bought"]),
        number(v["replacing"]),
        peculiar,
        bool(v["unallocated"]),
        whole - left,
        ZERO if basis is None or rest is None else basis - rest,
    )


# ---- disposals


def disposals(connection: Connection, which: Any = None) -> list[Disposal]:
    """Disposals in order of time: all, or those that a condition on the table names."""
    query = sa.select(*(_disposal.c[name] for name in Disposal._fields))
    if which is not None:
        query = query.where(which)
    query = query.order_by(_disposal.c.disposed_at, _disposal.c.disposal_id)
    with collector_paused():
        return [_disposal_of(row) for row in selected(connection, query)]


def disposals_of(connection: Connection, event_id: str) -> list[Disposal]:
    """The slices of an event."""
    return disposals(connection, _disposal.c.event_id == event_id)


def disposals_from(connection: Connection, lot_id: str) -> list[Disposal]:
    """What a lot gave to dispositions."""
    return disposals(connection, _disposal.c.lot_id == lot_id)


def _disposal_of(row: tuple[Any, ...]) -> Disposal:
    v: list[Any] = list(row)
    for n in _QUANTITIES:
        v[n] = number_or_none(v[n])
    v[_ACQUIRED], v[_DISPOSED] = time_or_none(v[_ACQUIRED]), datetime.fromisoformat(v[_DISPOSED])
    v[_INHERITED], v[_GAPS], v[_ROAD] = bool(v[_INHERITED]), _names(v[_GAPS]), _names(v[_ROAD])
    return Disposal._make(v)


_place_of = Disposal._fields.index
_QUANTITIES = tuple(
    _place_of(name) for name in ("quantity", "proceeds_usd", "fees_usd", "basis_usd", "washed_usd")
)
_ACQUIRED, _DISPOSED = _place_of("acquired_at"), _place_of("disposed_at")
_INHERITED, _GAPS, _ROAD = map(_place_of, ("inherited", "gaps", "road"))
