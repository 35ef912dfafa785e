"""A kill at any instant loses nothing and doubles nothing; two syncs at once neither."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from syncer.demo.sandbox import Addresses
from syncer.demo.show import write_settings
from tests.synced import NOW, syncer


def _digest(config: Path) -> str:
    done = syncer("rebuild", config=config)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[1]


def _records(folder: Path) -> int:
    try:
        with sqlite3.connect(f"file:{folder / 'syncer.db'}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM raw_record").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def _start(config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "syncer", "sync", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SYNCER_NOW": NOW},
    )


def test_killed_between_pages_ends_with_the_same_digest(
    tmp_path: Path, sandbox: Addresses, synced: Path
) -> None:
    config = write_settings(tmp_path, sandbox)
    # slow enough that the kill falls between pages
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("rate_limit_ms = 5", "rate_limit_ms = 40", 1), encoding="utf-8")
    seen = 0
    for wanted in (50, 200, 350):
        child = _start(config)
        while _records(tmp_path) < wanted and child.poll() is None:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert child.returncode == -signal.SIGKILL
        seen = _records(tmp_path)
        assert wanted <= seen < 504
    assert syncer("sync", config=config).returncode == 0
    form = tmp_path / "form-1099-da-2025.csv"
    assert syncer("import", str(form), config=config).returncode == 0
    assert _digest(config) == _digest(synced)


def test_two_syncs_at_once_double_nothing(tmp_path: Path, sandbox: Addresses, synced: Path) -> None:
    config = write_settings(tmp_path, sandbox)
    both = [_start(config), _start(config)]
    ends = [child.communicate(timeout=60) for child in both]
    assert [child.returncode for child in both] == [0, 0], ends
    with sqlite3.connect(tmp_path / "syncer.db") as database:
        count = "SELECT count(*), count(DISTINCT source || stream || native_id) FROM raw_record"
        assert database.execute(count).fetchone() == (503, 503)
    form = tmp_path / "form-1099-da-2025.csv"
    assert syncer("import", str(form), config=config).returncode == 0
    assert _digest(config) == _digest(synced)


def test_sync_again_and_in_full_changes_nothing(tmp_path: Path, sandbox: Addresses) -> None:
    config = write_settings(tmp_path, sandbox)
    assert syncer("sync", config=config).returncode == 0
    before = _digest(config)
    for again in (["sync"], ["sync", "--full"], ["sync", "kraken", "--since", "2025-06-01"]):
        done = syncer(*again, config=config)
        assert done.returncode == 0, done.stderr
        assert ": 0 new records" in done.stdout
    assert _digest(config) == before
