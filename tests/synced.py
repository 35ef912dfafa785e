"""A database that has pulled the whole sandbox, made once for all tests that read it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from syncer.demo import story
from syncer.demo.sandbox import Addresses
from syncer.demo.show import write_settings
from tests.secret_marks import nothing_secret

NOW = story.NOW.isoformat()


def syncer(*arguments: str, config: Path) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, at the story's time."""
    done = subprocess.run(
        [sys.executable, "-m", "syncer", *arguments, "--config", str(config)],
        capture_output=True,
        text=True,
        env={**os.environ, "SYNCER_NOW": NOW},
        timeout=120,
    )
    nothing_secret(str(done.args), done.stdout, done.stderr)
    return done


def pulled_once(folder: Path, addresses: Addresses) -> Path:
    """The database, pulled and the form imported by whichever worker comes first: every sandbox
    tells the same, and where one listens is no part of the books."""
    done = folder / "story" / "syncer.db"
    with (folder / "story.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _pull(folder / "pulling", addresses)
            (folder / "pulling").rename(done.parent)
    return done


def _pull(folder: Path, addresses: Addresses) -> None:
    config = write_settings(folder, addresses)
    for command in (["sync"], ["import", str(folder / "form-1099-da-2025.csv")]):
        done = syncer(*command, config=config)
        assert done.returncode == 0, done.stderr


def copy_of(books: Path, target: Path) -> None:
    """A copy of a database, with what its log holds."""
    source, copy = sqlite3.connect(books), sqlite3.connect(target)
    source.backup(copy)
    source.close()
    copy.close()
