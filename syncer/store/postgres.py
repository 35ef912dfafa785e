"""PostgreSQL: a database of a server, on this machine or another one."""

from __future__ import annotations

import os
import ssl
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from config.errors import ConfigError, SyncerError

LOCAL = ("", "localhost", "127.0.0.1", "::1")
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
OLDEST = 13  # of the server; older ones get no mends any more
PATIENCE = "30s"  # for the write lock, as with SQLite
WRITER = "writer"
# what the server must keep once it said so; what no session waits for longer, and what it may wait
# for whatever the server's default is; and when the server lets go of a machine that is gone
_SESSION = (
    f"-c synchronous_commit=on -c lock_timeout={PATIENCE} -c statement_timeout=0 "
    "-c idle_in_transaction_session_timeout=0 "
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
# when we give up a server that is gone, seconds, and unanswered bytes in milliseconds
_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "syncer",
}
_SECRETS = ("password", "sslpassword")


class PostgresDatabase:
    """Advisory locks stand for the write lock and the lock files; they go with their connection.

    Writing transactions exclude each other, so that row numbers grow as rows are seen.
    """

    def __init__(self, url: URL, password: str | None) -> None:
        if url.password is not None or any(name in url.query for name in _SECRETS):
            raise ConfigError(
                "[database] url must not hold the password: put it into a file that only you can "
                "read, and name that as password_file"
            )
        try:
            import psycopg
        except ImportError:
            raise ConfigError(
                "[database] url is PostgreSQL's: install taxlot-syncer[postgresql]"
            ) from None
        assert psycopg
        self._url = _complete(url)
        self._password = {} if password is None else {"password": password}
        self.writer = self._engine(isolation_level="READ COMMITTED")
        self.reader = self._engine(isolation_level="REPEATABLE READ").execution_options(
            postgresql_readonly=True
        )
        self._locks = self._engine(isolation_level="AUTOCOMMIT", poolclass=NullPool)
        sa.event.listen(self.writer, "begin", _exclude_others)

    @property
    def name(self) -> str:
        told = self._url.query.get("host") or self._url.query.get("hostaddr")
        where = self._url.host or told or "this machine"
        port = self._url.port or self._url.query.get("port")
        return f"{self._url.database} of PostgreSQL on {where}{f':{port}' if port else ''}"

    def failure(self, error: sa.exc.DBAPIError) -> SyncerError:
        told = " ".join(str(error.orig).splitlines()[:1]) or type(error.orig).__name__
        return SyncerError(f"the database {self.name} cannot be used: {told}")

    def check(self) -> None:
        with self.reader.begin() as connection:
            version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if version < OLDEST * 10_000:
            raise ConfigError(f"PostgreSQL must be of version {OLDEST} or newer: {version}")
        if encoding != "UTF8":
            raise ConfigError(f"the database {self.name} must be in UTF8, not {encoding}")

    def can_write(self, connection: Connection) -> None:
        if connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on":
            raise SyncerError(f"the database {self.name} cannot be written: the server only reads")

    def size(self) -> int:
        with self.reader.begin() as connection:
            query = "SELECT pg_database_size(current_database())"
            return int(connection.exec_driver_sql(query).scalar_one())

    def lock(self, name: str, shared: bool) -> AdvisoryLock:
        return AdvisoryLock(self, self._locks, name, shared)

    def keep_copy(self, revision: str) -> str:
        """As a schema beside the one in use."""
        kept = f"pre_migrate_{revision}"
        with self.writer.begin() as connection:
            tables = sa.inspect(connection).get_table_names()
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{kept}" CASCADE')
            connection.exec_driver_sql(f'CREATE SCHEMA "{kept}"')
            for table in tables:  # rows alone: nothing of them holds on to what is migrated
                copy = f'CREATE TABLE "{kept}"."{table}" AS TABLE "{table}"'
                connection.exec_driver_sql(copy)
        return f"schema {kept}"

    def _engine(self, **options: Any) -> Engine:
        own = self._url.query.get("options", "")
        connect = {**_CONNECTION, "options": f"{_SESSION} {own}", **self._password}
        url = self._url.difference_update_query(["options"])
        return sa.create_engine(url, connect_args=connect, pool_pre_ping=True, **options)


def _complete(url: URL) -> URL:
    """With psycopg, and with the server's certificate and name checked where it is not this
    machine's and the person did not say otherwise."""
    url = url.set(drivername="postgresql+psycopg")
    if "sslmode" in url.query or _is_here(url):
        return url
    trusted = {} if "sslrootcert" in url.query else {"sslrootcert": _authorities()}
    return url.update_query_dict({"sslmode": "verify-full", **trusted})


def _is_here(url: URL) -> bool:
    """Whether it can be this machine's server alone. The environment may name another."""
    if any(name in url.query for name in ("hostaddr", "service")):
        return False
    told = url.query.get("host", ())
    hosts = [url.host or "", *(told.split(",") if isinstance(told, str) else told)]
    if any(hosts):
        return all(h in LOCAL or h.startswith("/") for h in hosts)
    return not any(os.environ.get(name) for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE"))


def _authorities() -> str:
    """The file of those that this system trusts: the library that comes with psycopg looks for it
    where no system has it."""
    told = ssl.get_default_verify_paths().cafile
    found = next((p for p in (told, *BUNDLES) if p and Path(p).is_file()), None)
    if found is None:
        raise ConfigError(
            "this system has no file of certificates to trust: name one in [database] url with "
            "?sslrootcert=FILE"
        )
    return found


def _key(name: str) -> int:
    """The number that an advisory lock has; locks are of one database."""
    return int.from_bytes(sha256(f"syncer {name}".encode()).digest()[:8], signed=True)


def _exclude_others(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_key(WRITER)})")


class AdvisoryLock:
    """Held by a connection of its own; taken again if that was lost and nobody else took it."""

    def __init__(self, database: PostgresDatabase, engine: Engine, name: str, shared: bool) -> None:
        self._database, self._engine = database, engine
        how = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        self._query = f"SELECT {how}({_key(name)})"
        self._session: Connection | None = None
        self._one_at_a_time = threading.Lock()
        self._held = False

    def taken(self) -> bool:
        with self._one_at_a_time:  # jobs look as well as the beat, each in a thread of its own
            return self._still_held() or self._take()

    def release(self) -> None:
        with self._one_at_a_time:
            self._let_go()

    def _let_go(self) -> None:
        self._held = False
        if self._session is not None:
            with suppress(sa.exc.DBAPIError):
                self._session.close()  # and with it the lock
            self._session = None

    def _still_held(self) -> bool:
        if not self._held or self._session is None:
            return False
        try:
            self._session.exec_driver_sql("SELECT 1")
            return True
        except sa.exc.DBAPIError:
            self._let_go()
            return False

    def _take(self, again: bool = True) -> bool:
        """In one session, however often it is tried; in another if the server ended it now."""
        try:
            self._session = self._session or self._engine.connect()
            self._held = bool(self._session.exec_driver_sql(self._query).scalar_one())
        except sa.exc.DBAPIError as error:
            self._let_go()
            if again and error.connection_invalidated:
                return self._take(again=False)
            raise self._database.failure(error) from error
        return self._held
