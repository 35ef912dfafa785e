"""The record of identifications: append-only, each row carrying the hash of the one before, so that
a person can prove what was written when."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from config.exact import text
from syncer.lots.terms import NamedLot, Proof, SaleIdentification, StandingOrder
from syncer.store.tables import IdentificationRow, table

NAMED = "named"
_identification = table(IdentificationRow)


def add_order(
    connection: Connection, order: StandingOrder, recorded_at: datetime, attested: str | None
) -> IdentificationRow:
    """Append a standing order."""
    row = IdentificationRow(
        recorded_at=recorded_at,
        effective_at=order.effective_at,
        account=order.account,
        asset=order.asset,
        rule=order.rule,
        attested=attested,
        given_to_broker_at=order.given_to_broker_at,
        previous_hash="",
        hash="",
    )
    return _append(connection, row)


def add_sale(
    connection: Connection, sale: SaleIdentification, recorded_at: datetime, attested: str | None
) -> IdentificationRow:
    """Append the lots of one sale."""
    row = IdentificationRow(
        recorded_at=recorded_at,
        effective_at=sale.recorded_at,
        account=sale.account,
        asset=sale.asset,
        rule=NAMED,
        attested=attested,
        lots=json.dumps([_stored(lot) for lot in sale.lots]),
        before_at=sale.before,
        given_to_broker_at=sale.given_to_broker_at,
        previous_hash="",
        hash="",
    )
    return _append(connection, row)


def _append(connection: Connection, row: IdentificationRow) -> IdentificationRow:
    rows = identifications(connection)
    row.previous_hash = rows[-1].hash if rows else ""
    row.hash = chained_hash(row)
    connection.execute(sa.insert(_identification).values(row.model_dump(exclude={"id"})))
    return row


def identifications(connection: Connection) -> list[IdentificationRow]:
    query = sa.select(_identification).order_by(_identification.c.id)
    return [IdentificationRow(**row) for row in connection.execute(query).mappings()]


def orders(connection: Connection) -> list[StandingOrder]:
    """All standing orders."""
    return [
        StandingOrder(
            row.account, row.asset, row.rule, row.effective_at, _proof(row), row.given_to_broker_at
        )
        for row in identifications(connection)
        if row.rule != NAMED
    ]


def sales(connection: Connection) -> list[SaleIdentification]:
    """All identifications of one sale."""
    return [sale_of(row) for row in identifications(connection) if row.rule == NAMED]


def sale_of(row: IdentificationRow) -> SaleIdentification:
    return SaleIdentification(
        account=row.account,
        asset=row.asset or "",
        lots=tuple(_lot(x) for x in json.loads(row.lots or "[]")),
        recorded_at=row.effective_at,
        before=row.before_at or row.effective_at,
        proof=_proof(row),
        given_to_broker_at=row.given_to_broker_at,
        number=row.id or 0,
    )


def _proof(row: IdentificationRow) -> Proof:
    return "attested" if row.attested else "proved"


def _stored(lot: NamedLot) -> list[str | None]:
    basis = None if lot.unit_basis is None else text(lot.unit_basis)
    return [lot.acquired_at.isoformat(), text(lot.quantity), basis]


def _lot(stored: list[str | None]) -> NamedLot:
    at, quantity, basis = stored
    return NamedLot(
        datetime.fromisoformat(at or ""),
        Decimal(quantity or 0),
        None if basis is None else Decimal(basis),
    )


def chained_hash(row: IdentificationRow) -> str:
    """SHA-256 over the row's content and the hash before it. What later versions of Syncer added
    to a row is hashed where it is stated, so that rows of before keep theirs."""
    parts = [
        row.previous_hash,
        row.recorded_at.isoformat(),
        row.effective_at.isoformat(),
        row.account,
        row.asset or "",
        row.rule,
        row.attested or "",
    ]
    before, given = row.before_at, row.given_to_broker_at
    more = [row.lots, before and before.isoformat(), given and given.isoformat()]
    if any(more):
        parts.append(json.dumps(more))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def broken_link(connection: Connection) -> int | None:
    """The id of the first row whose hash does not follow from the one before; None if all do."""
    previous = ""
    for row in identifications(connection):
        # one line each, so that no text can pass for the fields after it
        if any("\n" in text for text in (row.account, row.asset or "", row.attested or "")):
            return row.id
        if row.previous_hash != previous or row.hash != chained_hash(row):
            return row.id
        previous = row.hash
    return None
