"""Knows a file's format by its header, and refuses what it does not know."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from config.errors import DataError
from connectors.brokers import form_1099da
from connectors.files import allocation, journal

FORMATS = {
    "journal": journal.recognises,
    "1099-da": form_1099da.recognises,
    "allocation": allocation.recognises,
}
_COLUMNS = {
    "journal": journal.COLUMNS,
    "1099-da": form_1099da.COLUMNS,
    "allocation": allocation.COLUMNS,
}
_REQUIRED = {
    "journal": journal.REQUIRED,
    "1099-da": form_1099da.REQUIRED,
    "allocation": allocation.REQUIRED,
}


def read_text(path: Path) -> str:
    """A file's text; raises DataError if it is not there or not text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def format_of(text: str, name: str, wanted: str | None) -> str:
    """The format of a file; raises DataError that names what does not fit."""
    try:
        header = next(csv.reader(io.StringIO(text)), [])
        for _ in csv.reader(io.StringIO(text)):
            pass
    except csv.Error as error:
        raise DataError(f"{name} is not a CSV file: {error}") from None
    if wanted:
        if wanted not in FORMATS:
            raise DataError(f"there is no format {wanted}; known: {', '.join(FORMATS)}")
        if not FORMATS[wanted](header):
            raise DataError(f"{name} is not a {wanted} file: {_why_not(header, wanted)}")
        return wanted
    for found, recognises in FORMATS.items():
        if recognises(header):
            return found
    nearest = max(FORMATS, key=lambda f: len(set(header) & set(_COLUMNS[f])))
    raise DataError(
        f"{name} has a header that is not known; nearest is {nearest}: {_why_not(header, nearest)}"
    )


def _why_not(header: list[str], wanted: str) -> str:
    missing = [c for c in _REQUIRED[wanted] if c not in header]
    if missing:
        return f"it lacks the column {missing[0]}"
    unknown = [c for c in header if c not in _COLUMNS[wanted]]
    return f"it has the unknown column {unknown[0]}" if unknown else "its columns do not fit"
