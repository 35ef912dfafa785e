"""`make bench`: what the service takes while nothing happens, with three venues and two wallets.

    SECONDS=60 .venv/bin/python tests/bench/idle.py

Printed: seconds from start to READY, resident memory once all has been read, and processor time
over the seconds after.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.managed import Manager, free_port
from tests.soak.service import VENUES, Time, around, neighbours, settings_of

SECONDS = int(os.environ.get("SECONDS", "60"))
TICK = os.sysconf("SC_CLK_TCK")
ROWS = int(os.environ.get("ROWS", "1000"))


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mb(pid: int) -> float:
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(r for r in rows if r.startswith("VmRSS")).split()[1]) / 1024


def has_read_all(folder: Path) -> bool:
    query = "SELECT count(*) FROM job WHERE succeeded_at IS NOT NULL"
    with sqlite3.connect(f"file:{folder / 'syncer.db'}?mode=ro", uri=True) as database:
        (count,) = database.execute(query).fetchone()
    return bool(count >= len(VENUES) + 2 + 4)


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        told, chains, start = around(stack, folder, ROWS)
        port = stack.enter_context(neighbours(folder, Time(start, 1)))
        settings_of(folder / "idle", port, told, chains)
        text = (folder / "idle" / "syncer.toml").read_text(encoding="utf-8")
        text = text.replace("enabled = false", f"port = {free_port()}")
        for every in ('sync = "6h"', 'prices = "6h"', 'harvest = "1h"'):
            text = text.replace(every, f'{every.split(" =")[0]} = "15m"')
        os.environ["SYNCER_NOW"] = start.isoformat()
        began = time.monotonic()
        manager = Manager(folder / "idle", text)
        stack.callback(manager.close)
        manager.hears("READY=1")
        ready, pid = time.monotonic() - began, manager.child.pid
        while not has_read_all(folder / "idle"):
            time.sleep(0.5)
        time.sleep(3)
        before = processor_seconds(pid)
        time.sleep(SECONDS)
        share = (processor_seconds(pid) - before) / SECONDS
        print(f"READY after {ready:.2f} s (wanted 3)")
        print(f"resident {resident_mb(pid):.0f} MB after a first load (wanted 220)")
        print(f"processor {100 * share:.2f}% of one core over {SECONDS} s (wanted 1%)")


if __name__ == "__main__":
    main()
