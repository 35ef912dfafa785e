"""Years of disposals at three brokers and the forms that these would issue by their own rules.

The brokers' books here share no code with the product.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config.tax_law import tax_year
from connectors.brokers.form_1099da import FormLine
from syncer.events import Event, Leg
from syncer.lots.engine import replay
from syncer.lots.holding_period import long_term_on
from syncer.lots.model import Disposal
from syncer.lots.terms import StandingOrder, Terms
from syncer.reconcile.facts import facts
from syncer.reconcile.model import Place, Reconciliation
from syncer.reconcile.reconcile import reconcile
from syncer.tax.year import in_year

D = Decimal
ZONE = ZoneInfo("America/New_York")
YEAR = 2025
CENT = D("0.01")
PLACES = {
    "a": Place("Alpha, Inc.", "A-1"),
    "b": Place("Beta", "B-2"),
    "g": Place("Gamma", None),
    "w": Place(None, None),
}
COINS = {"BTC": ("Bitcoin", D(60000)), "ETH": ("Ethereum", D(3000)), "SOL": ("Solana", D(150))}


@dataclass
class Bought:
    """A lot in a broker's books: basis None if it came from elsewhere."""

    on: date
    units: Decimal
    basis: Decimal | None


@dataclass
class World:
    """Events, the brokers' lines, and what was planted: (line, kind) and (event, kind)."""

    seed: int
    events: list[Event] = field(default_factory=list)
    lines: list[FormLine] = field(default_factory=list)
    orders: list[StandingOrder] = field(default_factory=list)
    named: set[tuple[str, str]] = field(default_factory=set)
    silent: set[tuple[str, str]] = field(default_factory=set)  # (event, kind) without a line
    unexplained: Decimal = field(default_factory=D)
    books: dict[tuple[str, str], list[Bought]] = field(default_factory=lambda: defaultdict(list))
    number: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    # ---- what happens

    def event(self, kind: str, at: datetime, *legs: Leg, **more: Any) -> Event:
        self.number += 1
        one = Event(f"e{self.number:012x}", kind, at, legs, "r", "", "sure", **more)
        self.events.append(one)
        return one

    def some_time(self, first: date, last: date) -> datetime:
        """By day in New York and in London, so that no zone changes the date."""
        day = first + timedelta(days=self.random.randrange((last - first).days))
        second = self.random.randrange(14 * 3600, 22 * 3600)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)

    def units(self, coin: str) -> Decimal:
        price = COINS.get(coin, ("", D(1)))[1]
        return (D(self.random.randrange(200, 4000)) / price).quantize(D("0.000001"))

    def buy(self, account: str, coin: str, units: Decimal, at: datetime, times: int = 1) -> Event:
        price = COINS[coin][1] * D(self.random.randrange(50, 150)) / 100 * times
        usd = (units * price).quantize(CENT)
        fee = (usd * D("0.004")).quantize(CENT)
        one = self.event(
            "buy",
            at,
            Leg(account, "USD", -usd, "principal", usd),
            Leg(account, coin, units, "principal", usd),
            Leg(account, "USD", -fee, "fee", fee),
        )
        self.books[account, coin].append(Bought(local(at), units, usd + fee))
        return one

    def sell(
        self, account: str, coin: str, units: Decimal, at: datetime, fee_rate: str = "0.005"
    ) -> tuple[Event, Decimal, Decimal]:
        """The event, its proceeds net of the fee, and the fee."""
        price = COINS.get(coin, ("", D(1)))[1] * D(self.random.randrange(60, 180)) / 100
        if coin == "USDC":
            price = D(1)
        usd = (units * price).quantize(CENT)
        fee = (usd * D(fee_rate)).quantize(CENT)
        one = self.event(
            "sell",
            at,
            Leg(account, coin, -units, "principal", usd),
            Leg(account, "USD", usd, "principal", usd),
            Leg(account, "USD", -fee, "fee", fee),
        )
        return one, usd - fee, fee

    # ---- what brokers print

    def line(self, account: str, coin: str, **boxes: Any) -> FormLine:
        place = PLACES[account]
        one = FormLine(
            broker=place.broker or "",
            account=place.broker_account or "G-77",
            year=YEAR,
            line=str(len(self.lines) + 1),
            name=boxes.pop("name", COINS.get(coin, (coin, D(1)))[0]),
            **boxes,
        )
        self.lines.append(one)
        return one

    def taken(self, account: str, coin: str, units: Decimal) -> list[Bought]:
        """What the broker takes for a sale: the oldest by its own dates."""
        found, left = [], units
        queue = self.books[account, coin]
        while left:
            lot = queue[0]
            part = min(left, lot.units)
            basis = lot.basis
            if basis is not None:
                basis = (basis * part / lot.units).quantize(CENT)
                lot.basis = lot.basis - basis  # type: ignore[operator]
            found.append(Bought(lot.on, part, basis))
            lot.units -= part
            left -= part
            if not lot.units:
                queue.pop(0)
        return found

    def form(
        self, account: str, coin: str, units: Decimal, at: datetime, proceeds: Decimal, **more: Any
    ) -> list[FormLine]:
        """A line for each of short, long, and what came from elsewhere."""
        sold = local(at)
        groups: dict[tuple[bool, str], list[Bought]] = defaultdict(list)
        for lot in self.taken(account, coin, units):
            term = "long" if sold >= long_term_on(lot.on) else "short"
            groups[lot.basis is None, term].append(lot)
        made, given, upto = [], D(0), D(0)
        for (noncovered, term), lots in groups.items():
            part = sum((x.units for x in lots), D(0))
            upto += part
            share = (proceeds * upto / units).quantize(CENT) - given
            given += share
            days = {x.on for x in lots}
            known = None if noncovered else sum((x.basis or D(0) for x in lots), D(0))
            boxes = {
                "units": part,
                "acquired": days.pop() if len(days) == 1 and not noncovered else None,
                "sold": sold,
                "proceeds": share,
                "basis": known,
                "basis_reported": not noncovered,
                "term": None if noncovered else term,
                "noncovered": noncovered,
            }
            made.append(self.line(account, coin, **{**boxes, **more}))
        return made

    def swap_line(self, old: FormLine, **boxes: Any) -> FormLine:
        """The same line with other boxes."""
        new = replace(old, **boxes)
        self.lines[self.lines.index(old)] = new
        return new


def local(at: datetime) -> date:
    return at.astimezone(ZONE).date()


# ---- a plain year


def history(seed: int, sales: int) -> World:
    """Purchases of two years and sales of 2025 at three brokers, nothing odd."""
    world = World(seed)
    held: dict[tuple[str, str], Decimal] = defaultdict(D)
    for account in "abg":
        for coin in ("BTC", "ETH", "SOL"):
            for _ in range(max(3, sales // 30)):
                units = world.units(coin)
                world.buy(
                    account, coin, units, world.some_time(date(2023, 1, 1), date(2024, 12, 30))
                )
                held[account, coin] += units
            world.books[account, coin].sort(key=lambda b: b.on)
    world.events.sort(key=lambda e: e.at)
    for key in held:  # two lots of a day are in order of time, as in the product
        world.books[key] = _in_order(world, *key)
    plan = []
    for _ in range(sales):
        account, coin = world.random.choice(sorted(held))
        some = held[account, coin] / D(world.random.randrange(30, 90) + sales // 9)
        units = some.quantize(D("0.000001"))
        held[account, coin] -= units
        plan.append((world.some_time(date(2025, 1, 5), date(2025, 12, 20)), account, coin, units))
    for at, account, coin, units in sorted(plan):
        _, proceeds, _ = world.sell(account, coin, units, at)
        world.form(account, coin, units, at, proceeds)
    return world


def _in_order(world: World, account: str, coin: str) -> list[Bought]:
    found = []
    for one in world.events:
        for leg in one.coming():
            if (leg.account, leg.asset) == (account, coin):
                cost = (leg.usd or D(0)) + sum((f.usd or D(0) for f in one.fees()), D(0))
                found.append(Bought(local(one.at), leg.quantity, cost))
    return found


def found_by_product(world: World) -> tuple[Reconciliation, list[Disposal]]:
    """What the product makes of a world."""
    brokers = frozenset("abg")
    terms = Terms(ZONE, orders=tuple(world.orders), brokers=brokers)
    disposals = in_year(replay(world.events, terms).disposals, YEAR, ZONE)
    known = facts(world.events, PLACES, world.orders, ZONE)
    done = reconcile(world.lines, disposals, [], PLACES, tax_year(YEAR), ZONE, known)
    return done, disposals
