"""Decisions and standing orders: append-only, read as what is in force."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.ledger.decisions import Decision
from syncer.lots.model import StandingOrder
from syncer.store.tables import DecisionRow, IdentificationRow, table

_decision = table(DecisionRow)
_identification = table(IdentificationRow)


def add_decision(connection: Connection, decision: Decision, who: str) -> None:
    values = {
        "at": decision.at,
        "who": who,
        "action": "answer",
        "subject": decision.subject,
        "answer": decision.answer,
        "other": decision.other,
        "basis_usd": decision.basis_usd,
        "note": decision.note,
    }
    connection.execute(sa.insert(_decision).values(values))


def undo_decision(connection: Connection, subject: str, who: str, now: datetime) -> None:
    values = {"at": now, "who": who, "action": "undo", "subject": subject}
    connection.execute(sa.insert(_decision).values(values))


def decisions(connection: Connection) -> list[Decision]:
    """The newest answer of each subject that was not undone, by subject."""
    found: dict[str, Decision] = {}
    for row in connection.execute(sa.select(_decision).order_by(_decision.c.id)).mappings():
        if row["action"] == "undo":
            found.pop(row["subject"], None)
            continue
        found[row["subject"]] = Decision(
            row["subject"], row["answer"], row["at"], row["other"], row["basis_usd"], row["note"]
        )
    return [found[s] for s in sorted(found)]


# ---- standing orders


def add_standing_order(
    connection: Connection, order: StandingOrder, recorded_at: datetime, attested: str | None
) -> IdentificationRow:
    """Append an order to the chain of hashes."""
    rows = identifications(connection)
    previous = rows[-1].hash if rows else ""
    row = IdentificationRow(
        recorded_at=recorded_at,
        effective_at=order.effective_at,
        account=order.account,
        asset=order.asset,
        rule=order.rule,
        attested=attested,
        previous_hash=previous,
        hash="",
    )
    row.hash = chained_hash(row)
    values = row.model_dump(exclude={"id"})
    connection.execute(sa.insert(_identification).values(values))
    return row


def identifications(connection: Connection) -> list[IdentificationRow]:
    query = sa.select(_identification).order_by(_identification.c.id)
    return [IdentificationRow(**row) for row in connection.execute(query).mappings()]


def standing_orders(connection: Connection) -> list[StandingOrder]:
    return [
        StandingOrder(
            row.account,
            row.asset,
            row.rule,
            row.effective_at,
            "attested" if row.attested else "proved",
        )
        for row in identifications(connection)
    ]


def chained_hash(row: IdentificationRow) -> str:
    """SHA-256 over the row's content and the hash before it."""
    parts = (
        row.previous_hash,
        row.recorded_at.isoformat(),
        row.effective_at.isoformat(),
        row.account,
        row.asset or "",
        row.rule,
        row.attested or "",
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def broken_link(connection: Connection) -> int | None:
    """The id of the first row whose hash does not follow from the one before; None if all do."""
    previous = ""
    for row in identifications(connection):
        if row.previous_hash != previous or row.hash != chained_hash(row):
            return row.id
        previous = row.hash
    return None
