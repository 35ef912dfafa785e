"""A form's records in memory, as the database would keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from connectors.brokers.form_1099da import FormLine, line_of
from connectors.brokers.placing import placed
from connectors.brokers.reading import Reading, Said, Told
from connectors.records import RawRecord


class Store:
    """All revisions of each line."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[RawRecord]] = defaultdict(list)

    def take(self, reading: Reading, told: Told | None = None) -> list[str]:
        found = placed(reading, told or Told(), self.known)
        for one in found.records:
            before = self.records[one.source, one.native_id]
            if not before or before[-1].body != one.body:
                before.append(one)
        return found.notes

    def rows(self, *rows: Said, format_: str = "") -> list[str]:
        return self.take(replace(Reading(list(rows)), format=format_))

    def known(self, source: str) -> Sequence[RawRecord]:
        return [r for (s, _), some in self.records.items() if s == source for r in some]

    @property
    def lines(self) -> list[FormLine]:
        found = (line_of(some[-1]) for some in self.records.values())
        return [x for x in found if not x.void]

    @property
    def amounts(self) -> list[Decimal]:
        return sorted(x.amount for x in self.lines)


def row(units: str, proceeds: str, **more: str) -> Said:
    cells = {"broker": "K", "account": "1", "tax_year": "2025", "digital_asset_name": "ETH"}
    cells |= {"units": units, "date_sold": "2025-05-05", "proceeds": proceeds, **more}
    return Said("row", {k: v for k, v in cells.items() if v})
