"""A year of prices by the minute with planted crashes, looked at by the real scheduler as the
service looks: each crash is told within two polls, none twice, none in quiet hours, and the figures
are those of a direct computation."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from syncer.alerts import openings
from syncer.alerts.delivery import Manners, Waiting, to_send
from syncer.alerts.openings import Words
from syncer.alerts.polling import SOONEST, next_look
from syncer.alerts.states import AlertState, Message, Patience, stepped
from syncer.harvest.market import Market
from syncer.harvest.opportunities import How, Scan
from syncer.harvest.opportunity import Limits, turns_long_on
from syncer.lots.model import Lot
from tests.harvest.years import two_years
from tests.simulated import SimulatedLoop, set_clock_of_scheduler

D = Decimal
ZONE = ZoneInfo("America/New_York")
USUAL = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
DAYS = 365
START = datetime(2026, 1, 2, 5, tzinfo=UTC)
BASIS, PRICE = 40_000, 50_000  # dollars of one coin: 20% up
OPENS = D(36_000)  # 10% down
MANNERS = Manners(ZONE, (time(22), time(7)))
LIMITS = Limits(D(500), D(10), D(50))
PATIENCE = Patience(2, timedelta(minutes=15), timedelta(hours=24))
LOT = Lot("l", "k", "k", "BTC", D(1), D(BASIS), START - timedelta(days=40), "held", "e")


@dataclass(frozen=True, slots=True)
class Crash:
    """From a minute on the price falls for some minutes to the lowest, and is there to the end."""

    start: int
    falls: int
    end: int
    low: int

    def price(self, minute: int) -> int:
        part = min(minute - self.start + 1, self.falls)
        return PRICE - (PRICE - self.low) * part // self.falls


def crashes(seed: int) -> Iterator[Crash]:
    """A day apart or more, each deep enough to open, and there for three usual looks."""
    r, at = random.Random(seed), 24 * 60
    while True:
        at += r.randint(24 * 60, 175 * 60)
        falls, stays = r.randint(1, 60), r.randint(45, 900)
        if at + falls + stays > (DAYS - 1) * 24 * 60:
            return
        yield Crash(at, falls, at + falls + stays, r.randint(25_000, 35_000))
        at += falls + stays


def path(planted: Sequence[Crash], seed: int) -> list[int]:
    """Dollars at every minute: a walk that comes back to where it was, and the crashes."""
    r, found, off = random.Random(seed), list[int](), 0.0
    for _ in range(DAYS * 24 * 60):
        off += r.gauss(0, 15) - off / 2000
        found.append(PRICE + round(off))
    for crash in planted:
        for minute in range(crash.start, crash.end):
            found[minute] = crash.price(minute)
    return found


@dataclass
class Person:
    """States, an outbox and what was delivered when."""

    states: dict[str, AlertState] = field(default_factory=dict)
    outbox: list[Message] = field(default_factory=list)
    fired: list[tuple[datetime, Message]] = field(default_factory=list)
    got: list[tuple[datetime, str]] = field(default_factory=list)

    def look(self, scan: Scan, market: Market, now: datetime) -> None:
        found = scan.at({"BTC": market})
        words = Words("full", ZONE, timedelta(minutes=15))
        known = [k for k, s in self.states.items() if s.state != "clear"]
        watched = list(openings.watched(found, known, LIMITS, D("0.8"), PATIENCE, words, now))
        for state, message in stepped(self.states, watched, (), now):
            self.states[state.key] = state
            if message:
                self.outbox.append(message)
                self.fired.append((now, message))

    def deliver(self, now: datetime) -> None:
        waiting = [
            Waiting(m.alert_id, "c", 0, m.title, m.body, m.urgent, False) for m in self.outbox
        ]
        alone, _, _ = to_send(waiting, 0, MANNERS, now)
        self.got += [(now, w.alert_id) for w in alone]
        taken = {w.alert_id for w in alone}
        self.outbox = [m for m in self.outbox if m.alert_id not in taken]


class Year:
    """Looks by the real scheduler, sooner while prices move, until the path ends."""

    def __init__(self, prices: Sequence[int], how: How, loop: SimulatedLoop) -> None:
        self.person, self.looks = Person(), list[datetime]()
        self._prices, self._how, self._loop = prices, how, loop
        self._over = asyncio.Event()
        self._scan, self._before, self._every = Scan([LOT], how, START), dict[str, D](), USUAL
        self._scheduler = AsyncIOScheduler(timezone=UTC, event_loop=loop)

    async def live(self) -> None:
        first = START + USUAL
        self._scheduler.add_job(self._look, self._trigger(), id="look", next_run_time=first)
        self._scheduler.start()
        await self._over.wait()
        self._scheduler.shutdown(wait=False)

    def _trigger(self) -> IntervalTrigger:
        return IntervalTrigger(seconds=self._every.total_seconds(), timezone=UTC)

    async def _look(self) -> None:
        now = self._loop.now()
        minute = (now - START) // MINUTE
        if minute >= len(self._prices):
            return self._over.set()
        if not self.looks or now.astimezone(ZONE).date() != self.looks[-1].astimezone(ZONE).date():
            self._scan = Scan([LOT], self._how, now)
        self.looks.append(now)
        price = D(self._prices[minute])
        self.person.look(self._scan, Market(price, now), now)
        self.person.deliver(now)
        every = next_look(USUAL, self._before, {"BTC": price})
        self._before = {"BTC": price}
        if every != self._every:
            self._every = every
            self._scheduler.reschedule_job("look", trigger=self._trigger())
        return None


def test_every_crash_is_told_once_in_time_and_with_its_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planted = list(crashes(7))
    prices = path(planted, 3)
    how = How(two_years(2026, ordinary_income=D(100_000), other_short_term=D(20_000)), ZONE)
    with closing(SimulatedLoop(START)) as loop:
        set_clock_of_scheduler(loop.now, monkeypatch)
        year = Year(prices, how, loop)
        loop.run_until_complete(year.live())
    person, looks = year.person, year.looks
    assert len(planted) > 50
    assert DAYS * 96 < len(looks) < DAYS * 24 * 60 / 5
    soonest = min(b - a for a, b in pairwise(looks))
    assert abs(soonest - SOONEST) < timedelta(milliseconds=1)
    told = 0
    opened = [(at, m) for at, m in person.fired if ":closed" not in m.alert_id]
    for crash in planted:
        end = START + crash.end * MINUTE
        open_looks = [
            at
            for at in looks
            if crash.start <= (at - START) // MINUTE < crash.end
            and prices[(at - START) // MINUTE] <= OPENS
        ]
        mine = [(at, m) for at, m in opened if open_looks[0] <= at < end]
        assert mine[0][0] == open_looks[1], crash
        losses = [BASIS - D(prices[(at - START) // MINUTE]) for at, _ in mine]
        for (at, message), loss in zip(mine, losses, strict=True):
            is_long = at.astimezone(ZONE).date() >= turns_long_on(LOT, ZONE)
            short, long = (D(0), loss) if is_long else (loss, D(0))
            assert f"a loss of ${loss}.00 (short ${short:.2f}, long ${long:.2f})" in message.body
            saved = how.taxes.tax_saved(-short, -long)
            assert f"Estimated tax saved this year: ${saved}" in message.body
        # again within the rest only where the loss has grown by half
        assert all(after >= before * 3 / 2 for before, after in pairwise(losses)), crash
        told += len(mine)
    assert len(opened) == told
    ids = [i for _, i in person.got]
    assert len(ids) == len(set(ids))
    assert not any(MANNERS.is_quiet(at) for at, _ in person.got)
    assert {i for _, i in person.got} | {m.alert_id for m in person.outbox} == {
        m.alert_id for _, m in person.fired
    }


def test_a_stale_price_is_never_told_of() -> None:
    person = Person()
    scan = Scan([LOT], How(two_years(2026, ordinary_income=D(100_000)), ZONE), START)
    for minutes in range(0, 120, 15):
        now = START + timedelta(minutes=minutes)
        person.look(scan, Market(D(20_000), START - timedelta(minutes=16)), now)
    assert person.fired == []
