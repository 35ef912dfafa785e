"""Copies of the database in one file of SQLite, checked on the copy: of a file by SQLite's online
backup, of a PostgreSQL database row by row."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from syncer.store.copying import copy_rows
from syncer.store.database import Database
from syncer.store.rotation import kept
from syncer.store.schema import create
from syncer.store.sqlite import Driver, copy_file, made


def copy_to(database: Database, target: Path) -> Path:
    """Copy the database, also while it is in use, to `target`.

    Raises SyncerError if the copy cannot be written or does not pass its check; a bad copy is
    not left behind, and an older file at `target` is replaced only by a good one.
    """
    if database.file:
        return copy_file(database.file, target)
    with made(target, Driver()) as partial:
        copy = Database.of_file(partial)
        try:
            create(copy)
            copy_rows(database, copy)
        finally:
            copy.close()
    return target


def backup_name(folder: Path, at: datetime) -> Path:
    """`syncer-20260131T120000Z.db` in `folder`."""
    return folder / f"syncer-{at:%Y%m%dT%H%M%SZ}.db"


def backups(folder: Path) -> dict[datetime, Path]:
    """By when they were made, the newest first; files of other names are no backups."""
    found = {}
    for path in sorted(folder.glob("syncer-????????T??????Z.db"), reverse=True):
        with contextlib.suppress(ValueError):
            made = datetime.strptime(path.stem, "syncer-%Y%m%dT%H%M%SZ")  # noqa: DTZ007
            found[made.replace(tzinfo=UTC)] = path
    return found


def rotate(folder: Path) -> None:
    """Remove what is in no row of days, weeks and months."""
    found = backups(folder)
    for at in found.keys() - kept(found):
        found[at].unlink(missing_ok=True)
