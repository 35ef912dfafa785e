"""Copies of the database by SQLite's online backup, checked on the copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import datetime
from pathlib import Path

from config.errors import SyncerError
from syncer.store.database import Database


def copy_to(database: Database, target: Path) -> Path:
    """Copy the database, also while it is in use, to `target`.

    Raises SyncerError if the copy cannot be written or does not pass its check; a bad copy is
    not left behind, and an older file at `target` is replaced only by a good one.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        source, copy = sqlite3.connect(database.path), sqlite3.connect(partial)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
            _check(copy)
        finally:
            source.close()
            copy.close()
        partial.chmod(0o600)
        os.replace(partial, target)
    except (OSError, sqlite3.Error, _Damaged) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise SyncerError(f"the backup {target} could not be written: {error}") from error
    return target


class _Damaged(Exception):
    """The copy did not pass its check."""


def _check(copy: sqlite3.Connection) -> None:
    (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok" or copy.execute("PRAGMA foreign_key_check").fetchone():
        raise _Damaged(f"the copy is damaged: {verdict}")


def backup_name(folder: Path, at: datetime) -> Path:
    """`syncer-20260131T120000Z.db` in `folder`."""
    return folder / f"syncer-{at:%Y%m%dT%H%M%SZ}.db"


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest backups of a folder; files of other names stay."""
    for old in sorted(folder.glob("syncer-????????T??????Z.db"))[:-keep]:
        old.unlink(missing_ok=True)
