"""Backups of a server, restores into it, and moves between it and a file, all proved."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from config.errors import SyncerError
from connectors.records import RawRecord
from syncer.ingest.lock import single_instance
from syncer.store import copying
from syncer.store.backup import copy_to
from syncer.store.copying import copy_rows
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.records import write_records
from tests.conftest import Run
from tests.store.books import BUY, LATER, digest, schema_of, take
from tests.store.postgres.conftest import NOW

pytestmark = pytest.mark.files_of_sqlite("what is a file here stays one")


def test_a_restore_that_ends_half_way_leaves_the_numbers_of_rows(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = Database(f"sqlite:///{tmp_path / 'old.db'}")
    migrate(backup)
    for one, count in ((database, 30), (backup, 10)):
        with one.write() as connection:
            assert write_records(connection, _some(0, count), NOW) == count
    real = copying._go_on_counting

    def ends(table: sa.Table, connection: Connection) -> None:
        real(table, connection)
        if table.name == "raw_record":
            raise SyncerError("half way")

    monkeypatch.setattr(copying, "_go_on_counting", ends)
    with pytest.raises(SyncerError, match="half way"):
        copy_rows(backup, database, replace=True)
    with database.write() as connection:
        assert write_records(connection, _some(30, 5), NOW) == 5
        assert connection.exec_driver_sql("SELECT max(id) FROM raw_record").scalar_one() >= 35
    backup.close()


def _some(start: int, count: int) -> list[RawRecord]:
    return [RawRecord("s", "t", f"id{n}", NOW, "{}") for n in range(start, start + count)]


def test_the_nightly_copy_is_a_file_of_sqlite_that_is_whole(
    run: Run, books: Path, tmp_path: Path
) -> None:
    made = Path(run("backup", "--json", config=books).json["backup"]["file"])
    assert made.parent == tmp_path / "backups"
    assert made.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in made.parent.iterdir()] == [made.name]
    plain = tmp_path / "other" / "syncer.toml"
    plain.parent.mkdir()
    plain.write_text(f'[prices]\nsources = []\n[database]\nurl = "sqlite:///{made}"\n')
    assert digest(run, plain) == digest(run, books)


def test_a_restore_gives_the_books_of_the_backup_and_keeps_those_of_now(
    run: Run, books: Path
) -> None:
    then = digest(run, books)
    made = run("backup", "--json", config=books).json["backup"]["file"]
    take(run, books, LATER)
    later = digest(run, books)
    told = run("restore", made, "--json", config=books).json["restore"]
    assert (told["digest"], told["unchanged"]) == (then, True)
    assert sorted(p.name for p in Path(made).parent.iterdir()) == sorted(
        [Path(made).name, Path(told["kept_as"]).name]
    )
    again = run("restore", told["kept_as"], "--json", config=books).json["restore"]
    assert again["digest"] == later


def test_a_restore_that_fails_changes_nothing(run: Run, books: Path, tmp_path: Path) -> None:
    before = digest(run, books)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    done = run("restore", str(tmp_path / "other.db"), config=books)
    assert done.code == 1
    assert "it is no database of Syncer" in done.err
    assert digest(run, books) == before


def test_a_move_to_postgresql_and_back_is_proved(
    run: Run, config: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCER_NOW", NOW.isoformat())
    take(run, config, BUY)
    before = digest(run, config)
    there = run("db", "copy", url, "--json", config=config)
    assert there.code == 0
    told = there.json["copy"]
    assert (told["digest"], told["unchanged"], told["rows"]["raw_record"]) == (before, True, 1)
    again = run("db", "copy", url, config=config)
    assert again.code == 1
    assert "is not empty; nothing was copied" in again.err
    moved = tmp_path / "moved.toml"
    moved.write_text(f'{config.read_text()}\n[database]\nurl = "{url}"\n')
    take(run, moved, LATER)  # rows go on being counted where they were
    back = run("db", "copy", f"sqlite:///{tmp_path / 'back.db'}", "--json", config=moved)
    assert back.json["copy"]["unchanged"] is True
    assert back.json["copy"]["rows"]["raw_record"] == 2


def test_nothing_is_moved_under_a_service(run: Run, books: Path, url: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    running = Database(url)
    with single_instance(running):
        done = run("db", "copy", target, config=books)
    running.close()
    assert done.code == 1
    assert "a service runs on" in done.err


def test_a_copy_that_does_not_come_back_the_same_is_refused(
    database: Database, tmp_path: Path
) -> None:
    """A target that changes what it is given."""
    target = Database(f"sqlite:///{tmp_path / 'new.db'}")
    migrate(target)
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO cursor VALUES ('s', 't', '7', '2026-01-01T00:00:00+00:00')"
        )
    with target.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER spoil AFTER INSERT ON cursor BEGIN"
            " UPDATE cursor SET cursor = '8' WHERE source = NEW.source; END"
        )
    with pytest.raises(SyncerError, match="table cursor does not come back as it went in"):
        copy_rows(database, target)
    with target.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM cursor").scalar_one() == 0
    target.close()


def test_a_copy_while_others_write_is_of_one_moment(database: Database, tmp_path: Path) -> None:
    """Two rows that are written together are there together."""
    stop = threading.Event()

    def write() -> None:
        for n in range(10_000):
            if stop.is_set():
                return
            with database.write() as connection:
                for table in ("price_gap", "cursor"):
                    connection.exec_driver_sql(_PAIR[table].format(n=n))

    writing = threading.Thread(target=write)
    writing.start()
    time.sleep(0.2)
    made = copy_to(database, tmp_path / "copy.db")
    stop.set()
    writing.join()
    with sqlite3.connect(made) as copy:
        counts = [copy.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in _PAIR]
    copy.close()
    assert counts[0] == counts[1] > 0


_AT = "2026-01-01T00:00:00.000000+00:00"
_PAIR = {
    "price_gap": f"INSERT INTO price_gap VALUES ('A{{n}}', '{_AT}', 'no_price', '', '{_AT}')",
    "cursor": f"INSERT INTO cursor VALUES ('s{{n}}', 't', '7', '{_AT}')",
}


AS_IT_WAS = (
    *(
        f"DROP TABLE {t}"
        for t in ("owner", "web_session", "api_token", "setup_link", "opening", "setting")
    ),
    "ALTER TABLE leg DROP COLUMN at",
    *("CREATE INDEX ix_leg_account ON leg (account)", "DROP INDEX ix_event_at_event_id"),
    *("CREATE INDEX ix_event_at ON event (at)", "CREATE INDEX ix_event_kind ON event (kind)"),
    *("DROP INDEX ix_event_kind_at_event_id", "DROP INDEX ix_event_txid"),
    *("DROP INDEX ix_disposal_disposed_at_disposal_id", "DROP INDEX ix_lot_acquired_at_ordinal"),
    *("CREATE INDEX ix_disposal_disposed_at ON disposal (disposed_at)",),
    "DROP INDEX ix_disposal_lot_id",
    "UPDATE alembic_version SET version_num = '0007'",
)


def test_the_first_schema_of_postgresql_becomes_that_of_today(
    run: Run, books: Path, database: Database
) -> None:
    """Schema 0007 as it was made there; legs get the times of their events."""
    today = schema_of(database)
    with database.write() as connection:
        for statement in AS_IT_WAS:
            connection.exec_driver_sql(statement)
    assert schema_of(database) != today
    before = digest(run, books)
    assert schema_of(database) == today
    assert digest(run, books) == before
    with database.read() as connection:
        query = "SELECT leg.at, event.at FROM leg JOIN event USING (event_id)"
        rows = connection.exec_driver_sql(query).all()
    assert len(rows) == 2
    assert all(mine == theirs for mine, theirs in rows)
