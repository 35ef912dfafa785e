"""Decisions: append-only, read as what is in force."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.ledger.decisions import Decision
from syncer.store.tables import DecisionRow, table

_decision = table(DecisionRow)


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
        told = ("subject", "answer", "at", "other", "basis_usd", "note", "who")
        found[row["subject"]] = Decision(*(row[name] for name in told))
    return [found[s] for s in sorted(found)]
