"""`make bench`: what exactly-once costs over a bare ccxt loop, on 100,000 rows of a local venue.

    ROWS=100000 VENUES=kraken,gemini .venv/bin/python tests/bench/pulls.py

The venue is a process of its own, throttling is off. One process pulls, stores and proves; another
calls the same endpoints with the same parameters through ccxt alone and throws the answers away.
Printed for each: CPU of the two and its difference per row, the ratio of wall times, peak memory.
LATENCY (seconds, 0) is what each answer takes beside the local server's own work: 0.05 is a good
line to a real venue.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from connectors.exchanges import client as exchange_client
from connectors.exchanges.ccxt_parts import errors, exchange_class
from connectors.exchanges.client import VenueClient
from connectors.exchanges.venues import VENUES
from syncer.clock import Clock
from syncer.ingest.pull import Again, pull_source
from syncer.sources import Source
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.venues.known import LOCAL
from tests.venues.serve import served

ROWS = int(os.environ.get("ROWS", "100000"))
LATENCY = float(os.environ.get("LATENCY", "0"))
# rows of a life that become one record each; a trade is two rows in Kraken's ledger, and one more
LIVES = {"kraken": 0.43, "coinbase": 0.55, "bitstamp": 0.7, "cryptocom": 0.5}


def client(name: str, url: str) -> VenueClient:
    made = VenueClient(name, "x", LOCAL[name].key, url)
    made._client.enableRateLimit = False
    return made


async def pull(name: str, told: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Pull everything into a new database; the calls go to a file."""
    venue, calls = VENUES[name], []
    database = Database(f"sqlite:///{folder / 'x.db'}")
    migrate(database)
    opened = client(name, told["url"])
    once = opened._once

    async def noted(endpoint: str, arguments: tuple[Any, ...]) -> Any:
        calls.append((endpoint, arguments))
        return await once(endpoint, arguments)

    opened._once = noted  # type: ignore[method-assign]

    def open_(database: Database, clock: Clock) -> Any:
        return venue.talk("x", opened, clock, True)

    now = datetime.fromtimestamp(told["now"] / 1000, UTC)
    source = Source("x", "x", open_, venue.translate, venue.alone, breaks=venue.breaks)
    began = usage()
    done = await pull_source(database, source, lambda: now, Again(), lambda *said: None)
    measured = since(began)
    assert done.sentence is None, done.sentence
    assert done.proof is not None
    assert done.proof.gaps == 0
    (folder / "calls.json").write_text(json.dumps(calls), encoding="utf-8")
    return {**measured, "rows": done.new_records, "calls": len(calls)}


async def loop(name: str, told: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same calls through ccxt alone."""
    calls = json.loads((folder / "calls.json").read_text(encoding="utf-8"))
    bare = exchange_class(name)
    key = LOCAL[name].key
    ccxt = bare({"apiKey": key.key, "secret": key.secret, "enableRateLimit": False})
    ccxt.urls["api"] = exchange_client._at(told["url"], ccxt.urls["api"])
    began = usage()
    for endpoint, arguments in calls:
        with contextlib.suppress(errors().BaseError):  # it refused us as well
            await getattr(ccxt, endpoint)(*arguments)
    measured = since(began)
    await ccxt.close()
    return measured


def usage() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def since(began: tuple[float, float]) -> dict[str, Any]:
    cpu, wall = usage()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": cpu - began[0], "wall": wall - began[1], "mb": peak}


def child(mode: str, name: str, told: dict[str, Any], folder: str) -> dict[str, Any]:
    command = [sys.executable, __file__, mode, name, json.dumps(told), folder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare(name: str) -> None:
    rows = int(ROWS * LIVES.get(name, 1.0))
    with (
        served(name, f"bench {name}", rows, LATENCY) as told,
        tempfile.TemporaryDirectory() as folder,
    ):
        ours = child("pull", name, told, folder)
        theirs = child("loop", name, told, folder)
    extra = (ours["cpu"] - theirs["cpu"]) / ours["rows"] * 1e6
    print(
        f"{name}: {ours['rows']} rows in {ours['calls']} calls; CPU {ours['cpu']:.1f} s, bare loop "
        f"{theirs['cpu']:.1f} s: {extra:.0f} us a row (wanted 60); wall "
        f"{ours['wall']:.1f} s, {ours['wall'] / theirs['wall']:.2f} x (wanted 1.3); "
        f"{ours['mb']:.0f} MB (wanted 300)",
        flush=True,
    )


def main() -> None:
    if len(sys.argv) == 5:
        mode, name, told, folder = sys.argv[1:]
        work = {"pull": pull, "loop": loop}[mode]
        print(json.dumps(asyncio.run(work(name, json.loads(told), Path(folder)))))
        return
    for name in os.environ.get("VENUES", ",".join(sorted(LOCAL))).split(","):
        compare(name)


if __name__ == "__main__":
    main()
