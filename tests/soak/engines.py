"""A generated history on SQLite and on PostgreSQL: equal books, whichever way they came.

    EVENTS=100000 .venv/bin/python tests/soak/engines.py

Imported into each; copied from one to the other; backed up from the server. Prints what each took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.histories import in_order
from tests.bench.ours import _write
from tests.databases import Server, serving

SETTINGS = '[prices]\nsources = []\n[database]\nurl = "{url}"\n'
ASSETS = 20


class Books:
    """A settings file for a database."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.url = folder, url
        (folder / "syncer.toml").write_text(SETTINGS.format(url=url))

    def syncer(self, *words: str) -> tuple[Any, float]:
        """What a command said, and the seconds that it took."""
        command = [sys.executable, "-m", "syncer", *words, "--json", "--config", "syncer.toml"]
        started = time.perf_counter()
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout), time.perf_counter() - started

    def digest(self) -> tuple[str, float]:
        told, seconds = self.syncer("rebuild")
        return str(told["rebuild"]["digest"]), seconds


def compared(folder: Path, server: Server, events: int) -> set[str]:
    """The digests that there are; one, if all agree."""
    _write(folder / "history.csv", in_order(events, ASSETS), "h")
    file = Books(folder / "file", f"sqlite:///{folder / 'file' / 'x.db'}")
    there = Books(folder / "there", server.url("there"))
    found = set()
    for name, books in (("SQLite", file), ("PostgreSQL", there)):
        _, took = books.syncer("import", str(folder / "history.csv"))
        digest, rebuilt = books.digest()
        found.add(digest)
        print(f"{name}: imported in {took:.1f} s, rebuilt in {rebuilt:.1f} s, digest {digest[:16]}")
    moved = Books(folder / "moved", server.url("moved"))
    told, took = file.syncer("db", "copy", moved.url)
    rows = sum(told["copy"]["rows"].values())
    print(f"copied to PostgreSQL and proved: {rows:,} rows in {took:.1f} s")
    back = Books(folder / "back", f"sqlite:///{folder / 'back' / 'x.db'}")
    _, took = moved.syncer("db", "copy", back.url)
    print(f"and back: {took:.1f} s")
    told, took = there.syncer("backup")
    print(f"backed up from PostgreSQL into a file: {took:.1f} s")
    kept = Books(folder / "kept", f"sqlite:///{told['backup']['file']}")
    return found | {books.digest()[0] for books in (moved, back, kept)}


def main() -> None:
    events = int(os.environ.get("EVENTS", "100000"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder / "server") as server:
            found = compared(folder, server, events)
    print(f"{events:,} events: {'one digest' if len(found) == 1 else f'DIFFERENT: {found}'}")
    sys.exit(len(found) != 1)


if __name__ == "__main__":
    main()
