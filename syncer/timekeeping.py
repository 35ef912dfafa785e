"""Whether the wall clock and the machine's own went apart: a clock set, a laptop that slept. Pure
but for the clocks that it is given."""

from __future__ import annotations

import time
from collections.abc import Callable

APART = 30.0  # seconds of difference that are a jump


class Drift:
    """The wall clock (seconds) beside one that only runs while the machine does."""

    def __init__(
        self, wall: Callable[[], float] = time.time, awake: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._awake = wall, awake
        self._difference = wall() - awake()

    def jumped(self) -> float:
        """Seconds that the wall clock went ahead (below zero: back) by itself since the last call;
        0 for less than what counts."""
        before, self._difference = self._difference, self._wall() - self._awake()
        moved = self._difference - before
        if abs(moved) < APART:
            # slow corrections add up to nothing that matters
            return 0.0
        return moved
