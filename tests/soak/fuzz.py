"""Malformed input without end: readers and translators say what is wrong, or read.

    INPUTS=100000 TARGETS=files,forms,kraken .venv/bin/python tests/soak/fuzz.py

Each target starts from whole samples and spoils them: bytes and cells of files, values within what
a venue said. Only our own errors may come out, nothing may take longer than ten seconds, and of a
file that is refused nothing may be stored. Exits 1 with the spoiled input written beside.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.errors import SyncerError
from connectors.brokers.readers import READERS, File
from connectors.exchanges.venues import VENUES
from connectors.files import detect, journal, statement
from connectors.records import RawRecord
from syncer.files import Told, import_file
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.brokers import statements
from tests.files.samples import SAMPLES
from tests.soak.kills import _load, _pipeline
from tests.venues.known import LOCAL
from tests.venues.serve import served

SECONDS = 10
STORED_EVERY = 200  # of so many files one goes the whole way into a database
GOLDEN = Path(__file__).parents[1] / "golden"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ODD = (
    b"", b",", b'"', b'""', b"\n", b"\r\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"NaN", b"-NaN",
    b"Infinity", b"1e999", b"1e-999", b"-0", b"--1", b"1,2,3", b"$", b"($5.00)", b"=1+1", b"\t",
    "\uff19".encode(), "\u22125".encode(), b"2025-02-30", b"9999-12-31T23:59:59Z", b"1/1/1",
    b"<![CDATA[", b"&x;", b"{", b"[", b"]", b"null", b"true", b"A" * 5000, b"9" * 400, b";",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, "", " ", "x", "NaN", "Infinity", "1e400", "-1", "0", "1.2.3", -1, 0, 10**40, True, [], {},
    ["a"], {"a": 1}, "9" * 400, "2025-02-30T00:00:00Z", "\x00", "\ud83d\ude00", "1700000000",
)  # fmt: skip


@contextmanager
def in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"longer than {SECONDS} seconds")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


# ---- spoiling


def spoiled_bytes(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((0, 1, 1, 4, 20, 200)))
        how = chance.randrange(5)
        if how == 0:
            data = data[:at] + data[to:]
        elif how == 1:
            data = data[:at] + chance.choice(ODD) + data[to:]
        elif how == 2:
            data = data[:to] + data[at:to] + data[to:]
        elif how == 3:
            data = data[:at] + bytes([chance.randrange(256)]) + data[min(at + 1, len(data)) :]
        else:
            data = _a_cell(data, chance)
    return data


def _a_cell(data: bytes, chance: random.Random) -> bytes:
    rows = data.split(b"\n")
    at = chance.randrange(len(rows))
    cells = rows[at].split(b",")
    cells[chance.randrange(len(cells))] = chance.choice(ODD)
    rows[at] = b",".join(cells)
    return b"\n".join(rows)


def spoiled_value(value: Any, chance: random.Random) -> Any:
    """One place within a document."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(sorted(value))
        rest = {k: v for k, v in value.items() if k != key}
        return rest if chance.random() < 0.15 else {**rest, key: spoiled_value(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        return [*value[:at], spoiled_value(value[at], chance), *value[at + 1 :]]
    return chance.choice(VALUES)


# ---- targets: each takes a chance and gives an input and what reads it

Target = Callable[[random.Random], tuple[Any, Callable[[], Any]]]


def read_file(file: File) -> None:
    found = detect.detect(file, None)
    if found.is_form:
        READERS[found.name].read(file)
    elif found.statement:
        one, sheet = found.statement
        statement.read(one, sheet, "a", frozenset())
    elif found.name != detect.GAIN_LOSS:
        journal.read(file.text or "")


def files(corpus: list[tuple[str, bytes]], folder: Path) -> Target:
    database = Database(f"sqlite:///{folder / 'fuzz.db'}")
    migrate(database)

    def count() -> int:
        with database.read() as connection:
            return sum(records.counts(connection).values())

    def stored(name: str, data: bytes) -> None:
        path, before = folder / name, count()
        path.write_bytes(data)
        try:
            import_file(database, path, NOW, Told(account="a", broker="B", year=2025))
        except SyncerError:
            assert count() == before, "a refused file left rows"
            raise

    def target(chance: random.Random) -> tuple[Any, Callable[[], Any]]:
        name, data = chance.choice(corpus)
        data = spoiled_bytes(data, chance)
        if chance.randrange(STORED_EVERY):
            return data, lambda: read_file(File(name, data))
        return data, lambda: stored(name, data)

    return target


def translator(name: str, known: list[RawRecord]) -> Target:
    by_stream: dict[str, list[RawRecord]] = {}
    for record in known:
        by_stream.setdefault(record.stream, []).append(record)

    def target(chance: random.Random) -> tuple[Any, Callable[[], Any]]:
        some = chance.choice(list(by_stream.values()))
        found = chance.sample(some, min(len(some), 4))
        bodies = [spoiled_value(json.loads(r.body), chance) for r in found[:2]]
        spoiled = [
            RawRecord(r.source, r.stream, r.native_id, r.happened_at, json.dumps(b))
            for r, b in zip(found, bodies, strict=False)
        ]
        return bodies, lambda: VENUES[name].translate([*spoiled, *found[2:]])

    return target


def statements_of_others() -> list[tuple[str, bytes]]:
    found = [(f"{name}.csv", text.encode()) for name, (text, *_) in SAMPLES.items()]
    found += [(p.parent.name + ".csv", p.read_bytes()) for p in GOLDEN.glob("*/journal.csv")]
    return found


def forms() -> list[tuple[str, bytes]]:
    box = {"1a": "X9J9K872S", "1b": "Bitcoin", "1c": "0.5", "1d": "01/02/2025", "1e": "03/04/2025"}
    pdf = statements.official([{**box, "1f": "5.00", "1g": "4.00"}])
    found = [(f"{p.parent.name}.csv", p.read_bytes()) for p in GOLDEN.glob("*/*1099*.csv")]
    return [
        *found,
        ("form.pdf", pdf),
        ("fdx.json", (statements.FDX % "false").encode()),
        ("iris.xml", statements.IRIS.encode()),
    ]


def of_venue(name: str, rows: int) -> list[RawRecord]:
    with served(name, f"fuzz {name}", rows) as told, tempfile.TemporaryDirectory() as folder:
        _load(Path(folder), name, told, 1)
        pipeline = _pipeline(Path(folder), name, told, 1)
        with pipeline.database.read() as connection:
            found = list(records.latest(connection, "x"))
        pipeline.database.close()
    return found


def targets(wanted: list[str], folder: Path) -> Iterator[tuple[str, Target]]:
    rows = int(os.environ.get("ROWS", "120"))
    for name in wanted:
        if name == "files":
            yield name, files(statements_of_others(), folder)
        elif name == "forms":
            yield name, files(forms(), folder)
        else:
            yield name, translator(name, of_venue(name, rows))


# ---- trying


def tried(name: str, target: Target, inputs: int) -> Counter[str]:
    chance, seen = random.Random(f"fuzz {name}"), Counter[str]()
    for number in range(inputs):
        spoiled, read = target(chance)
        try:
            with in_time():
                read()
            seen["read"] += 1
        except SyncerError:
            seen["refused"] += 1
        except Exception:
            kept = Path(f"fuzz-{name}-{number}.txt")
            data = spoiled if isinstance(spoiled, bytes) else json.dumps(spoiled, indent=1).encode()
            kept.write_bytes(data)
            traceback.print_exc()
            print(f"{name}, input {number}: written to {kept.absolute()}", flush=True)
            seen["broken"] += 1
            if seen["broken"] >= 5:
                break
    return seen


def main() -> None:
    # libraries of the tests' chains raise it so far that a deep input ends the process; the
    # product keeps it (`load_web3`)
    sys.setrecursionlimit(1_000)
    inputs = int(os.environ.get("INPUTS", "100000"))
    wanted = os.environ.get("TARGETS", ",".join(["files", "forms", *sorted(LOCAL)])).split(",")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name, target in targets(wanted, Path(folder)):
            seen = tried(name, target, inputs)
            good = good and not seen["broken"]
            told = ", ".join(f"{n:,} {what}" for what, n in sorted(seen.items()))
            print(f"{name}: {sum(seen.values()):,} inputs: {told}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
