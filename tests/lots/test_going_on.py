"""Whatever a person's terms are: a replay that stops and goes on is one replay, nothing is lost,
and no unit of a wash sale counts twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.exact import ZERO, cents
from connectors.records import Entry
from syncer.events import Event
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from syncer.ledger.values import Quote, value
from syncer.lots.changeover import UNALLOCATED
from syncer.lots.engine import Engine, replay
from syncer.lots.model import Disposal
from syncer.lots.terms import StandingOrder, Terms, WashSales
from tests.lots.test_properties import ACCOUNTS, COINS, START, ZONE, entry_groups

ENFORCED, WARNED = WashSales("enforce"), WashSales("warn")


def events_of(entries: list[Entry]) -> list[Event]:
    events = name_events(entries, (), Treatments())
    prices = {(c, e.at): Quote(Decimal("123.45"), "test") for c in COINS for e in events}
    return value(events, prices)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    rule = draw(st.sampled_from(("fifo", "lifo", "hifo", "lofo", "tax_min")))
    start = START + timedelta(hours=draw(st.integers(0, 10_000)))
    return Terms(
        ZONE,
        pools=draw(st.sampled_from(({}, dict.fromkeys(ACCOUNTS, "broker")))),
        orders=[StandingOrder("a", None, rule, start, "proved")],
        transfer_order=draw(st.sampled_from(("fifo", "lifo", "hifo", "lofo"))),
        before_2025=draw(st.sampled_from(("per_account", "universal"))),
        fees_before_2025=draw(st.sampled_from(("same_as_2025", "basis"))),
        wash_sales=draw(st.sampled_from((None, ENFORCED, WARNED))),
    )


@settings(max_examples=200, deadline=None)
@given(entry_groups(), terms(), st.lists(st.integers(0, 20_000), max_size=3))
def test_replay_that_goes_on_is_the_same_replay(
    entries: list[Entry], how: Terms, hours: list[int]
) -> None:
    events = events_of(entries)
    engine = Engine(how)
    left = events
    for hour in sorted(hours):
        until = START + timedelta(hours=hour)
        engine.run([e for e in left if e.at <= until], until)
        left = [e for e in left if e.at > until]
    engine.run(left)
    assert engine.result() == replay(events, how)


@settings(max_examples=200, deadline=None)
@given(entry_groups(), terms())
def test_units_and_basis_are_conserved_under_any_terms(entries: list[Entry], how: Terms) -> None:
    events = events_of(entries)
    result = replay(events, how)
    acquired: dict[str, Decimal] = defaultdict(lambda: ZERO)
    cost: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for event in events:
        if event.kind in ("buy", "trade") or event.kind.startswith("income"):
            in_basis = event.kind == "buy" or (
                event.kind == "trade"
                and how.fees_before_2025 == "basis"
                and event.at < Engine(how).changes_at
            )
            for leg in event.coming():
                fees = sum((f.usd or ZERO for f in event.fees()), ZERO) if in_basis else ZERO
                acquired[leg.asset] += leg.quantity
                cost[leg.asset] += cents((leg.usd or ZERO) + fees)
    for coin in COINS:
        sold = [d for d in result.disposals if d.asset == coin]
        lots = [x for x in result.lots if x.asset == coin]
        known = sum((d.quantity for d in sold if d.lot_id), ZERO)
        left = sum((x.quantity for x in lots), ZERO)
        if coin in result.unallocated:
            continue  # which units are left is not known, so neither is their number
        assert known + left == acquired[coin]
        basis = sum((d.basis_usd or ZERO for d in sold), ZERO)
        basis += sum((x.basis_usd or ZERO for x in lots), ZERO)
        assert basis == cost[coin] + sum((d.washed_usd for d in sold), ZERO)


def _figures(disposals: Iterable[Disposal]) -> list[Disposal]:
    """In the order in which the store has them: of one instant, plain sales of different coins may
    be replayed in any."""
    plain = (d._replace(gaps=()) for d in disposals)
    return sorted(plain, key=lambda d: (d.disposed_at, d.event_id, d.leg, d.part))


@settings(max_examples=200, deadline=None)
@given(entry_groups(), st.sampled_from(("per_account", "universal")))
def test_enforced_wash_sales_only_put_losses_off(entries: list[Entry], before: str) -> None:
    events = events_of(entries)
    off = Terms(ZONE, before_2025=before)  # type: ignore[arg-type]
    for one in replay(events, replace(off, wash_sales=ENFORCED)).disposals:
        assert one.washed_usd >= ZERO
        if one.washed_usd:
            loss = (one.proceeds_usd or ZERO) - (one.basis_usd or ZERO)
            assert one.gain_usd == loss + one.washed_usd <= ZERO
    warned = replay(events, replace(off, wash_sales=WARNED))
    assert _figures(warned.disposals) == _figures(replay(events, off).disposals)
    assert warned.lots == replay(events, off).lots


@settings(max_examples=100, deadline=None)
@given(entry_groups())
def test_what_nobody_allocated_has_no_gain_and_says_so(entries: list[Entry]) -> None:
    result = replay(events_of(entries), Terms(ZONE, before_2025="universal"))
    for one in result.disposals:
        if UNALLOCATED in one.gaps:
            assert one.asset in result.unallocated
            assert (one.gain_usd, one.basis_usd, one.acquired_at, one.term) == (None,) * 4
            assert one.disposed_at >= datetime(2025, 1, 1, 5, tzinfo=UTC)
    for lot in result.lots:
        assert not lot.unallocated or lot.asset in result.unallocated


def test_an_event_of_the_past_is_refused_by_a_replay_that_went_past_it() -> None:
    def buy(name: str, day: int) -> Event:
        at = datetime(2025, 1, day, tzinfo=UTC)
        entries = [
            Entry("s", name, "a", asset, Decimal(q), at, "principal", "trade", f"{name}{asset}")
            for asset, q in (("USD", -100), ("BTC", 1))
        ]
        return events_of(entries)[0]

    engine = Engine(Terms(ZONE))
    engine.run([buy("x", 5)])
    with pytest.raises(ValueError, match="is not later than 2025-01-05"):
        engine.run([buy("y", 5)])
