"""Reads a Rev. Proc. 2024-28 allocation: the units that were left on 2025-01-01, per account.

Header: type,rule_written_at,completed_at,asset,quantity,acquired_at,basis_usd,to_account.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from config.assets import names
from config.errors import DataError
from connectors.records import RawRecord, exact, instant

SOURCE = "allocation"
STREAM = "rows"
COLUMNS = (
    "type",
    "rule_written_at",
    "completed_at",
    "asset",
    "quantity",
    "acquired_at",
    "basis_usd",
    "to_account",
)
REQUIRED = tuple(c for c in COLUMNS if c != "rule_written_at")
_KINDS = ("specific", "global")


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """One row; a bare `acquired_at` date is a date, `basis_usd` the row's total."""

    kind: str
    rule_written_at: datetime | None
    completed_at: datetime
    asset: str
    quantity: Decimal
    acquired_at: datetime | date
    basis_usd: Decimal
    to_account: str


def recognises(header: Iterable[str]) -> bool:
    found = {h.strip() for h in header}
    return set(REQUIRED) <= found <= set(COLUMNS)


def read(text: str) -> tuple[list[RawRecord], list[str]]:
    """The rows as records, and one sentence for each that cannot be read."""
    records, sentences, seen = [], [], Counter[str]()
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        given = {k: v.strip() for k, v in row.items() if k and isinstance(v, str) and v.strip()}
        if not given:
            continue
        try:
            parsed = row_of(given)
        except DataError as error:
            sentences.append(f"line {number}: {error}")
            continue
        body = json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        key = hashlib.sha256(body.encode()).hexdigest()[:16]
        seen[key] += 1
        native_id = key if seen[key] == 1 else f"{key}#{seen[key]}"
        records.append(RawRecord(SOURCE, STREAM, native_id, parsed.completed_at, body))
    return records, sentences


def row_of(given: Mapping[str, str]) -> AllocationRow:
    """The typed row; raises DataError that names the column."""
    for column in REQUIRED:
        if not given.get(column):
            raise DataError(f"{column} is empty")
    if given["type"] not in _KINDS:
        raise DataError(f"type must be specific or global, not {given['type']!r}")
    written = given.get("rule_written_at")
    if given["type"] == "global" and not written:
        raise DataError("a global allocation needs rule_written_at")
    quantity = exact(given["quantity"], "quantity")
    basis = exact(given["basis_usd"], "basis_usd")
    if quantity <= 0 or basis < 0:
        raise DataError("quantity must be above zero and basis_usd not negative")
    acquired = given["acquired_at"]
    at = instant(acquired, "acquired_at")
    return AllocationRow(
        given["type"],
        instant(written, "rule_written_at") if written else None,
        instant(given["completed_at"], "completed_at"),
        names().in_file(given["to_account"], given["asset"]),
        quantity,
        at.date() if len(acquired) == 10 else at,
        basis,
        given["to_account"],
    )


def rows(records: Iterable[RawRecord]) -> list[AllocationRow]:
    """Stored rows, typed."""
    return [row_of(json.loads(r.body)) for r in records]
