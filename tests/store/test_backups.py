"""Backups: which stay, what is restored and how, and what refuses to be a database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import ConfigError, SyncerError
from syncer.ingest.lock import single_instance
from syncer.store.backup import backup_name, backups, rotate
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.place import filesystem_of, refuse_network
from syncer.store.restoring import restore
from syncer.store.rotation import kept
from tests.conftest import Run
from tests.store.books import BUY, LATER, digest, take

pytestmark = pytest.mark.files_of_sqlite("it looks into files")
NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
FIRST, LAST = datetime(2025, 1, 1, 3, tzinfo=UTC), datetime(2026, 1, 31, 3, tzinfo=UTC)
# of 396 nightly backups up to Saturday, January 31: the last seven days, the Sundays before (and
# that Saturday), the last days of the months before
DAYS = [date(2026, 1, d) for d in range(25, 32)]
WEEKS = [date(2026, 1, d) for d in (4, 11, 18)]
MONTHS = [date(2025, m, d) for m, d in enumerate((28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 2)]


def _nights() -> Iterator[datetime]:
    at = FIRST
    while at <= LAST:
        yield at
        at += timedelta(days=1)


def test_seven_days_five_weeks_and_twelve_months_stay() -> None:
    assert sorted(at.date() for at in kept(_nights())) == [*MONTHS, *WEEKS, *DAYS]


def test_rotating_every_night_leaves_the_same() -> None:
    left: set[datetime] = set()
    for night in _nights():
        left = kept({*left, night})
    assert left == kept(_nights())


def test_a_machine_that_was_off_keeps_its_backups() -> None:
    old = {datetime(2020, 5, d, tzinfo=UTC) for d in (1, 9, 17)}
    assert kept(old) == old


def test_rotation_removes_files_and_leaves_those_of_others(tmp_path: Path) -> None:
    for night in _nights():
        backup_name(tmp_path, night).touch()
    for name in ("syncer-notadate0000T000000Z.db", "mine.db", "pre-migrate-0001.db"):
        (tmp_path / name).touch()
    rotate(tmp_path)
    assert sorted(at.date() for at in backups(tmp_path)) == [*MONTHS, *WEEKS, *DAYS]
    assert len(list(tmp_path.iterdir())) == 21 + 3


# ---- restoring


@pytest.fixture
def books(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNCER_NOW", NOW.isoformat())
    take(run, config, BUY)
    return config


def test_a_rehearsal_gives_the_books_of_the_backup_and_keeps_those_of_now(
    run: Run, books: Path
) -> None:
    then = digest(run, books)
    made = run("backup", "--json", config=books).json["backup"]["file"]
    take(run, books, LATER)
    later = digest(run, books)
    told = run("restore", made, "--json", config=books).json["restore"]
    assert (told["digest"], told["unchanged"]) == (then, True)
    assert [r["quantity"] for r in run("lots", "--json", config=books).json["lots"]] == ["1"]
    assert Path(told["kept_as"]).stat().st_mode & 0o777 == 0o600
    again = run("restore", told["kept_as"], "--json", config=books).json["restore"]
    assert again["digest"] == later


def test_a_backup_restores_into_a_fresh_place(run: Run, books: Path, tmp_path: Path) -> None:
    made = run("backup", "--out", str(tmp_path / "usb"), "--json", config=books).json["backup"]
    fresh = tmp_path / "new" / "syncer.toml"
    fresh.parent.mkdir()
    fresh.write_text(books.read_text())
    done = run("restore", made["file"], config=fresh)
    assert done.code == 0
    assert "Deriving them again gives the same books" in done.out
    assert "kept as" not in done.out
    assert digest(run, fresh) == digest(run, books)


def test_a_copy_with_its_log_beside_it_is_restored_with_what_is_in_the_log(
    run: Run, books: Path, tmp_path: Path
) -> None:
    """As `cp syncer.db*` of a running service leaves it."""
    other = sqlite3.connect(books.parent / "syncer.db")
    other.execute("SELECT count(*) FROM raw_record").fetchone()  # keeps the log from being emptied
    take(run, books, LATER)
    for end in ("", "-wal"):
        source = Path(f"{books.parent / 'syncer.db'}{end}")
        (tmp_path / f"copy.db{end}").write_bytes(source.read_bytes())
    assert (tmp_path / "copy.db-wal").stat().st_size > 0
    other.close()
    fresh = tmp_path / "new" / "syncer.toml"
    fresh.parent.mkdir()
    fresh.write_text(books.read_text())
    assert run("restore", str(tmp_path / "copy.db"), config=fresh).code == 0
    assert len(run("lots", "--json", config=fresh).json["lots"]) == 2


def test_backups_are_listed_with_the_command_that_restores_the_newest(
    run: Run, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "none" in run("restore", config=books).out
    for day in (1, 3, 2):
        monkeypatch.setenv("SYNCER_NOW", f"2026-06-0{day}T03:00:00Z")
        run("backup", config=books)
    rows = run("restore", "--json", config=books).json["backups"]
    assert [r["made_at"][:10] for r in rows] == ["2026-06-03", "2026-06-02", "2026-06-01"]
    assert f"syncer restore {rows[0]['file']}" in run("restore", config=books).out


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _no_database(path: Path) -> None:
    path.write_text("something else")


def _of_others(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()


@pytest.mark.parametrize("spoil", [_half, _no_database, _of_others, Path.unlink])
def test_what_is_no_whole_backup_changes_nothing(run: Run, books: Path, spoil: object) -> None:
    made = Path(run("backup", "--json", config=books).json["backup"]["file"])
    before = digest(run, books)
    spoil(made)  # type: ignore[operator]
    done = run("restore", str(made), config=books)
    assert done.code == 1
    assert done.err.startswith(f"the backup {made} cannot be restored: ")
    assert done.err.count("\n") == 1
    assert digest(run, books) == before
    assert list(books.parent.glob("*restor*")) == []


def test_nothing_is_restored_under_a_service_or_another_program(run: Run, books: Path) -> None:
    made = run("backup", "--json", config=books).json["backup"]["file"]
    database = books.parent / "syncer.db"
    with single_instance(Database(f"sqlite:///{database}")):
        assert "a service runs on" in run("restore", made, config=books).err
    with sqlite3.connect(database) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM raw_record").fetchone()
        take(run, books, LATER)
        assert "another program uses" in run("restore", made, config=books).err
    other.close()
    assert len(run("lots", "--json", config=books).json["lots"]) == 2


def test_a_damaged_database_is_said_and_restored(run: Run, books: Path) -> None:
    before = digest(run, books)
    made = run("backup", "--json", config=books).json["backup"]["file"]
    database = books.parent / "syncer.db"
    with database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 20))
    for end in ("-wal", "-shm"):
        Path(f"{database}{end}").unlink(missing_ok=True)
    done = run("run", config=books)
    assert done.code == 1
    assert "is damaged" in done.err
    assert "restore a backup: syncer restore" in done.err
    assert run("restore", made, "--json", config=books).json["restore"]["digest"] == before


def test_a_kill_while_restoring_leaves_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step does not happen any more, there is a whole database under the name."""
    steps = ("link", "replace", "fsync", "open", "close")
    for step in steps:
        for nth in range(6):
            folder = tmp_path / f"{step}{nth}"
            for name, source in (("old.db", "a"), ("new.db", "b")):
                made = Database(f"sqlite:///{folder / name}")
                migrate(made)
                with made.write() as connection:
                    connection.exec_driver_sql(f"INSERT INTO cursor VALUES ('{source}','','','')")
                made.close()
            with monkeypatch.context() as patched:
                patched.setattr(os, step, _dying(getattr(os, step), nth))
                with suppress(_Dead):
                    restore(folder / "new.db", folder / "old.db", NOW)
            with sqlite3.connect(folder / "old.db") as found:
                assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                ((source,),) = found.execute("SELECT source FROM cursor").fetchall()
            found.close()
            assert source in ("a", "b")


class _Dead(BaseException):
    """A kill."""


def _dying(real: object, after: int) -> object:
    calls = 0

    def call(*arguments: object, **options: object) -> object:
        nonlocal calls
        if calls == after:
            raise _Dead
        calls += 1
        return real(*arguments, **options)  # type: ignore[operator]

    return call


# ---- places

MOUNTS = r"""22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:30 / /srv/my\040nas rw - nfs4 box:/x rw
31 30 8:2 / /srv/my\040nas/disk rw - xfs /dev/sdb1 rw
32 22 0:33 / /mnt/share rw - cifs //box/y rw
33 22 0:34 / /over rw - ext4 /dev/sdc rw
34 33 0:35 / /over rw - fuse.sshfs me@box: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/syncer/syncer.db", "ext4"),
        ("/srv/my nas/syncer.db", "nfs4"),
        ("/srv/my nas/disk/syncer.db", "xfs"),
        ("/mnt/shared/syncer.db", "ext4"),
        ("/mnt/share/a/b.db", "cifs"),
        ("/over/x.db", "fuse.sshfs"),
    ],
)
def test_a_network_filesystem_is_refused(tmp_path: Path, path: str, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert filesystem_of(Path(path), mounts) == kind
    if kind in ("ext4", "xfs"):
        refuse_network(Path(path), mounts)
        return
    with pytest.raises(ConfigError, match=f"network filesystem \\({kind}\\)"):
        refuse_network(Path(path), mounts)


def test_where_the_system_says_nothing_nothing_is_refused(tmp_path: Path) -> None:
    refuse_network(tmp_path / "x.db", tmp_path / "none")


def test_a_database_that_cannot_be_written_says_so(run: Run, books: Path) -> None:
    database = books.parent / "syncer.db"
    with pytest.raises(SyncerError, match="cannot be used: attempt to write a readonly database"):
        _write_to(Database(f"sqlite:///{database}"))


def _write_to(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("DELETE FROM cursor")
