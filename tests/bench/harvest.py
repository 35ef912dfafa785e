"""Openings over 100,000 open lots after a change of prices, and a plan over 200 positions.

Wanted: all assets in under 0.5 s, one asset in under 0.05 s, a plan in under 5 s. What a machine
can do differs; the ratios of one run do not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncer.harvest.market import Costs, Market
from syncer.harvest.opportunities import How, Scan
from syncer.harvest.plan import plan
from syncer.lots.model import Lot
from tests.harvest.years import two_years

D = Decimal
NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
LOTS, POSITIONS = 100_000, 200


def lots(count: int, positions: int) -> list[Lot]:
    r, found = random.Random(8), []
    for n in range(count):
        place = n % positions
        at = NOW - timedelta(days=r.randint(1, 1500), seconds=n)
        units, basis = D(r.randint(1, 10**8)).scaleb(-6), D(r.randint(100, 10**7)).scaleb(-2)
        account, asset = f"a{place % 4}", f"COIN{place // 4}"
        found.append(Lot(f"l{n}", account, account, asset, units, basis, at, "held", "e"))
    return found


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    taxes = two_years(
        2026, ordinary_income=D(150_000), other_short_term=D(90_000), other_long_term=D(60_000),
        state_rate=D("0.05"),
    )  # fmt: skip
    how = How(taxes, ZONE, costs=lambda account: Costs(D("0.4"), D(0), D(5)))
    r, held = random.Random(9), lots(LOTS, POSITIONS)
    assets = sorted({lot.asset for lot in held})
    prices = {a: Market(D(r.randint(100, 90_000)).scaleb(-2), NOW) for a in assets}
    scan = Scan(held, how, NOW)
    first = timed(lambda: scan.at(prices))
    moved = {a: Market(m.usd * D("0.97"), NOW) for a, m in prices.items()}
    every = timed(lambda: scan.at(moved))
    one = {**moved, assets[0]: Market(moved[assets[0]].usd * D("0.98"), NOW)}
    single = timed(lambda: scan.at(one))
    print(f"{LOTS:,} lots at {POSITIONS} positions: first look {first:.2f} s")
    print(
        f"  every price changed: {every:.3f} s (wanted 0.5), {every / first:.2f} of the first look"
    )
    print(f"  one price changed: {single:.4f} s (wanted 0.05), {single / every:.3f} of every")
    few = lots(4_000, POSITIONS)
    planned = timed(lambda: plan(few, prices, how, NOW, "max-benefit"))
    print(f"a plan over {POSITIONS} positions of 20 lots: {planned:.2f} s (wanted 5)")


if __name__ == "__main__":
    main()
