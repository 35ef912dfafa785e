"""`make soak`: a long life at every venue, pulled again and again over a bad network.

For each venue and seed: 20,000 rows, a first load, then scheduled pulls while rows arrive, arrive
late, change their state, and requests fail at random. At the end what is stored is held against
what the venue has. Exits 1 if a row is lost, doubled or other, or a balance is not proved.

    SEEDS=2 PULLS=100 ROWS=20000 VENUES=kraken,gemini .venv/bin/python tests/soak/exchanges.py
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from connectors.exchanges import binanceus, cryptocom
from tests.venues.contract import Pulled, difference, pulled_from
from tests.venues.known import LOCAL
from tests.venues.life import DAY_MS
from tests.venues.local import START, LocalVenue

SEEDS, PULLS = int(os.environ.get("SEEDS", "2")), int(os.environ.get("PULLS", "100"))
ROWS = int(os.environ.get("ROWS", "20000"))
VENUES = os.environ.get("VENUES", ",".join(sorted(LOCAL))).split(",")


@dataclass
class Count:
    """What one run came to."""

    venue: str
    seed: int
    pulls: int = 0
    faulted: int = 0
    failed: int = 0
    faults: int = 0
    rows: int = 0
    lost: int = 0
    doubled: int = 0
    other: int = 0
    gaps: int | None = None
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return (self.lost, self.doubled, self.other, self.gaps) == (0, 0, 0, 0)


async def soak(name: str, seed: int, folder: Path) -> Count:
    """One venue's life by one seed."""
    chance = random.Random(f"{name} {seed}")
    local = LOCAL[name](chance)
    local.live(ROWS, 390 * DAY_MS)
    count, began = Count(name, seed), time.monotonic()
    with pulled_from(local, folder) as pulled:
        for _ in range(PULLS):
            local.fault_rate, local.busy = chance.choice((0.02, 0.1, 0.3)), 0.05
            before = local.faults
            result = await pulled.pull()
            count.pulls += 1
            count.faulted += local.faults > before
            count.failed += result.sentence is not None
            local.now += chance.randint(60_000, DAY_MS)
            local.live(chance.randint(0, 20), 6 * DAY_MS)
            local.settle()
        local.fault_rate = local.busy = 0.0  # a row between walk and report is a true gap
        await _end(local, pulled, count)
    count.faults, count.seconds = local.faults, time.monotonic() - began
    return count


async def _end(local: LocalVenue, pulled: Pulled, count: Count) -> None:
    local.now += 60_000
    last = await pulled.pull()
    count.gaps = last.proof.gaps if last.proof else None
    lost, doubled, other = difference(pulled)
    count.lost, count.doubled, count.other = len(lost), len(doubled), len(other)
    count.rows = len(local.rows())


def main() -> None:
    for venue in (binanceus, cryptocom):
        venue.OPENED = START // 1000  # so that no pull is spent on empty years
    out = Console(width=120)
    counts: list[Count] = []
    for name in VENUES:
        for seed in range(SEEDS):
            with tempfile.TemporaryDirectory() as folder:
                counts.append(asyncio.run(soak(name, seed, Path(folder))))
            one = counts[-1]
            out.print(
                f"{name} seed {seed}: {one.pulls} pulls, {one.faulted} with faults, {one.faults} "
                f"faults, {one.failed} failed; {one.rows} rows: {one.lost} lost, {one.doubled} "
                f"doubled, {one.other} other, {one.gaps} gaps; {one.seconds:.0f} s"
            )
    table = Table(title="Soak")
    for column in ("venues", "pulls", "with faults", "faults", "rows", "lost", "doubled", "gaps"):
        table.add_column(column, justify="right")
    sums = [sum(getattr(c, f) or 0 for c in counts) for f in _SUMMED]
    table.add_row(str(len(VENUES)), *(str(s) for s in sums))
    out.print(table)
    sys.exit(0 if all(c.good for c in counts) else 1)


_SUMMED = ("pulls", "faulted", "faults", "rows", "lost", "doubled", "gaps")

if __name__ == "__main__":
    main()
