"""Cells of other people's files as exact numbers and instants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from config.errors import DataError
from connectors.records import exact, instant

_COIN = re.compile(r"\s+\d?[A-Z][A-Z0-9.]{1,9}\s*$")
_MONEY = re.compile(r"[\s$£€]|[A-Z]{1,3}\$")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_US_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}")
_US_FORMS = (
    *("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%m/%d/%Y, %H:%M:%S"),
    *("%m/%d/%Y", "%m/%d/%y"),
)
NOTHING = frozenset({"", "-", "n/a", "none", "null", "nan"})


class Row(Mapping[str, str]):
    """One row by column: names without regard to case, `_` for a blank, or spaces around them.

    The methods raise DataError that names the column and shows the cell.
    """

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = {plain(k): v.strip() for k, v in cells.items()}

    def __getitem__(self, column: str) -> str:
        return self._cells[plain(column)]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def text(self, *columns: str) -> str:
        """The first of these columns that says something; empty if none does."""
        found = (self._cells.get(plain(c), "") for c in columns)
        return next((cell for cell in found if cell.casefold() not in NOTHING), "")

    def number(self, *columns: str) -> Decimal | None:
        """A signed amount, None where there is none."""
        cell = self.text(*columns)
        return number(cell, columns[0]) if cell else None

    def amount(self, *columns: str) -> Decimal:
        """A signed amount that must be there."""
        found = self.number(*columns)
        if found is None:
            raise DataError(f"{columns[0]} is empty")
        return found

    def when(self, *columns: str) -> datetime:
        """An instant in UTC, which no offset means too."""
        cell = self.text(*columns)
        if not cell:
            raise DataError(f"{columns[0]} is empty")
        return when(cell, columns[0])


def plain(column: str) -> str:
    """A column's name as it can be compared."""
    return " ".join(column.replace("_", " ").replace("\ufeff", "").casefold().split())


def number(cell: str, column: str) -> Decimal:
    """`$1,234.50`, `(0.5 BTC)`, `-$3.00`, `5E-7`: as it is written, to the last digit."""
    text = cell.strip()
    negative = text.startswith("(") and text.endswith(")")
    bare = _MONEY.sub("", _COIN.sub("", text.strip("()")))
    if "," in bare:
        if not _THOUSANDS.fullmatch(bare):
            raise DataError(f"{column} may have a decimal comma, which cannot be told: {cell!r}")
        bare = bare.replace(",", "")
    found = exact(bare, column) if bare else None
    if found is None:
        raise DataError(f"{column} is not a number: {cell!r}")
    return -found if negative else found


def when(cell: str, column: str) -> datetime:
    """ISO 8601, with or without `UTC` behind it, or as US programs write it; UTC."""
    text = cell.removesuffix("UTC").removesuffix("GMT").strip()
    if not _US_DATE.match(text):
        return instant(re.sub(r" ([+-]\d{4})$", r"\1", text), column)
    for form in _US_FORMS:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - the files say UTC
        except ValueError:
            continue
        bare = ":" not in form and found.replace(hour=12)  # noon is that date in every US zone
        return instant((bare or found).replace(tzinfo=UTC).isoformat(), column)
    raise DataError(f"{column} is not a time: {cell!r}")
