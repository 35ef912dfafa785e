"""Opens the database: one writer, readers that cannot write; a file of SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from config.errors import ConfigError
from syncer.store.backend import Backend, Lock
from syncer.store.postgres import PostgresDatabase
from syncer.store.sqlite import SqliteFile, driver_for


class Database:
    """One database by URL. `write()` and `read()` give connections inside a transaction.

    `password` is PostgreSQL's, or the key of an encrypted file.
    """

    def __init__(self, url: str, password: str | None = None, encrypted: bool = False) -> None:
        self._begin(_backend(url, password, encrypted))

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Of a plain file, whatever its name has in it."""
        made = cls.__new__(cls)
        made._begin(SqliteFile(path))
        return made

    def _begin(self, backend: Backend) -> None:
        self.backend = backend
        self._snapshots: WeakSet[Connection] = WeakSet()
        self._locks: WeakSet[Lock] = WeakSet()

    @property
    def name(self) -> str:
        """For sentences; without a password."""
        return self.backend.name

    @property
    def file(self) -> SqliteFile | None:
        """The file, if it is one."""
        return self.backend if isinstance(self.backend, SqliteFile) else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; all of it or nothing."""
        with self.told(), self.backend.writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot that cannot change anything."""
        with self.told(), self.backend.reader.connect() as connection, connection.begin():
            yield connection

    def snapshot(self) -> Connection:
        """A reading connection whose moment stays as long as it is kept; it goes back by itself
        when nobody keeps it."""
        with self.told():
            connection = self.backend.reader.connect()
            connection.begin()
            self._snapshots.add(connection)
            return connection

    def can_write(self) -> None:
        """Raises SyncerError if nothing can be written now."""
        with self.write() as connection:
            self.backend.can_write(connection)

    def check(self) -> None:
        """Raises SyncerError if it is damaged; of a file it reads all."""
        with self.told():
            self.backend.check()

    def size(self) -> int:
        """Bytes on the disk."""
        with self.told():
            return self.backend.size()

    def lock(self, name: str, shared: bool = False) -> Lock:
        """Something that one process has at a time; or several, if all of them share it."""
        made = self.backend.lock(name, shared)
        self._locks.add(made)
        return made

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations."""
        return self.backend.writer

    def close(self) -> None:
        """With all moments that are still kept, and all locks."""
        for connection in list(self._snapshots):
            connection.close()
        for lock in list(self._locks):
            lock.release()
        self.backend.writer.dispose()
        self.backend.reader.dispose()

    @contextmanager
    def told(self) -> Iterator[None]:
        """What the engine complains of becomes one sentence of ours."""
        try:
            yield
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DBAPIError as error:
            raise self.backend.failure(error) from error


def _backend(url: str, password: str | None, encrypted: bool) -> Backend:
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        return SqliteFile(Path(parsed.database or ""), driver_for(password if encrypted else None))
    if encrypted:
        raise ConfigError("[database] encrypted is of files; PostgreSQL's disk is the server's")
    return PostgresDatabase(parsed, password)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        parsed = None
    if parsed is not None and parsed.database:
        if parsed.drivername == "sqlite" and not parsed.host:
            return parsed
        if parsed.drivername in ("postgresql", "postgresql+psycopg"):
            return parsed
    raise ConfigError(
        "[database] url must be sqlite:/// and a file name, or postgresql:// with host and database"
    )
