"""Adds later events to stored books: the lots they touch are read, the replay goes on there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from config.exact import ZERO
from connectors.records import Entry, Problem
from syncer.events import Event
from syncer.ledger.derive import Derived, told_of
from syncer.lots import amounts
from syncer.lots.engine import Engine, lot_of
from syncer.lots.model import Holding
from syncer.lots.terms import Terms
from syncer.shelf import gains_by_year
from syncer.store import derived, shelf

Place = tuple[str, str]  # (pool, asset)
Stored = Mapping[Place, list[tuple[int, Holding]]]


def last_at(events: Iterable[Event], terms: Terms) -> dict[Place, datetime]:
    """When something last happened to the lots of each pool and asset."""
    found: dict[Place, datetime] = {}
    for event in events:
        at = event.arrived_at or event.at
        for leg in amounts.coins(event.legs):
            place = (terms.pool(leg.account), leg.asset)
            if place not in found or found[place] < at:
                found[place] = at
    return found


def add_events(
    connection: Connection,
    entries: Sequence[Entry],
    events: Sequence[Event],
    problems: Iterable[Problem],
    terms: Terms,
) -> bool:
    """Add valued events with their entries; False, and nothing is stored, if one is not later than
    all that its lots have seen, for then those lots must be replayed anew."""
    touched = last_at(events, terms)
    if not _are_later(events, shelf.last_at(connection), terms):
        return False
    before = {place: shelf.holdings(connection, *place) for place in touched}
    taken = {id(h): h.taken for rows in before.values() for _, h in rows}
    engine = Engine(terms)
    engine.go_on_with({place: [h for _, h in rows] for place, rows in before.items()})
    engine.run(events)
    if engine.pools.transit:
        return False
    result = engine.disposing
    told = tuple(told_of(e, result.found_gaps()) for e in events)
    done = Derived(tuple(entries), told, (), tuple(result.disposals))
    derived.add(connection, done, problems)
    _save_lots(connection, engine, before, taken)
    _add_totals(connection, done, terms.zone)
    derived.save_last(connection, touched)
    return True


def _are_later(events: Iterable[Event], seen: Mapping[Place, datetime], terms: Terms) -> bool:
    for event in events:
        places = {(terms.pool(g.account), g.asset) for g in amounts.coins(event.legs)}
        if event.at < Engine(terms).changes_at:
            return False
        if any(p in seen and event.at <= seen[p] for p in places):
            return False
    return True


def _save_lots(
    connection: Connection, engine: Engine, before: Stored, taken: Mapping[int, object]
) -> None:
    """Lots that were taken from change or go; those that are new are added."""
    changed: dict[int, Holding] = {}
    for rows in before.values():
        changed |= {n: h for n, h in rows if h.taken != taken[id(h)]}
    new = [(pool, h) for pool, h in engine.pools.open() if id(h) not in taken]
    derived.change_lots(connection, changed)
    lots = [lot_of(pool, h, h.account, "held") for pool, h in new]
    derived.add_lots(connection, lots, [h for _, h in new])


def _add_totals(connection: Connection, done: Derived, zone: ZoneInfo) -> None:
    totals = defaultdict(lambda: (ZERO, ZERO), shelf.totals(connection))
    more = gains_by_year(done.disposals, zone)
    new = {y: (totals[y][0] + s, totals[y][1] + g) for y, (s, g) in more.items()}
    derived.save_totals(connection, new)
