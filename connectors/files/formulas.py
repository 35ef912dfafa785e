"""Cells that a spreadsheet would run are put in words by an apostrophe, as people do it by hand;
reading takes it off again."""

from __future__ import annotations

import re

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "'")
_RUN = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def guarded(cell: str) -> str:
    """What may be written to a CSV; numbers stay as they are."""
    if not cell.startswith(_BEGINNINGS) or not _RUN.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def plain(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _RUN.match(cell) else cell
