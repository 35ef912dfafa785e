"""Saves what is derived, all of it in one transaction, and reads it back as values."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from config.exact import text
from connectors.records import Claim, Entry, Problem
from syncer.events import Event, Leg
from syncer.ledger.derive import Derived
from syncer.lots.model import Disposal, Gift, Lot
from syncer.store.tables import DisposalRow, EntryRow, EventRow, LegRow, LotRow, ProblemRow, table

_entry = table(EntryRow)
_problem = table(ProblemRow)
_event = table(EventRow)
_leg = table(LegRow)
_lot = table(LotRow)
_disposal = table(DisposalRow)
_LOT = tuple(f.name for f in fields(Lot))


def save(connection: Connection, derived: Derived, problems: Iterable[Problem]) -> None:
    """Replace everything derived."""
    for old in (_leg, _event, _lot, _disposal, _entry, _problem):
        connection.execute(sa.delete(old))
    _insert(connection, _entry, (_entry_values(e) for e in derived.entries))
    _insert(connection, _event, (_event_values(e) for e in derived.events))
    _insert(connection, _leg, (v for e in derived.events for v in _leg_values(e)))
    _insert(connection, _lot, (_lot_values(n, x) for n, x in enumerate(derived.lots)))
    _insert(connection, _disposal, (_disposal_values(d) for d in derived.disposals))
    _insert(connection, _problem, (asdict(p) for p in problems))


def _insert(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    if values := list(rows):
        connection.execute(sa.insert(table), values)


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


def _claim(stored: str | None) -> Claim | None:
    if stored is None:
        return None
    v = json.loads(stored)
    at, basis, fee = v["lot_acquired_at"], v["lot_basis_usd"], v["fee_on_fee_quantity"]
    return Claim(
        v["kind"],
        datetime.fromisoformat(at) if at else None,
        None if basis is None else Decimal(basis),
        None if fee is None else Decimal(fee),
        v["to_account"],
    )


def _leg_values(e: Event) -> list[dict[str, Any]]:
    return [{"event_id": e.event_id, "ordinal": n, **asdict(g)} for n, g in enumerate(e.legs)]


def _lot_values(ordinal: int, lot: Lot) -> dict[str, Any]:
    plain = {k: getattr(lot, k) for k in _LOT if k not in ("gift", "road")}
    gift = lot.gift
    second = {
        "gift_given_at": gift.given_at if gift else None,
        "gift_value": gift.value if gift else None,
    }
    return {"ordinal": ordinal, "road": json.dumps(lot.road), **plain, **second}


def _disposal_values(d: Disposal) -> dict[str, Any]:
    return {**d._asdict(), "gaps": json.dumps(d.gaps)}


# ---- reading


def events(connection: Connection) -> list[Event]:
    """All events in order of time."""
    legs: dict[str, list[Leg]] = defaultdict(list)
    for row in connection.execute(sa.select(_leg).order_by(_leg.c.event_id, _leg.c.ordinal)):
        legs[row.event_id].append(
            Leg(row.account, row.asset, row.quantity, row.role, row.usd, row.usd_source)
        )
    query = sa.select(_event).order_by(_event.c.at, _event.c.event_id)
    return [
        Event(
            event_id=row.event_id,
            kind=row.kind,
            at=row.at,
            legs=tuple(legs[row.event_id]),
            rule=row.rule,
            evidence=row.evidence,
            confidence=row.confidence,
            txid=row.txid,
            address=row.address,
            arrived_at=row.arrived_at,
            parts=tuple(json.loads(row.parts)),
            gaps=tuple(json.loads(row.gaps)),
            claim=_claim(row.claim),
            fees_beside=row.fees_beside,
        )
        for row in connection.execute(query)
    ]


def lots(connection: Connection) -> list[Lot]:
    query = sa.select(_lot).order_by(_lot.c.ordinal)
    return [_lot_of(dict(row)) for row in connection.execute(query).mappings()]


def _lot_of(row: dict[str, Any]) -> Lot:
    row.pop("ordinal")
    given_at, value = row.pop("gift_given_at"), row.pop("gift_value")
    road = tuple(json.loads(row.pop("road")))
    return Lot(**row, road=road, gift=Gift(given_at, value) if given_at else None)


def disposals(connection: Connection) -> list[Disposal]:
    """All disposals in order of time."""
    query = sa.select(_disposal).order_by(_disposal.c.disposed_at, _disposal.c.disposal_id)
    return [
        Disposal(**{**row, "gaps": tuple(json.loads(row["gaps"]))})
        for row in connection.execute(query).mappings()
    ]


def problems(connection: Connection) -> list[Problem]:
    query = sa.select(_problem).order_by(_problem.c.id)
    return [Problem(r.source, r.stream, r.native_id, r.sentence) for r in connection.execute(query)]


def balances(
    connection: Connection, until: datetime | None = None
) -> dict[tuple[str, str], Decimal]:
    """What the entries add up to by (account, asset), exact."""
    query = sa.select(_entry.c.account, _entry.c.asset, _entry.c.quantity)
    if until is not None:
        query = query.where(_entry.c.at <= until)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for account, asset, quantity in connection.execute(query):
        sums[account, asset] += quantity
    return dict(sums)
