"""Where the blank official forms are: in a folder that the person names, or at irs.gov if asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.errors import SyncerError
from config.official import Blank, OfficialForms
from connectors.irs import download, is_that

Download = Callable[[Blank], bytes]


@dataclass(frozen=True, slots=True)
class Blanks:
    """The bytes of the blank Form 8949 and Schedule D of a year."""

    forms: OfficialForms
    form_8949: bytes
    schedule_d: bytes


def find_blanks(forms: OfficialForms, folder: Path | None, get: Download | None = None) -> Blanks:
    """From the folder by the file's own name or the IRS's, else by `get` (which keeps them in the
    folder, if there is one). Raises SyncerError if one is not there, or is another edition."""
    first, second = (_find(blank, folder, get) for blank in forms.blanks)
    return Blanks(forms, first, second)


def downloaded(blank: Blank) -> bytes:
    return download(blank)


def _find(blank: Blank, folder: Path | None, get: Download | None) -> bytes:
    names = (blank.file, blank.file.partition("-")[0] + ".pdf")
    paths = [folder / n for n in names] if folder else []
    there = next((p for p in paths if p.is_file()), None)
    if there is not None and (get is None or is_that(blank, there.read_bytes())):
        return _checked(blank, there)
    if get is None:
        where = f"in {folder}" if folder else "without a folder"
        raise SyncerError(f"{blank.file} is not {where}; --download-forms gets it from irs.gov")
    data = get(blank)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / blank.file).write_bytes(data)
    return data


def _checked(blank: Blank, path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SyncerError(f"{path} cannot be read: {error.strerror}") from None
    if not is_that(blank, data):
        raise SyncerError(
            f"{path} is not the {blank.file} that Syncer knows (its SHA-256 differs): take it from "
            "irs.gov again, or let --download-forms get it"
        )
    return data
