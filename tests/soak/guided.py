"""Readers under a fuzzer that follows what it reaches (atheris, where it can be installed).

    .venv/bin/pip install atheris && RUNS=100000 .venv/bin/python tests/soak/guided.py

Each input is a file of some name, grown from the corpus of `fuzz.py`: it is read, or refused by one
of our errors. What breaks a reader is written to `crash-...` and ends the run.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: .venv/bin/pip install atheris (Linux, CPython to 3.13)")

with atheris.instrument_imports(include=["connectors", "config"]):
    from config.errors import SyncerError
    from connectors.brokers.readers import File
    from tests.soak.fuzz import forms, read_file, statements_of_others

NAMES = ("f.csv", "f.pdf", "f.xml", "f.json", "f.txt")


sys.setrecursionlimit(1_000)  # libraries of tests raise it so far that Python itself breaks


def one(data: bytes) -> None:
    """The first byte says what the file is called."""
    if not data:
        return
    try:
        read_file(File(NAMES[data[0] % len(NAMES)], data[1:]))
    except SyncerError:
        return


def main() -> None:
    runs = os.environ.get("RUNS", "100000")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, data) in enumerate([*statements_of_others(), *forms()]):
            kind = next((n for n, x in enumerate(NAMES) if name.endswith(x[1:])), 0)
            (Path(folder) / str(number)).write_bytes(bytes([kind]) + data)
        words = [
            sys.argv[0],
            f"-runs={runs}",
            "-timeout=10",
            "-max_len=60000",
            "-rss_limit_mb=4000",
        ]
        atheris.Setup([*words, "-verbosity=0", folder], one)
        print(f"{runs} inputs, guided", flush=True)
        atheris.Fuzz()  # ends the process; with 0 if nothing broke


if __name__ == "__main__":
    main()
