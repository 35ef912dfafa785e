"""Seeded histories for the benchmarks: half buys, half sells over 2018 to 2025, one account.

Each sell is a bit smaller than the average buy, so that open lots pile up as for a real holder.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from heapq import merge

from syncer.events import Event, Leg, event_id

START = datetime(2018, 1, 2, tzinfo=UTC)
SPAN = timedelta(days=2883)


@dataclass(frozen=True, slots=True)
class Trade:
    """One row: dollars per unit, and the fee of a buy."""

    at: datetime
    asset: str
    buys: bool
    units: Decimal
    price: Decimal
    fee: Decimal


def trades(length: int, assets: int, seed: int = 7) -> Iterator[Trade]:
    """Asset after asset, each in order of time."""
    for number in range(1, assets + 1):
        yield from _of_asset(f"bench:B{number}", length // assets, seed)


def _of_asset(asset: str, count: int, seed: int) -> Iterator[Trade]:
    chance = random.Random(f"{seed}:{asset}")
    step, price, held = SPAN / count, 1000.0, 0.0
    for number in range(count):
        price = max(10.0, price * (1 + chance.gauss(0, 0.004)))
        at = (START + step * number).replace(microsecond=0)
        buys = number % 2 == 0
        size = chance.uniform(0.5, 2.0) if buys else min(chance.uniform(0.5, 1.8), held * 0.9)
        units = round(size, 8)
        held += units if buys else -units
        fee = round(price * units * 0.004, 2) if buys else 0
        yield Trade(at, asset, buys, *(Decimal(str(x)) for x in (units, round(price, 2), fee)))


def event(trade: Trade, number: int) -> Event:
    """The trade as the ledger would name and value it."""
    usd = trade.units * trade.price
    money, coins = (-usd, trade.units) if trade.buys else (usd, -trade.units)
    legs = [
        Leg("bench", "USD", money, "principal", usd),
        Leg("bench", trade.asset, coins, "principal", usd),
    ]
    if trade.fee:
        legs.append(Leg("bench", "USD", -trade.fee, "fee", trade.fee))
    kind = "buy" if trade.buys else "sell"
    key = event_id("bench", str(number))
    return Event(key, kind, trade.at, tuple(legs), "bench", "", "sure")


def events(length: int, assets: int) -> list[Event]:
    """In order of time, as the ledger gives them."""
    return [event(t, n) for n, t in enumerate(in_order(length, assets))]


def in_order(length: int, assets: int) -> Iterator[Trade]:
    """The trades of all assets by time, none kept longer than needed."""
    each = [_of_asset(f"bench:B{n}", length // assets, 7) for n in range(1, assets + 1)]
    return merge(*each, key=lambda t: t.at)
