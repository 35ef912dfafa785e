"""Knows a file's format by its header, and refuses what it does not know."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from config.errors import DataError
from connectors.brokers import form_1099da
from connectors.files import allocation, journal
from connectors.files.formats import FORMATS
from connectors.files.statement import Format, Sheet, sheets

_OURS: dict[str, tuple[Callable[[Iterable[str]], bool], tuple[str, ...], tuple[str, ...]]] = {
    "journal": (journal.recognises, journal.COLUMNS, journal.REQUIRED),
    "1099-da": (form_1099da.recognises, form_1099da.COLUMNS, form_1099da.REQUIRED),
    "allocation": (allocation.recognises, allocation.COLUMNS, allocation.REQUIRED),
}
NEAREST = 3
# files that look like a source of coins and are none
_NOT_READ = {
    ("activity date", "trans code", "instrument"): (
        "it is the activity of a brokerage account, which tells of no coins; ask Robinhood for "
        "your data and import its crypto orders and transfers"
    ),
    ("transaction type", "tax lot id", "date of disposition"): (
        "it is a broker's gain and loss report: its rows are lots, not trades; import the "
        "transaction history instead"
    ),
}


@dataclass(frozen=True, slots=True)
class Detected:
    """A format's name, and the statement it is with the rows, if it is one."""

    name: str
    statement: tuple[Format, Sheet] | None = None


def read_text(path: Path) -> str:
    """A file's text; raises DataError if it is not there or not text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def names_of_formats() -> tuple[str, ...]:
    """All that `--format` takes."""
    return (*_OURS, *FORMATS)


def detect(text: str, name: str, wanted: str | None) -> Detected:
    """The format of a file; raises DataError that names what does not fit."""
    header = _header(text, name)
    if wanted is not None and wanted not in names_of_formats():
        raise DataError(f"there is no format {wanted}; known: {', '.join(names_of_formats())}")
    if wanted in _OURS:
        if not _OURS[wanted][0](header):
            raise DataError(f"{name} is not a {wanted} file: {_why_not(header, wanted)}")
        return Detected(wanted)
    for found, (recognises, *_) in _OURS.items():
        if wanted is None and recognises(header):
            return Detected(found)
    tables = list(sheets(text))
    for sheet in tables:
        for one in [FORMATS[wanted]] if wanted else FORMATS.values():
            if one.knows(sheet.header):
                return Detected(one.name, (one, sheet))
    raise DataError(_refusal(name, header, tables, wanted))


def _header(text: str, name: str) -> list[str]:
    try:
        header = next(csv.reader(io.StringIO(text)), [])
        for _ in csv.reader(io.StringIO(text)):
            pass
    except csv.Error as error:
        raise DataError(f"{name} is not a CSV file: {error}") from None
    return header


def _refusal(name: str, header: list[str], tables: list[Sheet], wanted: str | None) -> str:
    headers = [header, *(list(s.header) for s in tables)]
    if wanted:
        best = min(headers, key=lambda h: len(FORMATS[wanted].missing(h)))
        return f"{name} is not a {wanted} file: {_why_not(best, wanted)}"
    for columns, why in _NOT_READ.items():
        if any(set(columns) <= {c.strip().casefold() for c in h} for h in headers):
            return f"{name} is not read: {why}"
    shares = {f: max((_share(h, f), n) for n, h in enumerate(headers)) for f in names_of_formats()}
    nearest = sorted(shares, key=lambda f: -shares[f][0])[:NEAREST]
    why = _why_not(headers[shares[nearest[0]][1]], nearest[0])
    others = [f for f in nearest[1:] if shares[f][0]]
    then = f" (then {', '.join(others)})" if others else ""
    return f"{name} has a header that is not known; nearest is {nearest[0]}: {why}{then}"


def _share(header: list[str], format_: str) -> float:
    """How much of what a format needs a header has."""
    if format_ in _OURS:
        _, columns, required = _OURS[format_]
        return len(set(header) & set(columns)) / max(len(header), len(required))
    needed = FORMATS[format_].columns
    return 1 - len(FORMATS[format_].missing(header)) / len(needed)


def _why_not(header: list[str], wanted: str) -> str:
    if wanted in FORMATS:
        missing = FORMATS[wanted].missing(header)
        return f"it lacks the column {missing[0]}" if missing else "its columns do not fit"
    _, columns, required = _OURS[wanted]
    missing = [c for c in required if c not in header]
    if missing:
        return f"it lacks the column {missing[0]}"
    unknown = [c for c in header if c not in columns]
    return f"it has the unknown column {unknown[0]}" if unknown else "its columns do not fit"
