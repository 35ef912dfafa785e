"""Saves what is derived, all of it in one transaction, or adds to it; `shelf` reads it back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from config.exact import ZERO, text
from connectors.records import Claim, Entry, Problem
from syncer.events import DUPLICATE, Event
from syncer.ledger.derive import Derived
from syncer.lots.model import Disposal, Holding, Lot
from syncer.store import plain
from syncer.store.tables import (
    DisposalRow,
    EntryRow,
    EventRow,
    LegRow,
    LotRow,
    ProblemRow,
    QueueRow,
    YearTotalRow,
    table,
)

_entry = table(EntryRow)
_problem = table(ProblemRow)
_lot = table(LotRow)
_event, _leg = table(EventRow), table(LegRow)
_total = table(YearTotalRow)
_LOT = tuple(f.name for f in fields(Lot) if f.name not in ("gift", "road"))

Totals = Mapping[int, tuple[Decimal, Decimal]]
LastAt = Mapping[tuple[str, str], datetime]


def save(
    connection: Connection,
    derived: Derived,
    problems: Iterable[Problem],
    totals: Totals,
    last_at: LastAt,
) -> None:
    """Replace everything derived."""
    for model in (LegRow, EventRow, LotRow, DisposalRow, EntryRow, ProblemRow, YearTotalRow):
        connection.execute(sa.delete(table(model)))
    connection.execute(sa.delete(table(QueueRow)))
    add(connection, derived, problems)
    add_lots(connection, derived.lots, derived.holdings)
    save_totals(connection, totals)
    save_last(connection, last_at)


def add(connection: Connection, derived: Derived, problems: Iterable[Problem]) -> None:
    """Add entries, events, disposals and problems to those that are there."""
    plain.insert(connection, EntryRow, (_entry_values(e) for e in derived.entries))
    plain.insert(connection, EventRow, (_event_values(e) for e in derived.events))
    plain.insert(connection, LegRow, (v for e in derived.events for v in _leg_values(e)))
    plain.insert(connection, DisposalRow, (_disposal_values(d) for d in derived.disposals))
    plain.insert(connection, ProblemRow, (asdict(p) for p in problems))


def add_lots(connection: Connection, lots: Sequence[Lot], holdings: Sequence[Holding]) -> None:
    """Add lots, with what a later replay needs of them."""
    first = (connection.scalar(sa.select(sa.func.max(_lot.c.ordinal))) or 0) + 1
    pairs = enumerate(zip(lots, holdings, strict=True), first)
    plain.insert(connection, LotRow, (_lot_values(n, x, h) for n, (x, h) in pairs))


def change_lots(connection: Connection, changed: Mapping[int, Holding]) -> None:
    """Lots by their ordinal that a later sale took from; one that is used up goes."""
    gone = [n for n, h in changed.items() if not h.left]
    for number in gone:
        connection.execute(sa.delete(_lot).where(_lot.c.ordinal == number))
    for number, holding in changed.items():
        if not holding.left:
            continue
        rest = holding.rest()
        new = {"account": holding.account, "quantity": rest.quantity, "basis_usd": rest.basis}
        new["gift_value"] = rest.gift_value
        connection.execute(sa.update(_lot).where(_lot.c.ordinal == number).values(new))


def save_totals(connection: Connection, totals: Totals) -> None:
    """Set the totals of years."""
    connection.execute(sa.delete(_total).where(_total.c.year.in_(list(totals))))
    rows = [{"year": y, "short_usd": s, "long_usd": g} for y, (s, g) in totals.items()]
    plain.insert(connection, YearTotalRow, rows)


def forget_totals(connection: Connection, years: Iterable[int]) -> None:
    connection.execute(sa.delete(_total).where(_total.c.year.in_(list(years))))


def forget(connection: Connection, nodes: Iterable[tuple[str, str]]) -> set[datetime]:
    """Take out the lots and disposals of accounts and assets; when the disposals were."""
    disposal = table(DisposalRow)
    instants: set[datetime] = set()
    for account, asset in nodes:
        here = (disposal.c.account == account) & (disposal.c.asset == asset)
        found = connection.execute(sa.select(disposal.c.disposed_at).where(here))
        instants |= set(found.scalars())
        connection.execute(sa.delete(disposal).where(here))
        mine = (_lot.c.account == account) & (_lot.c.asset == asset)
        connection.execute(sa.delete(_lot).where(mine))
    return instants


def save_gaps(connection: Connection, gaps: Mapping[str, tuple[str, ...]]) -> None:
    """Set the gaps of events."""
    event = table(EventRow)
    for key, found in gaps.items():
        new = sa.update(event).where(event.c.event_id == key).values(gaps=json.dumps(found))
        connection.execute(new)


def save_last(connection: Connection, last_at: LastAt) -> None:
    """Set when something last happened in queues."""
    queue = table(QueueRow)
    for pool, asset in last_at:
        here = (queue.c.pool == pool) & (queue.c.asset == asset)
        connection.execute(sa.delete(queue).where(here))
    rows = [{"pool": p, "asset": a, "last_at": at} for (p, a), at in last_at.items()]
    plain.insert(connection, QueueRow, rows)


def _entry_values(e: Entry) -> dict[str, Any]:
    return {
        "source": e.source,
        "group_key": e.group,
        "native_id": e.native_id,
        "account": e.account,
        "asset": e.asset,
        "quantity": e.quantity,
        "at": e.at,
        "role": e.role,
        "kind": e.kind,
    }


def _event_values(e: Event) -> dict[str, Any]:
    return {
        "event_id": e.event_id,
        "at": e.at,
        "kind": e.kind,
        "rule": e.rule,
        "evidence": e.evidence,
        "confidence": e.confidence,
        "txid": e.txid,
        "address": e.address,
        "arrived_at": e.arrived_at,
        "parts": json.dumps(e.parts),
        "gaps": json.dumps(e.gaps),
        "claim": json.dumps(_claim_values(e.claim)) if e.claim else None,
        "fees_beside": e.fees_beside,
        "network": e.network,
        "rests_on": json.dumps(e.rests_on),
    }


def _claim_values(claim: Claim) -> dict[str, str | None]:
    at, basis, fee = claim.lot_acquired_at, claim.lot_basis_usd, claim.fee_on_fee_quantity
    return {
        "kind": claim.kind,
        "lot_acquired_at": at.isoformat() if at else None,
        "lot_basis_usd": None if basis is None else text(basis),
        "fee_on_fee_quantity": None if fee is None else text(fee),
        "to_account": claim.to_account,
    }


def _leg_values(e: Event) -> list[dict[str, Any]]:
    shared = {"event_id": e.event_id, "at": e.at}
    return [{**shared, "ordinal": n, **plain.values(g)} for n, g in enumerate(e.legs)]


def _lot_values(ordinal: int, lot: Lot, holding: Holding) -> dict[str, Any]:
    gift, whole = lot.gift, holding.gift
    return {
        "ordinal": ordinal,
        **{name: getattr(lot, name) for name in _LOT},
        "road": json.dumps(lot.road),
        "gift_given_at": gift.given_at if gift else None,
        "gift_value": gift.value if gift else None,
        "whole": holding.whole,
        "whole_basis_usd": holding.basis,
        "whole_gift_value": whole.value if whole else None,
        "bought": holding.bought,
        "replacing": holding.replacing,
    }


def _disposal_values(d: Disposal) -> dict[str, Any]:
    ours = {"disposal_id": d.disposal_id, "gain_usd": d.gain_usd}
    names = {"gaps": json.dumps(d.gaps), "road": json.dumps(d.road)}
    return {**d._asdict(), **ours, **names}


def has_events(connection: Connection) -> bool:
    return connection.execute(sa.select(table(EventRow).c.event_id).limit(1)).first() is not None


def holds_out(connection: Connection, accounts: Iterable[str]) -> bool:
    """Whether rows of one of these accounts were told twice, of which no entries are kept."""
    told = sorted(accounts)
    here = _leg.c.account.in_(told) & (_event.c.kind == DUPLICATE)
    query = (
        sa.select(_event.c.event_id).join(_leg, _leg.c.event_id == _event.c.event_id).where(here)
    )
    return bool(told) and connection.scalar(query.limit(1)) is not None


def problems(connection: Connection) -> list[Problem]:
    query = sa.select(_problem).order_by(_problem.c.id)
    return [Problem(r.source, r.stream, r.native_id, r.sentence) for r in connection.execute(query)]


def balances(
    connection: Connection, until: datetime | None = None
) -> dict[tuple[str, str], Decimal]:
    """What the entries add up to by (account, asset), exact."""
    entry = plain.plain(EntryRow)
    query = sa.select(entry.c.account, entry.c.asset, entry.c.quantity)
    if until is not None:
        query = query.where(entry.c.at <= plain.stored_time(until))
    sums: dict[tuple[str, str], Decimal] = {}
    for account, asset, quantity in plain.selected(connection, query):
        key = (account, asset)
        sums[key] = sums.get(key, ZERO) + plain.number(quantity)
    return sums
