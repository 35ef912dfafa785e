"""SQLite: one file on a disk of this machine, plain or encrypted by SQLCipher."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from config.errors import ConfigError, SyncerError
from syncer.store.place import hand_over, make_private, put_in_place, refuse_network

RESTORE = "restore a backup: syncer restore"


@dataclass(frozen=True, slots=True)
class Driver:
    """Python's SQLite, or SQLCipher with the key of its files."""

    module: Any = sqlite3
    key: str | None = field(default=None, repr=False)

    def connect(self, place: Path | str, **options: Any) -> Any:
        connection = self.module.connect(place, **options)
        self.unlock(connection)
        return connection

    def unlock(self, connection: Any) -> None:
        if self.key is not None:
            quoted = self.key.replace("'", "''")
            connection.execute(f"PRAGMA key = '{quoted}'")


def driver_for(key: str | None) -> Driver:
    """Of a plain file without a key. Raises ConfigError if SQLCipher is not installed."""
    if key is None:
        return Driver()
    try:
        from sqlcipher3 import dbapi2
    except ImportError:
        raise ConfigError(
            "[database] encrypted needs SQLCipher: install taxlot-syncer[encrypted]"
        ) from None
    return Driver(dbapi2, key)


class Damaged(Exception):
    """A copy did not pass its check."""


def check_whole(copy: Any) -> None:
    """Raises Damaged; it reads all of a connection's file."""
    (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok" or copy.execute("PRAGMA foreign_key_check").fetchone():
        raise Damaged(f"the copy is damaged: {verdict}")


class SqliteFile:
    """One file, its log beside it, and lock files with a dot before their names."""

    def __init__(self, path: Path, driver: Driver | None = None) -> None:
        self.path, self.driver = path, driver or Driver()
        self._prepare()
        self.writer = self._engine("BEGIN IMMEDIATE")
        self.reader = self._engine("BEGIN", "query_only=ON")

    @property
    def name(self) -> str:
        return str(self.path)

    def failure(self, error: sa.exc.DBAPIError) -> SyncerError:
        if self.driver.key is not None and "not a database" in str(error.orig):
            return ConfigError(f"the key of {self.path} is another, or the file is not encrypted")
        if isinstance(error, sa.exc.OperationalError):
            return SyncerError(f"the database {self.path} cannot be used: {error.orig}")
        encrypted = " or encrypted" if "not a database" in str(error.orig) else ""
        return SyncerError(
            f"the database {self.path} is damaged{encrypted}: {error.orig}; {RESTORE}"
        )

    def check(self) -> None:
        with self.reader.begin() as connection:
            verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if verdict != "ok":
            raise SyncerError(f"the database {self.path} is damaged: {verdict}; {RESTORE}")

    def can_write(self, connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA user_version")

    def size(self) -> int:
        return self.path.stat().st_size

    def lock(self, name: str, shared: bool) -> FileLock:
        return FileLock(lock_file(self.path, name), shared)

    def keep_copy(self, revision: str) -> str:
        copy = self.path.with_name(f"pre-migrate-{revision}.db")
        return str(copy_file(self, copy))

    def _prepare(self) -> None:
        """The folder exists, and the file is private from its first byte."""
        refuse_network(self.path)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
                hand_over(self.path)
        except OSError as error:
            raise ConfigError(
                f"the database cannot be made: {self.path}: {error.strerror}"
            ) from None

    def _engine(self, begin: str, *pragmas: str) -> Engine:
        url = URL.create("sqlite", database=str(self.path))
        engine = sa.create_engine(url, module=self.driver.module)

        @sa.event.listens_for(engine, "connect")
        def _on_connect(dbapi: Any, _record: Any) -> None:
            dbapi.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
            self.driver.unlock(dbapi)
            for pragma in (
                "busy_timeout=30000",
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "temp_store=MEMORY",
                "trusted_schema=OFF",
                *pragmas,
            ):
                _set(dbapi, pragma)

        @sa.event.listens_for(engine, "begin")
        def _on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine


def copy_file(source: SqliteFile, target: Path) -> Path:
    """By the online backup, also while it is in use; an encrypted file gives an encrypted copy with
    the same key. Raises SyncerError as `made` does."""
    with made(target, source.driver) as partial:
        old, copy = source.driver.connect(source.path), source.driver.connect(partial)
        try:
            old.backup(copy)
        finally:
            old.close()
            copy.close()
    return target


@contextlib.contextmanager
def made(target: Path, driver: Driver) -> Iterator[Path]:
    """A file to fill, which becomes `target` if it passes its check. Raises SyncerError if it does
    not; then an older file at `target` stays."""
    partial = target.with_name(target.name + ".partial")
    try:
        make_private(partial)
        yield partial
        with contextlib.closing(driver.connect(partial)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
            check_whole(copy)
        put_in_place(partial, target)
    except (OSError, driver.module.Error, SyncerError, Damaged) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise SyncerError(f"the backup {target} could not be written: {error}") from error


def _set(dbapi: Any, pragma: str) -> None:
    """Set a pragma. SQLite does not wait when two processes turn a new file to WAL at once."""
    end = time.monotonic() + 30
    while True:
        try:
            dbapi.execute(f"PRAGMA {pragma}")
            return
        except Exception as error:  # of whichever driver
            if "locked" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(0.05)


# ---- locks


def lock_file(database: Path, name: str) -> Path:
    """Beside the database."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return database.with_name(f".{database.name}.{plain}.lock")


class FileLock:
    """flock: it goes with the process, and lies with the data."""

    def __init__(self, path: Path, shared: bool) -> None:
        self._path, self._handle = path, -1
        self._how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX

    def taken(self) -> bool:
        if self._handle < 0:
            self._handle = self._opened()
        try:
            fcntl.flock(self._handle, self._how | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _opened(self) -> int:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            hand_over(self._path)
            return handle
        except OSError as error:
            raise SyncerError(
                f"the lock file {self._path} cannot be opened: {error.strerror}"
            ) from None
