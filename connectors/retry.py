"""One tenacity policy for all network calls: only what may pass later is tried again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    before_sleep_log,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from config.errors import RateLimited, TransientError

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently; seconds. A longer wait than `cap` ends this round instead."""

    attempts: int = 4
    base: float = 0.5
    cap: float = 60.0
    limited: float = 5.0  # where the other side asked to slow down and did not say how long

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Await `call()` until it answers; raises its last error."""
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(TransientError),
            before_sleep=before_sleep_log(_log, logging.INFO),
            reraise=True,
        ):
            with attempt:
                return await call()
        raise AssertionError("unreachable: tenacity re-raises")

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited):
            wait = self.limited * state.attempt_number
            wait = wait if error.retry_after is None else error.retry_after
            if wait > self.cap:
                raise error
            return wait
        return float(wait_random_exponential(multiplier=self.base, max=self.cap)(state))


def retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header; None where it is missing or a date."""
    return float(header) if header and header.isdigit() else None
