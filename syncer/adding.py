"""Adds events to stored books. Where they are later than all that their lots have seen, the replay
goes on from there; else it starts anew for the accounts and assets that they can reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.engine import Connection

from config.accounts import BROKER
from config.exact import ZERO
from connectors.records import Entry, Problem
from syncer.events import Event
from syncer.ledger.derive import Derived, told_of
from syncer.ledger.values import valued
from syncer.lots import amounts
from syncer.lots.changeover import PER_WALLET_FROM
from syncer.lots.engine import Engine
from syncer.lots.holding_period import Calendar, midnight
from syncer.lots.model import OVERSOLD, Holding, lot_of
from syncer.lots.reach import MOVES, Node, decided_elsewhere, nodes_of, reached
from syncer.lots.terms import Terms
from syncer.shelf import gains_by_year
from syncer.store import derived, shelf

Spot = tuple[str, str]  # (pool, asset)
_MOVED = MOVES | {"withdrawal"}
Stored = Mapping[Spot, list[tuple[int, Holding]]]


def last_at(events: Iterable[Event], terms: Terms) -> dict[Spot, datetime]:
    """When something last happened to the lots of each pool and asset."""
    found: dict[Spot, datetime] = {}
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
    """Add valued events with their entries; False, and nothing is stored, if that takes all books
    derived anew."""
    if _are_later(events, shelf.last_at(connection), terms):
        done = _gone_on(connection, events, terms)
    else:
        done = _started_anew(connection, events, terms)
    if done is None:
        return False
    derived.add(connection, replace(done, entries=tuple(entries)), problems)
    calendar = Calendar(terms.zone)
    _set_totals(connection, {calendar.day(d.disposed_at).year for d in done.disposals}, terms)
    return True


def _are_later(events: Iterable[Event], seen: Mapping[Spot, datetime], terms: Terms) -> bool:
    since = midnight(PER_WALLET_FROM, terms.zone)
    for event in events:
        places = {(terms.pool(g.account), g.asset) for g in amounts.coins(event.legs)}
        if event.at < since:
            return False
        if any(p in seen and event.at <= seen[p] for p in places):
            return False
    return True


# ---- going on


def _gone_on(connection: Connection, events: Sequence[Event], terms: Terms) -> Derived | None:
    touched = last_at(events, terms)
    before = {p: shelf.holdings(connection, *p, _wanted(p, events, terms)) for p in touched}
    taken = {id(h): h.taken for rows in before.values() for _, h in rows}
    engine = Engine(terms)
    engine.go_on_with({place: [h for _, h in rows] for place, rows in before.items()})
    engine.run(events)
    if engine.pools.transit:
        return None
    gaps = engine.disposing.found_gaps()
    _save_lots(connection, engine, before, taken)
    derived.save_last(connection, touched)
    told = tuple(told_of(e, gaps) for e in events)
    return Derived((), told, (), tuple(engine.disposing.disposals))


def _wanted(place: Spot, events: Sequence[Event], terms: Terms) -> Decimal | None:
    """How many units events can take from a place, if only its earliest lots can be meant: first
    in, first out, in an account that shares its pool with none. None means any lot can be."""
    pool, coin = place
    accounts = {a for a, p in terms.pools.items() if p == pool} | {pool}
    # a pool that a person named may also be the name of an account that the settings do not list
    alone = accounts == {pool} or (pool.startswith(BROKER) and len(accounts) == 2)
    ordered = any(terms.pool(o.account) == pool for o in terms.orders)
    if not alone or ordered or terms.transfer_order != "fifo":
        return None
    legs = (g for e in events for g in e.legs if g.asset == coin and terms.pool(g.account) == pool)
    return sum((-g.quantity for g in legs if g.quantity < ZERO), ZERO)


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


def _set_totals(connection: Connection, years: Iterable[int], terms: Terms) -> None:
    """Work the totals of some years out again."""
    years = set(years)
    derived.forget_totals(connection, years)
    for year in years:
        start, end = (midnight(date(y, 1, 1), terms.zone) for y in (year, year + 1))
        found = shelf.StoredShelf(connection).disposals_between(start, end)
        derived.save_totals(connection, gains_by_year(found, terms.zone))


# ---- starting anew where a late event reaches


def _started_anew(connection: Connection, events: Sequence[Event], terms: Terms) -> Derived | None:
    start = {node for e in events for node in nodes_of(e)}
    moves = [*shelf.moves(connection), *(e for e in events if e.kind in MOVES)]
    nodes = reached(start, moves, shelf.nodes(connection), terms)
    old = shelf.events_touching(connection, nodes)
    together = sorted((*old, *events), key=lambda e: (e.at, e.event_id))
    if decided_elsewhere(together, nodes) or any(_moved_short_elsewhere(e, nodes) for e in old):
        return None
    engine = Engine(terms, nodes)
    engine.run(together)
    result = engine.result()
    calendar = Calendar(terms.zone)
    years = {calendar.day(at).year for at in derived.forget(connection, nodes)}
    derived.add_lots(connection, result.lots, result.holdings)
    here = {(terms.pool(account), asset) for account, asset in nodes}
    last = {place: at for place, at in last_at(together, terms).items() if place in here}
    derived.save_last(connection, last)
    derived.save_gaps(connection, _gaps_again(connection, old, result.gaps))
    _set_totals(connection, years, terms)
    told = tuple(told_of(e, result.gaps) for e in events)
    return Derived((), told, (), result.disposals)


def _moved_short_elsewhere(event: Event, nodes: frozenset[Node]) -> bool:
    """Whether more was moved than lay there, or a fee of it was short: its gap does not say."""
    moved = {(g.account, g.asset) for g in amounts.coins(event.leaving())}
    return event.kind in _MOVED and OVERSOLD in event.gaps and not moved <= nodes


def _gaps_again(
    connection: Connection, events: Sequence[Event], found: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The gaps of stored events that changed: those of their values, of this replay, and of what
    they sold elsewhere."""
    short = {d.event_id for d in shelf.StoredShelf(connection).open_disposals if OVERSOLD in d.gaps}
    changed: dict[str, tuple[str, ...]] = {}
    for event in events:
        more = found.get(event.event_id, ()) + ((OVERSOLD,) if event.event_id in short else ())
        gaps = told_of(valued(replace(event, gaps=()), {}), {event.event_id: more}).gaps
        if set(gaps) != set(event.gaps):
            changed[event.event_id] = gaps
    return changed
