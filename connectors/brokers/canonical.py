"""Our canonical CSV of Form 1099-DA (interfaces.md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from connectors.brokers.form_1099da import COLUMNS, REQUIRED
from connectors.brokers.reading import Reading, Said


def recognises(header: Iterable[str]) -> bool:
    names = {h.strip() for h in header}
    return set(REQUIRED) <= names <= set(COLUMNS)


def read(text: str) -> Reading:
    lines = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        given = {k: v.strip() for k, v in row.items() if k and isinstance(v, str) and v.strip()}
        if given:
            lines.append(Said(f"line {number}", given))
    return Reading(lines)
