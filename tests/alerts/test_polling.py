"""Prices that move are looked at more often."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from syncer.alerts.polling import next_look

D = Decimal
USUAL = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("price", "seconds"),
    [("100", 900), ("100.99", 900), ("101", 450), ("99", 450), ("98", 180), ("95", 60), ("10", 60)],
)
def test_the_more_they_move_the_sooner(price: str, seconds: int) -> None:
    found = next_look(USUAL, {"BTC": D(100), "ETH": D(5)}, {"BTC": D(price), "ETH": D(5)})
    assert found == timedelta(seconds=seconds)


def test_a_short_time_stays_and_new_coins_say_nothing() -> None:
    assert next_look(timedelta(seconds=1), {"BTC": D(100)}, {"BTC": D(10)}) == timedelta(seconds=1)
    assert next_look(USUAL, {}, {"BTC": D(10)}) == USUAL
