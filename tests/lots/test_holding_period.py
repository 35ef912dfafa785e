"""The calendar rule at its edges."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from syncer.lots.holding_period import long_term_on, term


@pytest.mark.parametrize(
    ("acquired", "first_long_day"),
    [
        ("2025-01-01", "2026-01-02"),
        ("2024-01-31", "2025-02-01"),  # Pub. 550: 2025-01-29 short, 2025-02-06 long
        ("2023-02-28", "2024-03-01"),
        ("2024-02-28", "2025-03-01"),
        ("2024-02-29", "2025-03-01"),
        ("2023-12-31", "2025-01-01"),
    ],
)
def test_first_day_of_the_long_term(acquired: str, first_long_day: str) -> None:
    assert long_term_on(date.fromisoformat(acquired)) == date.fromisoformat(first_long_day)


def test_local_dates_decide() -> None:
    bought = datetime(2024, 3, 2, 3, 0, tzinfo=UTC)  # 1 March in New York
    sold = datetime(2025, 3, 2, 12, 0, tzinfo=UTC)
    assert term(bought, sold, ZoneInfo("America/New_York")) == "long"
    assert term(bought, sold, ZoneInfo("UTC")) == "short"
