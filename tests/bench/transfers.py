"""How well and how fast own transfers are found, in histories whose truth is known.

python tests/bench/transfers.py [EVENTS] [SEEDS]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from syncer.ledger.transfers import match
from tests.moves import BOOK, Maker, found_pairs


def main(events: int = 10_000, seeds: int = 3) -> None:
    print(f"own transfers: {events} events over 6 accounts")
    for seed in range(seeds):
        made = Maker(seed).history(events)
        start = time.perf_counter()
        matched = match(made.events, book=BOOK)
        took = time.perf_counter() - start
        found = list(found_pairs(matched))
        wrong = {c: sum(1 for p, how in found if how == c and p not in made.pairs) for c in _WAYS}
        right = {c: sum(1 for p, how in found if how == c and p in made.pairs) for c in _WAYS}
        open_ = {e.event_id for e in matched if e.kind in ("withdrawal", "deposit")}
        share = sum(right.values()) / len(made.pairs)
        print(
            f"seed {seed}: {len(made.pairs)} pairs, {share:.2%} found; "
            f"sure {right['sure']} right, {wrong['sure']} wrong; "
            f"likely {right['likely']} right, {wrong['likely']} wrong; "
            f"{len(made.alone & open_)} of {len(made.alone)} lost halves open; {took:.2f} s"
        )


_WAYS = ("sure", "likely")

if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
