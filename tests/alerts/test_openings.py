"""One message while the loss hovers round the threshold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from syncer.alerts.openings import AlertRules, AlertState, step

D = Decimal


def _rules(**given: object) -> AlertRules:
    fields = {
        "min_loss": D(500),
        "min_loss_percent": D(0),
        "cooldown": timedelta(hours=24),
        "confirm_readings": 1,
        "clear_ratio": D("0.8"),
    }
    return AlertRules(**{**fields, **given})  # type: ignore[arg-type]


def _fired(readings: list[tuple[str, int]], rules: AlertRules) -> list[str]:
    state: AlertState | None = None
    fired = []
    for when, loss in readings:
        at = datetime.fromisoformat(when).replace(tzinfo=UTC)
        state, due = step(state, "k", D(loss), D(50), rules, at)
        fired += [when] if due else []
    return fired


def test_hovering_loss_gives_two_messages_in_a_day_and_a_half_hour() -> None:
    readings = [
        ("2025-05-01T01:00", 490),
        ("2025-05-01T02:00", 510),
        ("2025-05-01T03:00", 520),
        ("2025-05-01T04:00", 505),
        ("2025-05-01T05:00", 480),
        ("2025-05-01T06:00", 515),
        ("2025-05-02T02:30", 530),
    ]
    assert _fired(readings, _rules()) == ["2025-05-01T02:00", "2025-05-02T02:30"]


def test_two_readings_confirm() -> None:
    readings = [("2025-05-01T01:00", 600), ("2025-05-01T02:00", 400), ("2025-05-01T03:00", 600)]
    assert _fired(readings, _rules(confirm_readings=2)) == []
    readings.append(("2025-05-01T04:00", 600))
    assert _fired(readings, _rules(confirm_readings=2)) == ["2025-05-01T04:00"]


def test_percent_counts_too() -> None:
    assert _fired([("2025-05-01T01:00", 600)], _rules(min_loss_percent=D(60))) == []


def test_clears_only_below_its_margin() -> None:
    at = datetime(2025, 5, 1, tzinfo=UTC)
    state, _ = step(None, "k", D(600), D(50), _rules(), at)
    assert state.state == "firing"
    state, _ = step(state, "k", D(410), D(50), _rules(), at)
    assert state.state == "firing"
    state, _ = step(state, "k", D(399), D(50), _rules(), at)
    assert (state.state, state.alert_id) == ("clear", "k#1")
