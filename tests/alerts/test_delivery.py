"""Quiet hours over midnight, a day's budget, one digest; urgent messages wait for nothing."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from syncer.alerts.delivery import Manners, Waiting, digest_of, to_send

ZONE = ZoneInfo("America/New_York")
NIGHT = Manners(ZONE, (time(22), time(7)), budget=2, digest=time(8))


def waiting(name: str, urgent: bool = False, in_digest: bool = False) -> Waiting:
    return Waiting(name, "c", 0, f"Syncer: {name}", "body", urgent, in_digest)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(21, 59, False), (22, 0, True), (23, 59, True), (0, 0, True), (6, 59, True), (7, 0, False)],
)
def test_quiet_hours_lie_over_midnight(hour: int, minute: int, quiet: bool) -> None:
    assert NIGHT.is_quiet(local(7, hour, minute)) is quiet
    assert NIGHT.is_quiet(local(9, hour, minute)) is quiet  # the clocks changed on the 8th


def test_no_quiet_hours_are_never_quiet() -> None:
    assert not Manners(ZONE).is_quiet(local(7, 3))


def test_only_urgent_messages_go_in_quiet_hours() -> None:
    some = [waiting("a"), waiting("b", urgent=True), waiting("c", in_digest=True)]
    alone, digest, later = to_send(some, 0, NIGHT, local(7, 23))
    assert ([w.alert_id for w in alone], digest, later) == (["b"], [], [])


def test_beyond_the_budget_messages_wait_for_the_digest() -> None:
    some = [waiting(x) for x in "abcd"]
    parts = to_send(some, 1, NIGHT, local(7, 12))
    assert [[w.alert_id for w in part] for part in parts] == [["a"], [], ["b", "c", "d"]]
    alone, digest, later = to_send(some, 9, Manners(ZONE), local(7, 12))
    assert (len(alone), digest, later) == (4, [], [])


def test_the_next_digest_is_today_or_tomorrow_whatever_the_clocks_do() -> None:
    assert NIGHT.next_digest(local(7, 7, 59)) == local(7, 8)
    assert NIGHT.next_digest(local(7, 8)) == local(8, 8)


def test_a_digest_keeps_the_id_of_each() -> None:
    told = digest_of([waiting("a"), waiting("b")], "full")
    assert told == ("Syncer: 2 messages", "a\nbody\n[a]\n\nb\nbody\n[b]")
