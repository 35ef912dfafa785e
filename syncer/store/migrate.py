"""Brings a database to the schema of this version, after a backup of what it was."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import SQLModel

from config.errors import SyncerError
from syncer.store import tables
from syncer.store.backup import copy_to
from syncer.store.database import Database
from syncer.store.place import hand_over

assert tables  # registers the models
HEAD = "0007"  # the newest migration; a database that has it needs no look at the scripts


def migrate(database: Database) -> None:
    """Upgrade if needed, one process at a time; a database of a newer version is refused."""
    if revision(database) == HEAD:
        return
    with _alone(database.path):
        now = revision(database)
        if now is None:
            _create(database)
        elif now != HEAD:
            _upgrade(database, now)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = path.with_name(f".{path.name}.migrate.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        hand_over(lock)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _create(database: Database) -> None:
    """All tables as they are today: what the migrations end at."""
    with database.write() as connection:
        if sa.inspect(connection).get_table_names():
            raise SyncerError(f"{database.path} is a database of something else")
        SQLModel.metadata.create_all(connection)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
            " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _upgrade(database: Database, now: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    with as_file(files("syncer.store").joinpath("migrations")) as folder:
        alembic = Config()
        alembic.set_main_option("script_location", str(folder))
        scripts = ScriptDirectory.from_config(alembic)
        if now not in {s.revision for s in scripts.walk_revisions()}:
            raise SyncerError(
                f"the database {database.path} was written by a newer Syncer; upgrade Syncer"
            )
        copy_to(database, database.path.with_name(f"pre-migrate-{now}.db"))
        alembic.attributes["database"] = database
        command.upgrade(alembic, "head")
        database.close()  # its connections ran without foreign keys; new ones are made as needed


def revision(database: Database) -> str | None:
    """The newest migration that a database has; None before the first."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)
