"""Opens the database: one writer with BEGIN IMMEDIATE, readers that cannot write."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from config.errors import ConfigError, SyncerError
from syncer.store.place import hand_over, refuse_network


class Database:
    """One database by URL. `write()` and `read()` give connections inside a transaction."""

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self.path = Path(self.url.database or "")
        self._prepare_file()
        self._writer = _engine(url, "BEGIN IMMEDIATE")
        self._reader = _engine(url, "BEGIN", "query_only=ON")

    def _prepare_file(self) -> None:
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

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; all of it or nothing."""
        with _told(self.path), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot that cannot change anything."""
        with _told(self.path), self._reader.connect() as connection, connection.begin():
            yield connection

    def snapshot(self) -> Connection:
        """A reading connection whose moment stays as long as it is kept; it goes back by itself
        when nobody keeps it."""
        with _told(self.path):
            connection = self._reader.connect()
            connection.begin()
            return connection

    def can_write(self) -> None:
        """Raises SyncerError if nothing can be written now."""
        with self.write() as connection:
            connection.exec_driver_sql("PRAGMA user_version")

    def check(self) -> None:
        """Raises SyncerError if the file is damaged; it reads all of it."""
        with self.read() as connection:
            verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if verdict != "ok":
            raise SyncerError(
                f"the database {self.path} is damaged: {verdict}; restore a backup: syncer restore"
            )

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations."""
        return self._writer

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername != "sqlite" or parsed.host or not parsed.database:
        raise ConfigError(
            "[database] url must be sqlite:/// and a file name; no other engine is supported yet"
        )
    return parsed


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sa.exc.OperationalError as error:
        raise SyncerError(f"the database {path} cannot be used: {error.orig}") from error
    except sa.exc.DatabaseError as error:
        if isinstance(error, sa.exc.IntegrityError):
            raise
        raise SyncerError(
            f"the database {path} is damaged: {error.orig}; restore a backup: syncer restore"
        ) from error


def _set(dbapi: Any, pragma: str) -> None:
    """Set a pragma. SQLite does not wait when two processes turn a new file to WAL at once."""
    end = time.monotonic() + 30
    while True:
        try:
            dbapi.execute(f"PRAGMA {pragma}")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(0.05)


def _engine(url: str, begin: str, *pragmas: str) -> Engine:
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def _on_connect(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
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
