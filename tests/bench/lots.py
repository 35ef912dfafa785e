"""`make bench`: events in memory to lots and disposals, by rule and length of history.

One account, one asset, half buys and half sells, seeded. Prints seconds and, since a machine's
seconds say little, how much longer ten times the history takes.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncer.events import Event, Leg
from syncer.lots.engine import replay
from syncer.lots.terms import StandingOrder, Terms

START = datetime(2018, 1, 1, tzinfo=UTC)


def history(length: int) -> list[Event]:
    """Sells are a bit smaller than buys, so that open lots pile up as for a real holder."""
    chance, events = random.Random(7), []
    for number in range(length):
        units = Decimal(chance.randint(100, 1000)) / 100
        buying = number % 2 == 0
        units = units if buying else units * Decimal("0.6")
        usd = units * chance.randint(10, 100)
        sign = 1 if buying else -1
        legs = (
            Leg("a", "USD", -sign * usd, "principal", usd),
            Leg("a", "BTC", sign * units, "principal", usd),
        )
        at = START + timedelta(minutes=30 * number)
        events.append(Event(f"e{number}", "buy" if buying else "sell", at, legs, "", "", "sure"))
    return events


def seconds(events: list[Event], rule: str) -> float:
    orders = [StandingOrder("a", None, rule, START - timedelta(days=1), "proved")]
    started = time.perf_counter()
    replay(events, Terms(ZoneInfo("America/New_York"), orders=orders))
    return time.perf_counter() - started


if __name__ == "__main__":
    short, long = history(10_000), history(100_000)
    print("rule    10,000   100,000   ratio")
    for rule in ("fifo", "lifo", "hifo", "lofo"):
        first, second = seconds(short, rule), seconds(long, rule)
        print(f"{rule}   {first:6.2f} s  {second:6.2f} s  {second / first:5.1f}")
