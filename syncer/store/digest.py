"""One number over everything that was said, derived and decided: equal digests, equal books.

Rows are ordered by stable keys; row ids, fetch times and run records stay out (interfaces.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy.engine import Connection

from config.exact import text
from syncer.ledger.derive import Derived
from syncer.store import decisions, identifications, records


def digest(connection: Connection, derived: Derived) -> str:
    """SHA-256 in hex over raw records, entries, events, lots, disposals and decisions."""
    total = hashlib.sha256()
    for line in _lines(connection, derived):
        total.update(line.encode())
        total.update(b"\n")
    return total.hexdigest()


def _lines(connection: Connection, derived: Derived) -> Iterator[str]:
    for record in records.latest(connection):
        yield _line("raw", record.source, record.stream, record.native_id, record.body)
    yield from sorted(_line("entry", e) for e in derived.entries)
    yield from sorted(_line("event", e) for e in derived.events)
    yield from sorted(_line("disposal", d._asdict()) for d in derived.disposals)
    yield from sorted(_line("lot", x) for x in derived.lots)
    for one in decisions.decisions(connection):
        yield _line("decision", one)
    for row in identifications.identifications(connection):
        yield _line("identification", row.hash)


def _line(*parts: Any) -> str:
    return "\t".join(_text(p) for p in parts)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str):
        return str(value)
    if is_dataclass(value):
        value = {name: getattr(value, name) for name in _names(value.__class__)}
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}={_text(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text(v) for v in value) + "]"
    return str(value)


@cache
def _names(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]
