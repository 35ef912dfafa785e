"""Rows as a venue says them, and what they mean, for the tests of one venue each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from connectors.exchanges.venues import VENUES
from connectors.records import RawRecord

Told = tuple[str, str, str, str]


def said(stream: str, native_id: str, **row: Any) -> RawRecord:
    """One stored row; its time is what translate makes of it."""
    return RawRecord("x", stream, native_id, None, json.dumps(row))


def told(venue: str, *records: RawRecord) -> list[Told]:
    """(kind, asset, quantity, role) of each entry; no record may be set aside."""
    found = VENUES[venue].translate(records)
    assert found.problems == ()
    return [(e.kind, e.asset, format(e.quantity, "f"), e.role) for e in found.entries]


def groups(venue: str, records: Iterable[RawRecord]) -> list[str]:
    return [e.group for e in VENUES[venue].translate(records).entries]


def problems(venue: str, *records: RawRecord) -> list[str]:
    return [p.sentence for p in VENUES[venue].translate(records).problems]
