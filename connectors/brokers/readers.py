"""All files of Form 1099-DA that can be read, each known by what it holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from config.errors import DataError
from connectors.brokers import canonical, fdx, iris, pdf, tables
from connectors.brokers.reading import Reading


class File:
    """A file as it lies there; `text` is None where it is not UTF-8."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = name, data
        self.text: str | None = None
        with suppress(UnicodeDecodeError):
            self.text = data.decode("utf-8-sig")

    @property
    def header(self) -> list[str]:
        """The first row of a CSV file; nothing of any other."""
        with suppress(csv.Error):
            return next(csv.reader(io.StringIO(self.text or "")), [])
        return []


@dataclass(frozen=True, slots=True)
class Reader:
    """Knows a kind of file and reads it; `read` raises DataError if it is broken."""

    knows: Callable[[File], bool]
    read: Callable[[File], Reading]


def _text(file: File) -> str:
    if file.text is None:
        raise DataError(f"{file.name} is not UTF-8 text")
    return file.text


def _pdf(file: File) -> Reading:
    return pdf.read(file.data, file.name)


READERS: Mapping[str, Reader] = {
    "1099-da": Reader(lambda f: canonical.recognises(f.header), lambda f: canonical.read(_text(f))),
    "taxbit": Reader(lambda f: tables.is_taxbit(f.header), lambda f: tables.read_taxbit(_text(f))),
    "consolidated-1099": Reader(
        lambda f: tables.is_consolidated(f.text or ""),
        lambda f: tables.read_consolidated(_text(f)),
    ),
    "fdx": Reader(lambda f: fdx.recognises(f.text or ""), lambda f: fdx.read(_text(f), f.name)),
    "1099-da-pdf": Reader(lambda f: f.data[:1024].lstrip().startswith(b"%PDF"), _pdf),
    "iris": Reader(lambda f: iris.recognises(f.text or ""), lambda f: iris.read(_text(f), f.name)),
}


def reader_of(file: File) -> str | None:
    """The name of the reader that knows a file."""
    return next((name for name, one in READERS.items() if one.knows(file)), None)
