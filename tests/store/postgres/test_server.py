"""What only PostgreSQL has: a server that may be away, locks of connections, passwords, TLS."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from config.errors import ConfigError, SyncerError, TransientError
from syncer.ingest.lock import is_running, single_instance, source_lock
from syncer.store import postgres
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.postgres import PostgresDatabase
from tests.conftest import Run
from tests.databases import Server

pytestmark = pytest.mark.files_of_sqlite("what is a file here stays one")


# ---- what it keeps


def test_numbers_are_numeric_and_texts_sort_by_code_points(database: Database) -> None:
    query = """SELECT table_name, column_name, data_type, collation_name
        FROM information_schema.columns WHERE table_schema = 'public'"""
    with database.read() as connection:
        found = {(t, c): (k, o) for t, c, k, o in connection.exec_driver_sql(query)}
    del found["alembic_version", "version_num"]
    assert found["lot", "basis_usd"] == ("numeric", None)
    assert found["raw_record", "id"] == ("bigint", None)
    assert {order for kind, order in found.values() if kind == "text"} == {"C"}


def test_a_commit_is_on_the_disk_even_where_the_server_would_not_wait(
    database: Database, server: Server
) -> None:
    with server.admin() as connection:
        name = database.name.split()[0]
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")  # type: ignore[arg-type]
    database.close()
    with database.write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


# ---- what is refused


def test_a_password_in_the_url_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="must not hold the password") as told:
        Database("postgresql://me:SANDBOXKEY-hush@localhost/x")
    assert "hush" not in str(told.value)


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SyncerError, match=r"x of PostgreSQL on .* cannot be used: .*No such file"):
        migrate(Database(f"postgresql:///x?host={tmp_path}"))


def test_a_database_in_another_encoding_is_refused(server: Server) -> None:
    latin = Database(server.url("latin", "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"))
    with pytest.raises(ConfigError, match="must be in UTF8, not LATIN1"):
        latin.check()
    latin.close()
    server.drop("latin")


def test_a_server_that_only_reads_says_so(database: Database, server: Server) -> None:
    database.can_write()
    with server.admin() as connection:
        name = database.name.split()[0]
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")  # type: ignore[arg-type]
    database.close()
    with pytest.raises(SyncerError, match="cannot be written: the server only reads"):
        database.can_write()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://db.example/x", {"sslmode": "verify-full", "sslrootcert": "/trusted"}),
        ("postgresql://db.example/x?sslrootcert=/mine",
         {"sslmode": "verify-full", "sslrootcert": "/mine"}),
        ("postgresql://db.example/x?sslmode=require", {"sslmode": "require"}),
        ("postgresql://localhost/x", {}),
        ("postgresql:///x", {}),
        ("postgresql:///x?host=/tmp,db.example",
         {"host": "/tmp,db.example", "sslmode": "verify-full", "sslrootcert": "/trusted"}),
        ("postgresql://localhost/x?hostaddr=10.1.2.3",
         {"hostaddr": "10.1.2.3", "sslmode": "verify-full", "sslrootcert": "/trusted"}),
        ("postgresql:///x?service=prod",
         {"service": "prod", "sslmode": "verify-full", "sslrootcert": "/trusted"}),
        ("postgresql:///x?host=/run/postgresql", {"host": "/run/postgresql"}),
        ("postgresql:///x?host=db.example", {"host": "db.example", "sslmode": "verify-full",
                                             "sslrootcert": "/trusted"}),
    ],
)  # fmt: skip
def test_the_certificate_of_another_machine_is_checked(
    url: str, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_authorities", lambda: "/trusted")
    made = PostgresDatabase(make_url(url), None)
    assert dict(made._url.query) == told


def test_the_environment_may_name_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_authorities", lambda: "/trusted")
    monkeypatch.setenv("PGHOST", "db.example")
    made = PostgresDatabase(make_url("postgresql:///x"), None)
    assert made._url.query["sslmode"] == "verify-full"


@pytest.mark.parametrize("secret", ["password", "sslpassword"])
def test_a_password_among_the_options_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="must not hold the password"):
        Database(f"postgresql://localhost/x?{secret}=SANDBOXKEY-hush")


def test_a_port_that_is_none_is_refused_and_one_that_is_one_is_named() -> None:
    with pytest.raises(ConfigError, match="url must be"):
        Database("postgresql://localhost:nope/x")
    names = {Database(f"postgresql://localhost:{port}/x").name for port in (5432, 5433)}
    assert names == {f"x of PostgreSQL on localhost:{port}" for port in (5432, 5433)}


def test_options_of_the_url_hold_beside_ours(url: str) -> None:
    made = Database(f"{url}&options=-csearch_path%3Dmine")
    with made.read() as connection:
        shown = [
            connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("search_path", "statement_timeout", "lock_timeout")
        ]
    made.close()
    assert shown == ["mine", "0", "30s"]


def test_times_of_the_server_do_not_end_what_waits(database: Database, server: Server) -> None:
    name = database.name.split()[0]
    with server.admin() as connection:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"ALTER DATABASE {name} SET {setting} = '100ms'")  # type: ignore[arg-type]
    database.close()
    reader = database.snapshot()
    reader.exec_driver_sql("SELECT pg_sleep(0.2)")
    time.sleep(0.3)
    reader.exec_driver_sql("SELECT 1")
    reader.close()


# ---- locks


def test_one_service_at_a_time(database: Database, other: Database) -> None:
    assert not is_running(other)
    with single_instance(database):
        assert is_running(other)
        with (
            pytest.raises(SyncerError, match=r"a service runs on .* already"),
            single_instance(other),
        ):
            pass
    assert not is_running(other)


def test_a_lock_that_the_server_let_go_is_taken_again_unless_another_has_it(
    database: Database, other: Database, server: Server
) -> None:
    first, second = database.lock("service"), other.lock("service")
    assert first.taken()
    _end_sessions(server)
    assert first.taken()
    _end_sessions(server)
    assert second.taken()
    assert not first.taken()
    second.release()
    assert first.taken()
    first.release()


def _end_sessions(server: Server) -> None:
    """As a restart of the server does."""
    with server.admin() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def test_a_lock_is_looked_at_from_several_threads(database: Database, server: Server) -> None:
    lock, seen = database.lock("service"), list[bool]()

    def look() -> None:
        seen.extend(lock.taken() for _ in range(50))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    _end_sessions(server)
    for thread in threads:
        thread.join()
    assert seen == [True] * 200
    lock.release()


def test_a_pull_waits_for_another_of_the_same_source(database: Database) -> None:
    async def both() -> None:
        async with source_lock(database, "k"):
            with pytest.raises(TransientError, match="another syncer is still pulling k"):
                async with source_lock(database, "k", patience=0.2):
                    pass
            async with source_lock(database, "k2", patience=0.2):
                pass

    asyncio.run(both())


def test_writers_wait_for_each_other_and_not_for_ever(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_SESSION", postgres._SESSION.replace("30s", "300ms"))
    hasty = Database(url)
    with database.write(), pytest.raises(SyncerError, match=r"cannot be used: .*lock timeout"):
        hasty.can_write()
    hasty.can_write()
    hasty.close()


def test_a_reader_keeps_its_moment_while_others_write(database: Database) -> None:
    rows = sa.text("SELECT count(*) FROM cursor")
    reader = database.snapshot()
    assert reader.scalar(rows) == 0
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO cursor VALUES ('s', 't', '0', 'x')")
    assert reader.scalar(rows) == 0
    reader.close()
    with database.read() as connection:
        assert connection.scalar(rows) == 1


def test_after_a_restart_of_the_server_the_next_transaction_works(
    database: Database, server: Server
) -> None:
    database.can_write()
    _end_sessions(server)
    database.can_write()
    with pytest.raises(SyncerError, match="cannot be used"):
        _write_through_a_restart(database, server)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM cursor").scalar_one() == 0


def _write_through_a_restart(database: Database, server: Server) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO cursor VALUES ('s', 't', '0', 'x')")
        _end_sessions(server)
        connection.exec_driver_sql("INSERT INTO cursor VALUES ('s', 'u', '0', 'x')")


def test_doctor_and_bundle_and_check_name_the_server(run: Run, books: Path) -> None:
    found = run("doctor", "--offline", "--json", config=books).json["doctor"]["findings"]
    told = {f["what"]: f["sentence"] for f in found}
    assert "of PostgreSQL on" in told["database"]
    assert "for backups of a database of" in told["disk"]
    assert "of PostgreSQL on" in run("check", config=books).out
