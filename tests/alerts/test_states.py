"""One message while a loss hovers round the threshold; confirmed, rested, grown, snoozed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.alerts.states import ONCE, AlertState, Patience, Reading, Watched, step, stepped

D = Decimal
AT_FIRST = Patience(1, timedelta(0))
START = datetime(2025, 5, 1, tzinfo=UTC)


def _reading(loss: int) -> Reading:
    return Reading("harvest:k:BTC:2025", loss >= 500, loss < 400, D(loss))


def _told(readings: list[tuple[str, int]], patience: Patience) -> list[tuple[str, str]]:
    state: AlertState | None = None
    told = []
    for when, loss in readings:
        at = datetime.fromisoformat(f"2025-05-{when}").replace(tzinfo=UTC)
        state, what = step(state, _reading(loss), patience, at)
        told += [(when, what)] if what else []
    return told


def test_hovering_loss_gives_two_messages_in_a_day_and_a_half_hour() -> None:
    readings = [
        ("01T01:00", 490), ("01T02:00", 510), ("01T03:00", 520), ("01T04:00", 505),
        ("01T05:00", 480), ("01T06:00", 515), ("02T02:30", 530),
    ]  # fmt: skip
    assert _told(readings, AT_FIRST) == [("01T02:00", "opened"), ("02T02:30", "again")]


def test_two_readings_confirm_or_a_quarter_of_an_hour() -> None:
    two = Patience(2)
    readings = [("01T01:00", 600), ("01T02:00", 300), ("01T03:00", 600)]
    assert _told(readings, two) == []
    assert _told([*readings, ("01T03:05", 600)], two) == [("01T03:05", "opened")]
    polls = [(f"01T01:{m:02}", 600) for m in (0, 5, 10, 15, 20)]
    assert _told(polls, Patience(5)) == [("01T01:15", "opened")]


def test_a_loss_grown_by_half_is_told_within_its_rest() -> None:
    readings = [
        ("01T01:00", 600), ("01T02:00", 899), ("01T03:00", 900), ("01T04:00", 1349),
        ("01T05:00", 1350),
    ]  # fmt: skip
    assert _told(readings, AT_FIRST) == [
        ("01T01:00", "opened"), ("01T03:00", "grew"), ("01T05:00", "grew"),
    ]  # fmt: skip


def test_it_closes_only_below_its_margin_and_opens_again_after_its_rest() -> None:
    readings = [
        ("01T01:00", 600), ("01T02:00", 410), ("01T03:00", 399), ("01T04:00", 600),
        ("02T01:00", 600),
    ]  # fmt: skip
    assert _told(readings, AT_FIRST) == [
        ("01T01:00", "opened"), ("01T03:00", "closed"), ("02T01:00", "again"),
    ]  # fmt: skip


def test_what_is_told_once_is_told_once() -> None:
    days = [(f"{d:02}T01:00", 600) for d in range(1, 29)]
    assert _told(days, ONCE) == [("01T01:00", "opened")]


def test_a_snoozed_alert_is_silent_until_its_time() -> None:
    state, what = step(None, _reading(600), AT_FIRST, START)
    state = replace(state, snoozed_until=START + timedelta(days=3))
    for day in (1, 2):
        state, what = step(state, _reading(2000), AT_FIRST, START + timedelta(days=day))
        assert what is None
    state, what = step(state, _reading(2000), AT_FIRST, START + timedelta(days=3))
    assert what == "grew"


def test_a_snoozed_alert_does_not_say_that_it_closed() -> None:
    state, _ = step(None, _reading(600), AT_FIRST, START)
    state = replace(state, snoozed_until=START + timedelta(days=3))
    state, what = step(state, _reading(0), AT_FIRST, START + timedelta(hours=1))
    assert (state.state, what) == ("clear", None)


def test_a_crash_far_deeper_is_told_though_a_smaller_one_closed_that_day() -> None:
    readings = [("01T01:00", 600), ("01T02:00", 0), ("01T03:00", 800), ("01T04:00", 6000)]
    assert _told(readings, AT_FIRST) == [
        ("01T01:00", "opened"), ("01T02:00", "closed"), ("01T04:00", "grew"),
    ]  # fmt: skip


def test_what_is_told_once_is_not_told_for_growing() -> None:
    assert _told([("01T01:00", 600), ("01T02:00", 6000)], ONCE) == [("01T01:00", "opened")]


def test_ids_are_stable_and_each_message_has_its_own() -> None:
    state, _ = step(None, _reading(600), AT_FIRST, START)
    assert state.alert_id == "harvest:k:BTC:2025#1"
    watched = Watched(_reading(0), {"closed": ("T", "B")}, AT_FIRST)
    ((_, message),) = stepped({state.key: state}, [watched], (), START)
    assert message is not None
    assert message.alert_id == "harvest:k:BTC:2025#1:closed"


def test_what_is_told_again_says_since_when() -> None:
    before = AlertState("k", "firing", START, 3, START, 1, D(600), START, D(600))
    words = {"again": ("T", "B"), "grew": ("T", "B")}
    for loss, hours in ((600, 25), (900, 1)):
        watched = Watched(Reading("k", True, False, D(loss)), words, AT_FIRST)
        ((_, message),) = stepped({"k": before}, [watched], (), START + timedelta(hours=hours))
        assert message is not None
        assert (message.alert_id, message.body) == (
            "k#2", "B\nIt is so since 2025-05-01 00:00 UTC.",
        )  # fmt: skip


def test_what_cannot_be_seen_keeps_its_state_and_what_is_gone_clears_in_silence() -> None:
    firing = AlertState("balance:k:k:BTC", "firing", START, fired=1)
    unseen = Watched(Reading.of(firing.key, False), {}, AT_FIRST, known=False)
    assert list(stepped({firing.key: firing}, [unseen], ("balance",), START)) == []
    ((state, message),) = stepped({firing.key: firing}, [], ("balance",), START)
    assert (state.state, message) == ("clear", None)
    assert list(stepped({firing.key: firing}, [], ("review",), START)) == []


@given(st.lists(st.integers(0, 1200), max_size=60), st.integers(1, 4))
def test_between_two_messages_lies_a_rest_or_a_growth(losses: list[int], confirm: int) -> None:
    """Whatever the path: none twice within the rest unless grown by half, none unconfirmed."""
    state: AlertState | None = None
    patience, last, told = Patience(confirm, timedelta(0)), None, D(0)
    for n, loss in enumerate(losses):
        at = START + timedelta(hours=n)
        state, what = step(state, _reading(loss), patience, at)
        if what in ("opened", "again", "grew"):
            assert loss >= 500
            if last is None:
                assert min(losses[max(0, n - confirm + 1) : n + 1]) >= 500
            else:
                assert at - last >= timedelta(hours=24) or D(loss) >= told * D("1.5")
            last, told = at, D(loss)


@pytest.mark.parametrize(("state", "after"), [("firing", "firing"), ("pending", "clear")])
def test_a_reading_between_the_margins_keeps_what_fires(state: str, after: str) -> None:
    before = AlertState("k", state, START, readings=1, over_since=START)
    now, what = step(before, Reading("k", False, False, D(450)), Patience(2), START)
    assert (now.state, what) == (after, None)
