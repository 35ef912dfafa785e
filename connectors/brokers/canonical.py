"""Our canonical CSV of Form 1099-DA (interfaces.md)."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.brokers.csv_rows import rows_of
from connectors.brokers.form_1099da import COLUMNS, REQUIRED
from connectors.brokers.reading import Reading, Said


def recognises(header: Iterable[str]) -> bool:
    names = {h.strip() for h in header}
    return set(REQUIRED) <= names <= set(COLUMNS)


def read(text: str) -> Reading:
    """Raises DataError if cells are not where their columns are."""
    return Reading([Said(f"line {number}", row) for number, row in rows_of(text)])
