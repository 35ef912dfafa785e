"""Rows of a broker's CSV: a form is refused rather than read with cells in the wrong places."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from config.errors import DataError

Named = tuple[int, dict[str, str]]  # a row by column, with the number of its line


def cells_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with its line number; raises DataError where quotes or lengths are broken."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        for row in reader:
            if any("\n" in c or "\r" in c for c in row):
                raise DataError(
                    f"line {reader.line_num}: a cell has a line break: is a quote missing?"
                )
            yield reader.line_num, [c.strip() for c in row]
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}") from None


def named(header: Sequence[str], number: int, row: Sequence[str]) -> dict[str, str]:
    """A row by column, empty cells left out; raises DataError if it is longer than its header, as
    an unquoted comma in an amount makes it."""
    if len(row) > len(header):
        raise DataError(f"line {number}: it has more cells than columns: is an amount unquoted?")
    return {k: v for k, v in zip(header, row, strict=False) if k and v}


def check_header(header: Sequence[str]) -> None:
    """Raises DataError if two columns have one name: nobody can tell which counts."""
    counts = Counter(h for h in header if h)
    if twice := next((h for h, n in counts.items() if n > 1), None):
        raise DataError(f"two columns are named {twice}")


def rows_of(text: str) -> list[Named]:
    """A CSV whose first row is its header."""
    lines = list(cells_of(text))
    header = lines[0][1] if lines else []
    check_header(header)
    found = ((number, named(header, number, row)) for number, row in lines[1:])
    return [(number, row) for number, row in found if row]
