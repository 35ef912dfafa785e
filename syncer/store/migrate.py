"""Brings a database to the schema of this version, after a copy of what it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files

from config.errors import SyncerError
from syncer.store.database import Database
from syncer.store.schema import HEAD, create, revision

MIGRATIONS = files("syncer.store").joinpath("migrations")


def migrate(database: Database, head: str = HEAD) -> None:
    """Upgrade if needed, one process at a time. Raises SyncerError for a database of a newer
    version, and if a migration fails: then the database is as it was."""
    if revision(database) == head:
        return
    with _alone(database):
        now = revision(database)
        if now is None:
            create(database)
        elif now != head:
            _upgrade(database, now)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    lock = database.lock("migrate")
    try:
        while not lock.taken():
            time.sleep(0.05)
        yield
    finally:
        lock.release()


def _upgrade(database: Database, now: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    with as_file(MIGRATIONS) as folder:
        alembic = Config()
        alembic.set_main_option("script_location", str(folder))
        scripts = ScriptDirectory.from_config(alembic)
        if now not in {s.revision for s in scripts.walk_revisions()}:
            raise SyncerError(
                f"the database {database.name} was written by a newer Syncer; upgrade Syncer"
            )
        with database.told():
            kept = database.backend.keep_copy(now)
        alembic.attributes["database"] = database
        try:
            command.upgrade(alembic, "head")  # in one transaction: all of them or none
        except Exception as error:
            raise SyncerError(
                f"the database {database.name} stays at schema {now}, because its migration "
                f"failed: {_sentence(error)}; a copy of it is {kept}; use the Syncer that wrote it"
            ) from error
        finally:
            database.close()  # its connections ran without foreign keys; others follow as needed


def _sentence(error: Exception) -> str:
    """Without the statement, and on one line."""
    told = str(getattr(error, "orig", None) or error)
    return next(iter(told.splitlines()), type(error).__name__)
