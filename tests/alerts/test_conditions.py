"""What is told beside openings, each from the moment that it is so, and how much of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncer.alerts.conditions import (
    BalanceFacts,
    Facts,
    LawDate,
    Limits,
    SourceFacts,
    watched,
)
from syncer.alerts.states import AT_ONCE, AlertState, Message, stepped
from syncer.harvest.market import Market
from syncer.harvest.opportunities import How, opportunities
from syncer.harvest.ripening import Ripening
from syncer.lots.model import Lot
from tests.harvest.years import two_years

D = Decimal
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 8, 20, 17, tzinfo=UTC)
LOT = Lot("l", "k", "k", "ETH", D(2), D(9000), NOW - timedelta(days=300), "held", "e")
LIMITS = Limits(14, D(500), None, D(1000), timedelta(hours=24))
NOTHING = Facts(NOW, ZONE, (), (), D(0), D(0), 0, (), (), (None, None), timedelta(days=1), ())


def told(facts: Facts, limits: Limits = LIMITS, detail: str = "full") -> list[Message]:
    found = stepped({}, list(watched(facts, limits, detail, AT_ONCE)), (), facts.now)
    return [m for _, m in found if m]


def test_nothing_is_told_of_nothing() -> None:
    assert told(NOTHING) == []


@pytest.mark.parametrize(
    ("days", "gain", "count"), [(14, -600, 1), (15, -600, 0), (3, -499, 0), (3, 900, 1)]
)
def test_a_lot_that_turns_long_term(days: int, gain: int, count: int) -> None:
    day = date(2026, 8, 20) + timedelta(days=days)
    found = told(replace(NOTHING, ripening=[Ripening(LOT, D(gain), day)]))
    assert len(found) == count
    if found:
        what = "a short-term loss turns" if gain < 0 else "a gain turns"
        assert found[0].title == f"Syncer: {what} long-term in {days} days"
        assert f"2 ETH of ${abs(gain)}.00, on {day}" in found[0].body


def test_dollars_are_told_only_in_full() -> None:
    facts = replace(
        NOTHING,
        ripening=[Ripening(LOT, D(-600), date(2026, 8, 25))],
        undecided=D(5000),
        open_items=3,
        balances=[BalanceFacts("k", "k", "BTC", D("0.5"), NOW)],
    )
    for detail in ("none", "percent"):
        assert not any("$" in m.body or "0.5" in m.body for m in told(facts, detail=detail))
    assert sum("$" in m.body or "0.5" in m.body for m in told(facts)) == 3


def test_a_balance_that_differs_says_by_how_much_and_since_when() -> None:
    facts = replace(NOTHING, balances=[BalanceFacts("kraken", "k", "BTC", D("-0.5"), NOW)])
    (one,) = told(facts)
    assert "BTC at k differs by -0.5 from what was reported since 2026-08-20" in one.body


def _openings() -> Any:
    prices = {"ETH": Market(D(1000), NOW)}
    how = How(two_years(2026, ordinary_income=D(100_000)), ZONE)
    return opportunities([LOT], prices, how, NOW)


@pytest.mark.parametrize(
    ("day", "stage"),
    [((9, 29), None), ((10, 1), 92), ((10, 31), 61), ((11, 30), 31), ((12, 17), 14), ((12, 31), 1)],
)
def test_the_end_of_the_year_is_counted_down_from_october(
    day: tuple[int, int], stage: int | None
) -> None:
    now = datetime(2026, *day, 17, tzinfo=UTC)
    found = told(replace(NOTHING, now=now, openings=_openings()))
    assert [m.alert_id for m in found] == ([f"year_end:2026:{stage}#1"] if stage else [])


def test_the_end_of_the_year_is_silent_where_nothing_is_worth_doing() -> None:
    assert told(replace(NOTHING, now=datetime(2026, 12, 1, tzinfo=UTC))) == []


def test_gains_above_the_plan_are_told_once_a_year() -> None:
    facts = replace(NOTHING, realised=D(20_001))
    assert told(facts) == []
    assert [m.alert_id for m in told(facts, replace(LIMITS, gains_usd=D(20_000)))] == [
        "gains:2026#1"
    ]
    assert told(replace(facts, realised=D(20_000)), replace(LIMITS, gains_usd=D(20_000))) == []


@pytest.mark.parametrize(("hours", "count"), [(24, 0), (25, 1)])
def test_a_stale_source(hours: int, count: int) -> None:
    source = SourceFacts("kraken", NOW - timedelta(hours=hours))
    found = told(replace(NOTHING, sources=[source, SourceFacts("new", None)]))
    assert [m.title for m in found] == ["Syncer: kraken is stale"] * count


@pytest.mark.parametrize(
    ("backup", "count"),
    [
        ((None, None), 0), ((NOW - timedelta(hours=47), None), 0),
        ((NOW - timedelta(hours=49), None), 1), ((NOW, "the disk is full"), 1),
    ],
)  # fmt: skip
def test_a_backup_that_failed_or_was_not_made(backup: Any, count: int) -> None:
    assert len(told(replace(NOTHING, backup=backup))) == count


@pytest.mark.parametrize(("ahead", "count"), [(31, 0), (30, 1), (0, 1), (-1, 0)])
def test_a_law_that_comes_near(ahead: int, count: int) -> None:
    law = LawDate("relief", date(2026, 8, 20) + timedelta(days=ahead), "tell the broker")
    found = told(replace(NOTHING, laws=[law]))
    assert [m.body for m in found] == ["tell the broker"] * count


def test_a_queue_in_review_clears_when_it_is_answered() -> None:
    (state,) = [
        s
        for s, _ in stepped(
            {}, list(watched(replace(NOTHING, undecided=D(1000)), LIMITS, "full", AT_ONCE)), (), NOW
        )
        if s.key == "review:queue"
    ]
    assert (state.state, state.loss) == ("firing", D(1000))
    states: dict[str, AlertState] = {state.key: state}
    after = [
        s
        for s, _ in stepped(states, list(watched(NOTHING, LIMITS, "full", AT_ONCE)), (), NOW)
        if s.key == "review:queue"
    ]
    assert after[0].state == "clear"
