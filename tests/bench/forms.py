"""Time to reconcile a year: 20,000 lines of three brokers with all deviations planted, against the
replay of the lots behind them. Prints seconds and the ratio; wanted: under 10 seconds."""

from __future__ import annotations

import sys
import time

from config.tax_law import tax_year
from syncer.lots.engine import replay
from syncer.lots.terms import Terms
from syncer.reconcile.facts import facts
from syncer.reconcile.reconcile import reconcile
from syncer.tax.year import in_year
from tests.reconcile.brokers import PLACES, YEAR, ZONE, history
from tests.reconcile.deviations import DEVIATIONS

WANTED = 10.0  # seconds


def main(sales: int) -> None:
    world = history(7, sales)
    for plant in DEVIATIONS.values():
        plant(world)
    started = time.perf_counter()
    terms = Terms(ZONE, orders=tuple(world.orders), brokers=frozenset("abg"))
    disposals = in_year(replay(world.events, terms).disposals, YEAR, ZONE)
    replayed = time.perf_counter()
    known = facts(world.events, PLACES, world.orders, ZONE)
    done = reconcile(world.lines, disposals, [], PLACES, tax_year(YEAR), ZONE, known)
    ended = time.perf_counter()
    took = ended - replayed
    named = {(x.line.key, k) for x in done.lines for k in x.kinds}
    missed = world.named - named
    print(
        f"{len(world.lines):,} lines, {len(disposals):,} slices: {took:.1f} s (wanted {WANTED:.0f})"
    )
    print(
        f"  {took / (replayed - started):.1f} times the replay of their lots; missed: {len(missed)}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16_500)
