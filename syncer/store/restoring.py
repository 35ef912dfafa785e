"""Puts a backup in place of a database; what was there is kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from config.errors import SyncerError
from syncer.store.backup import copy_to
from syncer.store.copying import copy_rows
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.place import make_private, put_in_place
from syncer.store.sqlite import Damaged, Driver, check_whole

HEADER = b"SQLite format 3"
ACROSS = "name it in [database] url of other settings, and move it by: syncer db copy"


def restore(source: Path, target: Path, now: datetime, driver: Driver | None = None) -> Path | None:
    """Put a backup in place of the file `target`, checked before and after; what was there is kept
    beside it, and its path given back.

    Raises SyncerError if `source` is no whole database of Syncer; then nothing is changed.
    """
    driver = driver or Driver()
    partial = target.with_name(target.name + ".restoring")
    with _put_right(source, partial, driver):
        _copy_of(source, partial, driver)
        kept_as = _set_aside(target, now, driver)
        put_in_place(partial, target)
    return kept_as


def restore_rows(source: Path, target: Database, folder: Path, now: datetime) -> Path:
    """The same of a database of a server that nobody else uses: in one transaction, all of it or
    nothing. What was there is kept in `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=folder) as own:
        partial = Path(own) / "backup.db"
        with _put_right(source, partial, Driver()):
            _copy_of(source, partial, Driver())
        backup = Database.of_file(partial)
        try:
            migrate(backup)
            kept_as = copy_to(target, _aside(folder / "syncer.db", now))
            copy_rows(backup, target, replace=True)
        finally:
            backup.close()
    return kept_as


@contextlib.contextmanager
def _put_right(source: Path, partial: Path, driver: Driver) -> Iterator[None]:
    try:
        yield
    except (OSError, driver.module.Error, Damaged) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        why = "it is damaged, encrypted or of another key" if _is_no_file(error) else error
        raise SyncerError(f"the backup {source} cannot be restored: {why}") from error


def _is_no_file(error: Exception) -> bool:
    return "not a database" in str(error)


def _copy_of(source: Path, partial: Path, driver: Driver) -> None:
    if not source.is_file():
        raise Damaged("there is no such file")
    with source.open("rb") as file:
        plain = file.read(len(HEADER)) == HEADER
    if plain and driver.key is not None:
        raise Damaged(f"it is not encrypted, and the database is; {ACROSS}")
    make_private(partial)
    # a backup is one file and may lie where nothing can be written; beside a log it is not whole
    alone = not Path(f"{source}-wal").exists()
    how = "mode=ro&immutable=1" if alone else "mode=ro"
    old = driver.connect(f"{source.resolve().as_uri()}?{how}", uri=True)
    new = driver.connect(partial)
    try:
        old.backup(new)
        check_whole(new)
        known = "SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'raw_record')"
        if new.execute(known).fetchone() != (2,):
            raise Damaged("it is no database of Syncer")
    finally:
        old.close()
        new.close()


def _set_aside(target: Path, now: datetime, driver: Driver) -> Path | None:
    """The database under another name too; at no moment is there none under its own."""
    if not target.exists() or (target.stat().st_size == 0 and not Path(f"{target}-wal").exists()):
        return None
    _empty_the_log(target, driver)
    aside = _aside(target, now)
    os.link(target, aside)
    for end in ("-wal", "-shm"):  # of a damaged one: it must not be applied to the new one
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{target}{end}", f"{aside}{end}")
    return aside


def _aside(target: Path, now: datetime) -> Path:
    """A name that nothing has."""
    name = f"{target.stem}-before-restore-{now:%Y%m%dT%H%M%SZ}"
    names = (f"{name}{f'-{n}' if n else ''}{target.suffix}" for n in count())
    return next(p for p in map(target.with_name, names) if not p.exists())


def _empty_the_log(target: Path, driver: Driver) -> None:
    """Raises Damaged if somebody uses the database; a damaged one is left as it is."""
    used = 0
    with (
        contextlib.suppress(driver.module.DatabaseError),
        contextlib.closing(driver.connect(target)) as old,
    ):
        (used, _, _) = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if used:
        raise Damaged(f"another program uses {target}; end it first")
