"""Copies of the database by SQLite's online backup, checked on the copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from config.errors import SyncerError
from syncer.store.database import Database
from syncer.store.place import hand_over
from syncer.store.rotation import kept


def copy_to(database: Database, target: Path) -> Path:
    """Copy the database, also while it is in use, to `target`.

    Raises SyncerError if the copy cannot be written or does not pass its check; a bad copy is
    not left behind, and an older file at `target` is replaced only by a good one.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        _make_private(partial)
        source, copy = sqlite3.connect(database.path), sqlite3.connect(partial)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
            _check(copy)
        finally:
            source.close()
            copy.close()
        _put_in_place(partial, target)
    except (OSError, sqlite3.Error, _Damaged) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise SyncerError(f"the backup {target} could not be written: {error}") from error
    return target


class _Damaged(Exception):
    """The copy did not pass its check."""


def _make_private(partial: Path) -> None:
    if not partial.parent.exists():
        partial.parent.mkdir(mode=0o700, parents=True)
        hand_over(partial.parent)
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    hand_over(partial)


def _put_in_place(partial: Path, target: Path) -> None:
    """At once, and so that a power cut does not undo it."""
    os.replace(partial, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check(copy: sqlite3.Connection) -> None:
    (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok" or copy.execute("PRAGMA foreign_key_check").fetchone():
        raise _Damaged(f"the copy is damaged: {verdict}")


def backups_of(database: Path) -> Path:
    """The folder of a database's backups."""
    return database.parent / "backups"


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


def restore(source: Path, target: Path, now: datetime) -> Path | None:
    """Put a backup in place of the database `target`, checked before and after; what was there is
    kept beside it, and its path given back.

    Raises SyncerError if `source` is no whole database of Syncer; then nothing is changed.
    """
    partial = target.with_name(target.name + ".restoring")
    try:
        _copy_of(source, partial)
        kept_as = _set_aside(target, now)
        _put_in_place(partial, target)
    except (OSError, sqlite3.Error, _Damaged) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise SyncerError(f"the backup {source} cannot be restored: {error}") from error
    return kept_as


def _copy_of(source: Path, partial: Path) -> None:
    if not source.is_file():
        raise _Damaged("there is no such file")
    _make_private(partial)
    # a backup is one file and may lie where nothing can be written; beside a log it is not whole
    alone = not Path(f"{source}-wal").exists()
    how = "mode=ro&immutable=1" if alone else "mode=ro"
    old = sqlite3.connect(f"{source.resolve().as_uri()}?{how}", uri=True)
    new = sqlite3.connect(partial)
    try:
        old.backup(new)
        _check(new)
        known = "SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'raw_record')"
        if new.execute(known).fetchone() != (2,):
            raise _Damaged("it is no database of Syncer")
    finally:
        old.close()
        new.close()


def _set_aside(target: Path, now: datetime) -> Path | None:
    """The database under another name too; at no moment is there none under its own."""
    if not target.exists():
        return None
    _empty_the_log(target)
    name = f"{target.stem}-before-restore-{now:%Y%m%dT%H%M%SZ}"
    names = (f"{name}{f'-{n}' if n else ''}{target.suffix}" for n in count())
    aside = next(p for p in map(target.with_name, names) if not p.exists())
    os.link(target, aside)
    for end in ("-wal", "-shm"):  # of a damaged one: it must not be applied to the new one
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{target}{end}", f"{aside}{end}")
    return aside


def _empty_the_log(target: Path) -> None:
    """Raises _Damaged if somebody uses the database; a damaged one is left as it is."""
    used = 0
    with (
        contextlib.suppress(sqlite3.DatabaseError),
        contextlib.closing(sqlite3.connect(target)) as old,
    ):
        (used, _, _) = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if used:
        raise _Damaged(f"another program uses {target}; end it first")
