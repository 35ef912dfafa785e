"""Columns keep what they are given; one writer; migrations and copies."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel

from config.errors import ConfigError, SyncerError
from connectors.files import journal
from connectors.records import Page, RawRecord
from syncer.store import records, schema
from syncer.store.backup import copy_to
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.types import ExactDecimal, UtcTime
from tests.conftest import Run
from tests.store.books import bring_to, schema_of

pytestmark = pytest.mark.both_engines
NOW = datetime(2025, 1, 1, tzinfo=UTC)
SQLITE = sa.create_engine("sqlite://").dialect


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(made)
    return made


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_come_back_as_they_went_in(number: Decimal) -> None:
    kind = ExactDecimal()
    stored = kind.process_bind_param(number, SQLITE)
    assert kind.process_result_value(stored, SQLITE) == number
    assert "E" not in stored


@pytest.mark.parametrize("bad", [0.1, 1, "1", Decimal("NaN"), Decimal("Infinity")])
def test_exact_column_refuses_what_it_cannot_keep(bad: object) -> None:
    with pytest.raises(TypeError, match="an exact column takes a finite Decimal"):
        ExactDecimal().process_bind_param(bad, SQLITE)


def test_time_column_refuses_naive_times_and_sorts_as_text() -> None:
    kind = UtcTime()
    with pytest.raises(TypeError, match="a time column takes an aware datetime"):
        kind.process_bind_param(datetime(2025, 1, 1), SQLITE)  # noqa: DTZ001
    early = kind.process_bind_param(datetime(2025, 1, 1, tzinfo=UTC), SQLITE)
    late = kind.process_bind_param(datetime(2025, 1, 1, microsecond=1, tzinfo=UTC), SQLITE)
    assert early is not None
    assert late is not None
    assert early < late


def test_models_and_migrations_agree(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


@pytest.mark.files_of_sqlite("PostgreSQL begins at schema 0007")
def test_a_new_database_is_what_the_migrations_end_at(database: Database, tmp_path: Path) -> None:
    old = Database(f"sqlite:///{tmp_path / 'old.db'}")
    bring_to(old, "0001")
    migrate(old)
    assert schema_of(old) == schema_of(database)
    assert len(schema_of(old)) > 20


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    with other.write() as connection:
        connection.exec_driver_sql("CREATE TABLE songs (title TEXT)")
    with pytest.raises(SyncerError, match="is a database of something else"):
        migrate(other)


def test_newer_database_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SyncerError, match="written by a newer Syncer; upgrade Syncer"):
        migrate(database)


def test_checked_enums_are_checked(database: Database) -> None:
    insert = (
        "INSERT INTO alert (key, state, readings, since, fired, loss_usd, told_usd)"
        " VALUES ('k', 'shouting', 0, 'x', 0, '1', '0')"
    )
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.exec_driver_sql(insert)


def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(SyncerError, match=r"read-?only"), database.read() as connection:
        connection.exec_driver_sql("DELETE FROM cursor")


def test_writers_do_not_lose_updates(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO cursor VALUES ('s', 't', '0', 'x')")

    def work() -> None:
        for _ in range(25):
            with database.write() as connection:
                value = connection.exec_driver_sql("SELECT cursor FROM cursor").scalar_one()
                update = sa.text("UPDATE cursor SET cursor = :next")
                connection.execute(update, {"next": str(int(value) + 1)})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT cursor FROM cursor").scalar_one() == "100"


def _page(body: str, cursor: str) -> Page:
    return Page("rows", (RawRecord("s", "rows", "1", NOW, body),), cursor)


def test_same_record_is_no_row_and_a_changed_one_a_revision(database: Database) -> None:
    with database.write() as connection:
        assert records.write_page(connection, "s", _page("pending", "c1"), NOW) == 1
        assert records.write_page(connection, "s", _page("pending", "c2"), NOW) == 0
        assert records.write_page(connection, "s", _page("done", "c3"), NOW) == 1
    with database.read() as connection:
        assert [r.body for r in records.latest(connection, "s")] == ["done"]
        assert records.cursors(connection, "s") == {"rows": "c3"}
        assert records.counts(connection) == {"s": 1}


def test_page_and_cursor_go_in_together_or_not_at_all(database: Database) -> None:
    def killed() -> None:
        with database.write() as connection:
            records.write_page(connection, "s", _page("row", "c1"), NOW)
            raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        killed()
    with database.read() as connection:
        assert list(records.latest(connection)) == []
        assert records.cursors(connection, "s") == {}


def test_copy_is_whole_and_private(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        records.write_page(connection, "s", _page("row", "c1"), NOW)
    target = copy_to(database, tmp_path / "b" / "copy.db")
    assert target.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT body FROM raw_record").fetchall() == [("row",)]
    assert [p.name for p in target.parent.iterdir()] == ["copy.db"]


def test_copy_that_cannot_be_written_is_said(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SyncerError, match=r"the backup .* could not be written"):
        copy_to(database, tmp_path / "file" / "copy.db")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://x/y", "postgresql://x", "nothing"])
def test_other_engines_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="must be sqlite:///"):
        Database(url)


def test_backup_command_restores_by_hand(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "j.csv").write_text(
        "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
        "2025-01-02T10:00:00Z,buy,w,USD,100,BTC,0.001\n"
    )
    run("import", str(tmp_path / "j.csv"), config=config)
    before = run("rebuild", "--json", config=config).json["rebuild"]["digest"]
    made = Path(run("backup", "--json", config=config).json["backup"]["file"])
    for old in tmp_path.glob("syncer.db*"):
        old.unlink()
    made.rename(tmp_path / "syncer.db")
    done = run("rebuild", "--check", "--json", config=config).json["rebuild"]
    assert done == {"digest": before, "unchanged": True}


@pytest.mark.files_of_sqlite("PostgreSQL begins at schema 0007")
def test_books_of_the_first_schema_are_there_again_after_migrating(run: Run, config: Path) -> None:
    made = Database(f"sqlite:///{config.parent / 'syncer.db'}")
    bring_to(made, "0001")
    text = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
    text += "2025-01-02T12:00:00Z,buy,a,USD,10,BTC,2\n2025-03-02T12:00:00Z,sell,a,BTC,1,USD,9\n"
    found, _ = journal.read(text)
    at = "2025-01-02T12:00:00.000000+00:00"
    with sqlite3.connect(config.parent / "syncer.db") as connection:
        for one in found:
            row = (one.source, one.stream, one.native_id, 1, at, one.body, at)
            names = "source, stream, native_id, revision, happened_at, body, fetched_at"
            connection.execute(f"INSERT INTO raw_record ({names}) VALUES (?,?,?,?,?,?,?)", row)
        connection.executescript(f"""
            INSERT INTO event VALUES ('e1', '{at}', 'buy', 'r', '', 'sure', NULL, NULL, NULL, '[]',
                '[]', NULL, 0);
            INSERT INTO leg VALUES ('e1', 0, 'a', 'BTC', '2', 'principal', '10', NULL);
            INSERT INTO lot VALUES (0, 'l1', 'a', 'a', 'BTC', '1', '5', NULL, NULL, '{at}', 0,
                'held', 'e1');
            INSERT INTO disposal VALUES ('e2.1', 'e2', 'a', 'a', 'BTC', '1', '{at}', '{at}', '9',
                '0', '5', '4', 'short', 'l1', NULL, 'sale', 'none', 0, '[]');
        """)
    connection.close()
    (lot,) = run("lots", "--json", config=config).json["lots"]
    assert (lot["quantity"], lot["basis_usd"]) == ("1", "5.00")
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert row["gain_usd"] == "4.00"
    assert (config.parent / "pre-migrate-0001.db").exists()


def test_the_newest_migration_is_the_one_that_the_program_looks_for() -> None:
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    assert max(p.name[:4] for p in folder.glob("0*.py")) == schema.HEAD
