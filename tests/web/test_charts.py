"""Charts show what is: gains that stay until the next sale, and even a single look."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from syncer.web.charts import chart, steps
from syncer.web.pages import overview
from tests.web.house import House


def test_a_realised_gain_stays_until_the_next_sale_and_until_today() -> None:
    sales = [(date(2026, 1, 1), Decimal(0)), (date(2026, 2, 9), Decimal(882))]
    assert steps(sales, date(2026, 3, 1)) == [
        (date(2026, 1, 1), Decimal(0)),
        (date(2026, 2, 9), Decimal(0)),
        (date(2026, 2, 9), Decimal(882)),
        (date(2026, 3, 1), Decimal(882)),
    ]
    assert steps([], date(2026, 3, 1)) == []
    told_ahead = steps(sales, date(2026, 1, 15))
    assert told_ahead[-1] == (date(2026, 2, 9), Decimal(882))


async def test_the_chart_of_the_year_goes_from_new_year_to_today(
    story: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    draw = overview.charts.chart
    monkeypatch.setattr(
        overview.charts, "chart", lambda lines, *more: drawn.append(lines) or draw(lines, *more)
    )
    async with story.owner() as browser:
        assert (await browser.get("/charts/year.svg")).status_code == 200
    (name, realised), _ = drawn[0]
    assert name == "realised gain or loss"
    # all of the story's sales of 2026 are one, in February; today is November 20 in New York
    assert [day for day, _ in realised] == [
        date(2026, 1, 1), date(2026, 2, 9), date(2026, 2, 9), date(2026, 11, 20),
    ]  # fmt: skip


def test_a_gain_of_each_day_of_a_year_is_drawn_in_steps() -> None:
    days = [(date(2026, 1, 1) + timedelta(n), Decimal(n)) for n in range(365)]
    drawn = chart([("gain", steps(days, days[-1][0]))])
    (path,) = re.findall(r'<path d="([^"]+)" class="line reactive', drawn)
    places = re.findall(r"[\d.]+", path)
    points = list(zip(places[::2], places[1::2], strict=True))
    assert len(points) == 2 * 365
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points))


def test_a_chart_of_one_look_shows_a_dot_and_a_line_none() -> None:
    days = [date(2026, 11, 20), date(2026, 11, 21)]
    one = chart([("price", [(days[0], Decimal(50_000))])])
    two = chart([("price", [(day, Decimal(50_000)) for day in days])])
    assert (one.count("<circle"), two.count("<circle")) == (1, 0)
