"""A loop whose time jumps to the next timer: the real scheduler lives a year in seconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from apscheduler.executors import base as executors
from apscheduler.schedulers import base as schedulers
from apscheduler.triggers import interval as triggers


class _Jumping(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None:
            self.passed += max(timeout, 1e-6)  # a year in floats is no finer
            timeout = 0
        return super().select(timeout)  # type: ignore[no-any-return]


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Starts at an instant; waits for nothing but timers, and for those not at all."""

    def __init__(self, start: datetime) -> None:
        self._start, self._jumping = start, _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._jumping.passed)


def set_clock_of_scheduler(now: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    """APScheduler reads the wall clock by itself; from here on it reads this one."""

    class Told(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now().astimezone(tz or UTC)

    for module in (schedulers, triggers, executors):
        monkeypatch.setattr(module, "datetime", Told)
