"""One measured piece of ours, in a process of its own: prints one line of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.exact import text
from syncer.lots.engine import replay
from syncer.lots.terms import StandingOrder, Terms
from tests.bench.histories import SPAN, START, Trade, events, in_order

ZONE = ZoneInfo("America/New_York")
HEADER = "id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity,fee_asset,fee_quantity"
SETTINGS = "[prices]\nsources = []\n"


def compute(length: int, assets: int, method: str) -> dict[str, Any]:
    """Events in memory to disposals and lots."""
    order = StandingOrder("bench", None, method, START - timedelta(days=1), "proved")
    terms = Terms(ZONE, orders=[] if method == "fifo" else [order])
    history = events(length, assets)
    started = time.perf_counter()
    found = replay(history, terms)
    return {"seconds": time.perf_counter() - started, "slices": len(found.disposals)}


def prepare(length: int, assets: int, folder: str) -> dict[str, Any]:
    """A database with a history, by `syncer import`."""
    here = Path(folder)
    here.mkdir(parents=True, exist_ok=True)
    (here / "syncer.toml").write_text(SETTINGS)
    _write(here / "history.csv", in_order(length, assets), "h")
    started = time.perf_counter()
    _syncer(here, "import", "history.csv")
    return {"seconds": time.perf_counter() - started}


def report(folder: str) -> dict[str, Any]:
    """`syncer report`, a whole process: until Form 8949 is written, and until it ends."""
    here, began, started = Path(folder), time.time(), time.perf_counter()
    _syncer(here, "report", "--year", "2025", "--out", "papers")
    seconds = time.perf_counter() - started
    written = (here / "papers" / "form-8949-2025.csv").stat().st_mtime
    return {"seconds": written - began, "whole": seconds}


def add(folder: str, number: int, assets: int) -> dict[str, Any]:
    """50 new trades: the command as a whole, and in a process that runs (as the service does)."""
    here = Path(folder)
    first, second = (START + SPAN + timedelta(days=2 * number + k) for k in (1, 2))
    _write(here / "more.csv", _later(first, assets), f"m{number}")
    began = time.perf_counter()
    _syncer(here, "import", "more.csv")
    whole = time.perf_counter() - began
    _write(here / "again.csv", _later(second, assets), f"n{number}")
    seconds = asyncio.run(_add_inside(here))
    return {"seconds": seconds, "whole": whole}


async def _add_inside(here: Path) -> float:
    from config import settings as configuration
    from syncer.clock import system_clock
    from syncer.files import import_file
    from syncer.pipeline import Pipeline
    from syncer.store.database import Database

    settings = configuration.load(here / "syncer.toml")
    database = Database(settings.database_url)
    pipeline = Pipeline(settings, database, system_clock())
    started = time.perf_counter()
    import_file(database, here / "again.csv", system_clock()())
    await pipeline.derive()
    seconds = time.perf_counter() - started
    database.close()
    return seconds


def _later(at: Any, assets: int) -> list[Trade]:
    """Buys and sells by turns, over all assets."""
    units = (Decimal("1.5"), Decimal("1.4"))
    found = []
    for number in range(50):
        asset, buys = f"bench:B{number // 2 % assets + 1}", number % 2 == 0
        when = at + timedelta(minutes=number)
        found.append(Trade(when, asset, buys, units[number % 2], Decimal(900), Decimal(0)))
    return found


def _write(path: Path, rows: Iterable[Trade], mark: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for number, t in enumerate(rows):
            coin, money = f"{t.asset},{text(t.units)}", f"USD,{text(t.units * t.price)}"
            kind, out, into = ("buy", money, coin) if t.buys else ("sell", coin, money)
            fee = f"USD,{t.fee}" if t.fee else ","
            file.write(f"{mark}{number},{t.at.isoformat()},{kind},bench,{out},{into},{fee}\n")


def _syncer(folder: Path, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / "syncer"), *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


PIECES: dict[str, Callable[..., dict[str, Any]]] = {
    "compute": compute,
    "prepare": prepare,
    "report": report,
    "add": add,
}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    done = PIECES[name](*(int(a) if a.isdigit() else a for a in arguments))
    own, children = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    peak = max(resource.getrusage(who).ru_maxrss for who in (own, children)) / 1024
    print(json.dumps({**done, "peak_mb": round(peak)}))
    sys.stdout.flush()
    os._exit(0)  # taking a million values apart takes longer than measuring them
