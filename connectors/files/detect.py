"""Knows a file's format by what it holds, and refuses what it does not know."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from config.errors import DataError
from connectors.brokers import canonical, form_1099da, gain_loss
from connectors.brokers.readers import READERS, File, reader_of
from connectors.files import allocation, journal
from connectors.files.formats import FORMATS
from connectors.files.statement import Format, Sheet, sheets

_OURS: dict[str, tuple[Callable[[Iterable[str]], bool], tuple[str, ...], tuple[str, ...]]] = {
    "journal": (journal.recognises, journal.COLUMNS, journal.REQUIRED),
    "1099-da": (canonical.recognises, form_1099da.COLUMNS, form_1099da.REQUIRED),
    "allocation": (allocation.recognises, allocation.COLUMNS, allocation.REQUIRED),
}
GAIN_LOSS = "gain-loss"
LARGEST = 200_000_000  # bytes
NEAREST = 3
# files that look like a source of coins and are none
_NOT_READ = {
    ("activity date", "trans code", "instrument"): (
        "it is the activity of a brokerage account, which tells of no coins; ask Robinhood for "
        "your data and import its crypto orders and transfers"
    ),
}


@dataclass(frozen=True, slots=True)
class Detected:
    """A format's name, and the statement it is with the rows, if it is one."""

    name: str
    statement: tuple[Format, Sheet] | None = None

    @property
    def is_form(self) -> bool:
        """Whether it is of Form 1099-DA."""
        return self.name in READERS


def open_file(path: Path) -> File:
    """Raises DataError if it is not there or too large."""
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is larger than {LARGEST // 1_000_000} MB")
        return File(path.name, path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def names_of_formats() -> tuple[str, ...]:
    """All that `--format` takes."""
    return tuple(dict.fromkeys((*_OURS, *READERS, GAIN_LOSS, *FORMATS)))


def detect(file: File, wanted: str | None) -> Detected:
    """The format of a file; raises DataError that names what does not fit."""
    if wanted is not None and wanted not in names_of_formats():
        raise DataError(f"there is no format {wanted}; known: {', '.join(names_of_formats())}")
    form = reader_of(file)
    if form is not None and wanted in (None, form):
        return Detected(form)
    if wanted in READERS and wanted not in _OURS:
        raise DataError(f"{file.name} is not a {wanted} file")
    if file.text is None:
        raise DataError(f"{file.name} is not UTF-8 text")
    return _detect(file.text, file.name, wanted)


def _detect(text: str, name: str, wanted: str | None) -> Detected:
    header = _header(text, name)
    if wanted in _OURS:
        if not _OURS[wanted][0](header):
            raise DataError(f"{name} is not a {wanted} file: {_why_not(header, wanted)}")
        return Detected(wanted)
    for found, (recognises, *_) in _OURS.items():
        if wanted is None and recognises(header):
            return Detected(found)
    tables = list(sheets(text))
    if wanted in (None, GAIN_LOSS) and any(gain_loss.recognises(s.header) for s in tables):
        return Detected(GAIN_LOSS)
    if wanted == GAIN_LOSS:
        raise DataError(f"{name} is not a {GAIN_LOSS} file")
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
    known = (*_OURS, *FORMATS)
    shares = {f: max((_share(h, f), n) for n, h in enumerate(headers)) for f in known}
    nearest = sorted(shares, key=lambda f: -shares[f][0])[:NEAREST]
    why = _why_not(headers[shares[nearest[0]][1]], nearest[0])
    others = [f for f in nearest[1:] if shares[f][0]]
    then = f" (then {', '.join(others)})" if others else ""
    hint = (
        "; a broker's form in columns of its own: syncer import --map"
        if _like_a_form(headers)
        else ""
    )
    return f"{name} has a header that is not known; nearest is {nearest[0]}: {why}{then}{hint}"


def _like_a_form(headers: list[list[str]]) -> bool:
    """Whether columns speak of proceeds and of a sale, as a form's do."""
    names = {c.casefold() for h in headers for c in h}
    return any("proceeds" in c for c in names) and any(
        w in c for c in names for w in ("sold", "sale", "dispos")
    )


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
