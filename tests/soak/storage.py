"""Faults below the database: a full disk, writes that fail, a lock that is held. Nothing is lost.

    POINTS=200 ROWS=400 .venv/bin/python tests/soak/storage.py

Each life is a forked process that loads a local venue with a fault at a random point: the file may
grow no further (RLIMIT_FSIZE, an I/O error), a file system of its own is full (tmpfs, as root), or
another program keeps the write lock. It must end with a sentence, and the next one must go on by
itself. In the end the books are those of a load that nobody disturbed.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.errors import SyncerError
from connectors.exchanges.ccxt_parts import exchange_class
from syncer.store import sqlite as databases
from tests.soak.kills import _end, _load, _pipeline
from tests.venues.serve import served

VENUE = "kraken"
TOLD = 3  # a life that ended with a sentence
SENTENCE = re.compile(
    r"(the database .+ (cannot be used: (database or disk is full|disk I/O error|database is locked"
    r"|unable to open database file))|the database cannot be made: .+|the lock file .+ cannot be "
    r"opened: .+|another syncer is still .+)"
)
Fault = Callable[[Path, random.Random], Any]


def sizes(folder: Path) -> int:
    return max((p.stat().st_size for p in folder.glob("x.db*")), default=0)


@contextmanager
def no_growth(folder: Path, chance: random.Random) -> Iterator[None]:
    """No file gets larger than a little more than the largest is: EFBIG, an I/O error to SQLite."""
    limit = sizes(folder) + chance.randint(0, 300_000)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    yield


@contextmanager
def full_disk(folder: Path, chance: random.Random) -> Iterator[None]:
    """All but a little of the disk is taken."""
    space = os.statvfs(folder)
    free = space.f_bavail * space.f_frsize
    left = chance.randint(0, 200_000)
    with (folder / "filler").open("wb") as filler, suppress(OSError):
        filler.write(b"\0" * max(0, free - left))
    yield


@contextmanager
def held_lock(folder: Path, chance: random.Random) -> Iterator[None]:
    """Another program writes for longer than anybody waits."""
    child = os.fork()
    if not child:
        time.sleep(chance.uniform(0, 0.4))
        other = sqlite3.connect(folder / "x.db", isolation_level=None, timeout=5)
        with suppress(sqlite3.Error):
            other.execute("BEGIN IMMEDIATE")
            time.sleep(1.0)
        os._exit(0)
    try:
        yield
    finally:
        os.waitpid(child, 0)


def impatient() -> None:
    """Nobody waits half a minute here."""
    real = databases._set

    def set_(dbapi: Any, pragma: str) -> None:
        real(dbapi, "busy_timeout=150" if pragma.startswith("busy_timeout") else pragma)

    databases._set = set_


def life(folder: Path, told: dict[str, Any], fault: Fault, chance: random.Random) -> str:
    """What it said, or `done`."""
    seed, reader, writer = chance.random(), *os.pipe()
    child = os.fork()
    if not child:
        said, code = "", 0
        try:
            with fault(folder, random.Random(seed)):
                said, code = _tried(folder, told)
        except BaseException as error:
            said, code = f"{type(error).__name__}: {error}", 1
        os.write(writer, said.encode()[:2000])
        os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as out:
        said = out.read()
    _, status = os.waitpid(child, 0)
    (folder / "filler").unlink(missing_ok=True)
    if os.waitstatus_to_exitcode(status) not in (0, TOLD):
        raise SystemExit(f"a life ended without a sentence: {said}")
    return said or "done"


def _tried(folder: Path, told: dict[str, Any]) -> tuple[str, int]:
    try:
        pipeline = _pipeline(folder, VENUE, told, 1)
        (result,) = asyncio.run(pipeline.pull())
        if result.sentence:
            return result.sentence, TOLD
        asyncio.run(pipeline.derive())
    except SyncerError as error:
        return str(error), TOLD
    return "", 0


@contextmanager
def disk() -> Iterator[tuple[Path, bool]]:
    """A folder, and whether it is a small file system of its own, which root may make."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]
        own = os.geteuid() == 0 and not subprocess.run(mount, capture_output=True).returncode
        try:
            yield Path(folder), own
        finally:
            if own:
                subprocess.run(["umount", folder], check=True)


def main() -> None:
    points, rows = int(os.environ.get("POINTS", "200")), int(os.environ.get("ROWS", "400"))
    exchange_class(VENUE)
    impatient()
    chance, seen, odd, same = random.Random("storage"), Counter[str](), list[str](), True
    with served(VENUE, "storage", rows) as told, disk() as (place, own):
        faults: list[Fault] = [no_growth, held_lock, *([full_disk] if own else [])]
        calm = place / "calm"
        calm.mkdir()
        _load(calm, VENUE, told, 1)
        wanted, lives = _end(calm, VENUE, told), 0
        while sum(seen.values()) < points:
            rough = place / f"rough{lives}"
            rough.mkdir()
            for _ in range(chance.randint(1, 6)):
                fault = chance.choice(faults)
                said = life(rough, told, fault, chance)
                if said != "done":
                    seen[fault.__name__] += 1
                    odd += [said] if not SENTENCE.fullmatch(said) else []
            _load(rough, VENUE, told, 1)
            same, lives = same and _end(rough, VENUE, told) == wanted, lives + 1
            subprocess.run(["rm", "-r", str(rough)], check=True)
    what = ", ".join(f"{n} {name}" for name, n in sorted(seen.items()))
    skipped = "" if own else "; no full disk: it needs root and the right to mount"
    print(f"{what}{skipped}; {lives} loads went on; digest {'the same' if same else 'DIFFERENT'}")
    for sentence in sorted(set(odd)):
        print(f"  unclear: {sentence}")
    sys.exit(0 if same and not odd else 1)


if __name__ == "__main__":
    main()
