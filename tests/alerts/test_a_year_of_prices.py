"""A year of prices by the quarter of an hour with planted crashes: each is told within two polls,
none twice, none in quiet hours, and the figures are those of a direct computation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from syncer.alerts import openings
from syncer.alerts.delivery import Manners, Waiting, to_send
from syncer.alerts.openings import Words
from syncer.alerts.states import AlertState, Message, Patience, stepped
from syncer.harvest.market import Market
from syncer.harvest.opportunities import How, Scan
from syncer.harvest.opportunity import Limits, turns_long_on
from syncer.lots.model import Lot
from tests.harvest.years import two_years

D = Decimal
ZONE = ZoneInfo("America/New_York")
POLL = timedelta(minutes=15)
DAYS = 365
START = datetime(2026, 1, 2, 5, tzinfo=UTC)
BASIS, PRICE = D(40_000), D(50_000)  # of one coin: 20% up
MANNERS = Manners(ZONE, (time(22), time(7)))
LIMITS = Limits(D(500), D(10), D(50))
PATIENCE = Patience(2, timedelta(minutes=15), timedelta(hours=24))


Crash = tuple[datetime, datetime, Decimal]  # from when to when, and the price


def crashes(seed: int) -> list[Crash]:
    """A day apart or more, each deep enough to open."""
    r, found, at = random.Random(seed), list[Crash](), START + timedelta(days=1)
    while True:
        at += timedelta(minutes=15 * r.randint(96, 700))
        end = at + timedelta(minutes=15 * r.randint(4, 60))
        if end > START + timedelta(days=DAYS - 1):
            return found
        found.append((at, end, D(r.randint(25_000, 35_000))))
        at = end


def price_at(now: datetime, planted: list[Crash], r: random.Random) -> Decimal:
    for start, end, low in planted:
        if start <= now < end:
            return low
    return PRICE + r.randint(-3000, 3000)


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


def _polls() -> Iterator[datetime]:
    now = START
    while now < START + timedelta(days=DAYS):
        yield now
        now += POLL


def test_every_crash_is_told_once_in_time_and_with_its_figures() -> None:
    planted, r, person = crashes(7), random.Random(3), Person()
    lot = Lot("l", "k", "k", "BTC", D(1), BASIS, START - timedelta(days=40), "held", "e")
    how = How(two_years(2026, ordinary_income=D(100_000), other_short_term=D(20_000)), ZONE)
    scan, day = Scan([lot], how, START), START.astimezone(ZONE).date()
    for now in _polls():
        if now.astimezone(ZONE).date() != day:
            scan, day = Scan([lot], how, now), now.astimezone(ZONE).date()
        person.look(scan, Market(price_at(now, planted, r), now), now)
        person.deliver(now)
    opened = [(at, m) for at, m in person.fired if ":closed" not in m.alert_id]
    for start, end, low in planted:
        mine = [(at, m) for at, m in opened if start <= at < end + POLL]
        assert mine, f"the crash of {start} was not told"
        at, message = mine[0]
        assert at <= start + 2 * POLL
        loss, is_long = BASIS - low, at.astimezone(ZONE).date() >= turns_long_on(lot, ZONE)
        short, long = (D(0), loss) if is_long else (loss, D(0))
        assert f"a loss of ${loss}.00 (short ${short:.2f}, long ${long:.2f})" in message.body
        saved = how.taxes.tax_saved(-short, -long)
        assert f"Estimated tax saved this year: ${saved}" in message.body
        assert all(b - a >= PATIENCE.cooldown for (a, _), (b, _) in pairwise(mine))
    assert len(opened) >= len(planted)
    ids = [i for _, i in person.got]
    assert len(ids) == len(set(ids))
    assert not any(MANNERS.is_quiet(at) for at, _ in person.got)
    assert {i for _, i in person.got} | {m.alert_id for m in person.outbox} == {
        m.alert_id for _, m in person.fired
    }


def test_a_stale_price_is_never_told_of() -> None:
    person = Person()
    lot = Lot("l", "k", "k", "BTC", D(1), BASIS, START - timedelta(days=40), "held", "e")
    scan = Scan([lot], How(two_years(2026, ordinary_income=D(100_000)), ZONE), START)
    for minutes in range(0, 120, 15):
        now = START + timedelta(minutes=minutes)
        person.look(scan, Market(D(20_000), START - timedelta(minutes=16)), now)
    assert person.fired == []
