"""The service and who started it: ready when it is, alive while its loop turns, settings read again
only if they are right."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from syncer.status import line
from syncer.store.tables import JobRow
from syncer.timekeeping import Drift
from tests.managed import ACCOUNT, PLAIN, Manager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path, PLAIN, watchdog=1.5)
    yield made
    made.close()


def test_ready_then_alive_while_the_loop_turns_and_a_clean_end(manager: Manager) -> None:
    assert "STATUS=0/0 sources fresh" in manager.hears("READY=1")
    manager.hears("WATCHDOG=1")
    manager.child.send_signal(signal.SIGSTOP)  # as if something blocked the loop
    manager.drain()
    time.sleep(1.6)
    assert manager.drain() <= 1  # one may have been on its way
    manager.child.send_signal(signal.SIGCONT)
    manager.hears("WATCHDOG=1")
    assert manager.end() == (0, "")
    manager.hears("STOPPING=1")


def test_settings_are_read_again_only_if_they_are_right(manager: Manager) -> None:
    manager.hears("READY=1")
    manager.config.write_text(PLAIN + "[lots]\nmethod = 'best'\n", encoding="utf-8")
    manager.child.send_signal(signal.SIGHUP)
    manager.hears("RELOADING=1")
    assert "STATUS=0/0 sources fresh" in manager.hears("READY=1")
    manager.config.write_text(PLAIN + ACCOUNT, encoding="utf-8")
    manager.child.send_signal(signal.SIGHUP)
    assert "STATUS=0/1 sources fresh" in manager.hears("READY=1")
    elsewhere = f'[database]\nurl = "sqlite:///{manager.config.parent / "other.db"}"\n'
    manager.config.write_text(PLAIN + elsewhere, encoding="utf-8")
    manager.child.send_signal(signal.SIGHUP)
    assert "STATUS=0/1 sources fresh" in manager.hears("READY=1")
    code, err = manager.end()
    told = [row for row in err.splitlines() if row.startswith("the settings")]
    assert code == 0
    assert told[0].startswith("the settings stay as they were: ")
    assert "lots.method" in told[0]
    assert told[1] == "the settings are read again"
    assert told[2] == "the settings stay as they were: another [database] needs a restart"


def test_a_thread_that_works_on_does_not_hold_the_end(tmp_path: Path) -> None:
    """As a derivation of a long history on a small machine does."""
    hook = tmp_path / "sitecustomize.py"
    hook.write_text(
        "import time\n"
        "from syncer import duties\n"
        "duties.Duties._tell_of_forms = lambda self: time.sleep(60)\n"
    )
    made = Manager(tmp_path, PLAIN, also={"PYTHONPATH": str(tmp_path)})
    made.hears("READY=1")
    end = time.monotonic() + 20
    while not _is_running(tmp_path, "reconcile") and time.monotonic() < end:
        time.sleep(0.1)
    start = time.monotonic()
    assert made.end() == (0, "")
    assert time.monotonic() - start < 10
    made.close()


def _is_running(folder: Path, job: str) -> bool:
    query = "SELECT count(*) FROM job WHERE name = ? AND finished_at IS NULL"
    with sqlite3.connect(f"file:{folder / 'syncer.db'}?mode=ro", uri=True) as database:
        (count,) = database.execute(query, (job,)).fetchone()
    return bool(count)


def test_wrong_settings_end_it_for_good(tmp_path: Path) -> None:
    made = Manager(tmp_path, "[lots]\nmethod = 'best'\n")
    _, err = made.child.communicate(timeout=20)
    assert made.child.returncode == 78
    assert err.count("\n") == 1
    made.close()


# ---- the clock


class Clocks:
    """A wall clock and one that runs while the machine does."""

    def __init__(self) -> None:
        self.wall, self.awake = 1_000_000.0, 50.0

    def pass_by(self, seconds: float, wall: float | None = None) -> None:
        self.awake += seconds
        self.wall += seconds if wall is None else wall

    def drift(self) -> Drift:
        return Drift(lambda: self.wall, lambda: self.awake)


@pytest.mark.parametrize(
    ("awake", "wall", "jump"),
    [(15, 15, 0), (15, 20, 0), (15, 8 * 3600, 8 * 3600 - 15), (15, -86_400, -86_415), (60, 61, 0)],
)
def test_a_clock_that_was_set_and_a_sleep_are_seen(awake: float, wall: float, jump: float) -> None:
    clocks = Clocks()
    drift = clocks.drift()
    clocks.pass_by(15)
    assert drift.jumped() == 0
    clocks.pass_by(awake, wall)
    assert drift.jumped() == jump
    clocks.pass_by(15)
    assert drift.jumped() == 0


# ---- the line of systemctl


def test_the_status_line_says_what_a_person_wants_to_know() -> None:
    now = datetime(2026, 6, 1, 18, tzinfo=UTC)
    names = ["sync:a", "sync:b", "sync:c"]
    ran = [
        JobRow(name="sync:a", started_at=now, succeeded_at=now - timedelta(minutes=30)),
        JobRow(name="sync:b", started_at=now, succeeded_at=now - timedelta(minutes=31)),
    ]
    told = line(names, ran, 2, now + timedelta(minutes=5), Settings(), now)
    assert told == "1/3 sources fresh, next sync 14:05, 2 alerts open"
    assert line([], [], 0, None, Settings(), now) == "0/0 sources fresh"
    assert line(names, ran, 1, None, Settings(), now) == "1/3 sources fresh, 1 alert open"
