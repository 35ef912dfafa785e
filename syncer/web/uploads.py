"""Files that a person sends: taken in at once, or kept in memory until the columns are named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from config.errors import DataError, UsageError
from connectors.records import exact
from syncer.web.running import Running

if TYPE_CHECKING:  # what reads PDFs is loaded for the first file, in a thread
    from syncer.files import Imported, Told
    from syncer.forms import Mapped

_STRANGE = re.compile(r"[^\w .()+,=@-]+")
LONGEST_NAME = 120  # bytes, as file systems count


@dataclass(frozen=True, slots=True)
class Upload:
    """A file by a name that can be no path."""

    name: str
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @classmethod
    async def of(cls, sent: Any) -> Upload:
        """Raises UsageError if no file was sent."""
        if not isinstance(sent, UploadFile) or not sent.filename:
            raise UsageError("choose a file first")
        return cls(plain_name(sent.filename), await sent.read())

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """In a folder of its own that only this service reads."""
        with TemporaryDirectory(prefix="syncer-") as folder:
            path = Path(folder) / self.name
            path.write_bytes(self.data)
            yield path


def plain_name(told: str) -> str:
    """The last part of what a browser calls the file, of letters that make no path."""
    last = re.split(r"[/\\]", told)[-1]
    whole = _STRANGE.sub("_", last).strip(" .").encode()
    name = whole[-LONGEST_NAME:].decode(errors="ignore")
    return name if name.strip("_") else "upload"


def take_in(running: Running, upload: Upload, told: Told) -> Imported:
    """Raises UsageError with what the reader says of a file that it does not take."""
    from syncer.files import import_file

    with upload.as_file() as path:
        try:
            return import_file(
                running.database,
                path,
                running.clock(),
                told,
                running.settings,
                running.pipeline.allocation_problems,
            )
        except DataError as error:
            raise UsageError(str(error).replace(str(path), upload.name)) from None


@dataclass(frozen=True, slots=True)
class Guessed:
    """Columns of a broker's own form: samples, and which of ours each may be."""

    header: tuple[str, ...]
    samples: dict[str, list[str]]
    ours: dict[str, str]  # by the file's column


def guessed(upload: Upload) -> Guessed | None:
    """None if the file has no row that names columns of a form."""
    from connectors.brokers import mapping
    from connectors.brokers.readers import File

    file = File(upload.name, upload.data)
    try:
        sheet = mapping.table(file.text or "", upload.name)
    except DataError:
        return None
    by_column = {column: ours for ours, column in mapping.guess(sheet).items()}
    header = tuple(c for c in sheet.header if c)
    return Guessed(header, {c: sheet.samples(c) for c in header}, by_column)


def mapped(upload: Upload, told: dict[str, str]) -> Mapped:
    """By the fields `column:NAME`, `total` and `rows`. Raises UsageError where they do not fit."""
    from connectors.brokers import mapping
    from connectors.brokers.mapping import Columns
    from connectors.brokers.readers import File
    from syncer.forms import Mapped

    sheet = mapping.table(File(upload.name, upload.data).text or "", upload.name)
    words = [f"{ours}={k[7:]}" for k, ours in told.items() if k.startswith("column:") and ours]
    if len({w.partition("=")[0] for w in words}) < len(words):
        raise UsageError("two columns cannot be the same of ours")
    try:
        ours = mapping.with_words({}, words, sheet.header)
        text = told.get("total", "").strip().replace(",", "").lstrip("$")
        total = exact(text, "total proceeds") if text else None
    except DataError as error:
        raise UsageError(str(error)) from None
    rows = told.get("rows", "").strip()
    if total is None and not rows.isdecimal():
        raise UsageError(
            "say what the statement adds up to, its proceeds or how many lines it has, so that a "
            "wrong column is noticed"
        )
    return Mapped(
        Columns(sheet.header, ours), int(rows) if rows.isdecimal() else None, total, keep=True
    )
