"""The endpoints of one chain: which serves next, which rests, and what was learnt of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REST = 60.0  # seconds that an endpoint rests after it failed
RANGE, TRACES = "log_range", "traces"


@dataclass(slots=True)
class Endpoint:
    """One provider. `log_range` is the longest range of logs that it gives, once that is known;
    `traces` whether it gives call trees, None until it was asked."""

    url: str
    provider: Any
    rests_until: float = 0.0
    log_range: int | None = None
    traces: bool | None = None

    @property
    def name(self) -> str:
        """What it is remembered by: its address may hold a key."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:12]


class Endpoints:
    """In the person's order: the first that does not rest serves."""

    def __init__(
        self, found: Sequence[Endpoint], now: Callable[[], float], rest: float = REST
    ) -> None:
        self.all = tuple(found)
        self._now, self._rest = now, rest

    def __iter__(self) -> Any:
        return iter(self.all)

    @property
    def serving(self) -> Endpoint:
        """If all rest, the one that has rested longest."""
        now = self._now()
        ready = [e for e in self.all if e.rests_until <= now]
        return ready[0] if ready else min(self.all, key=lambda e: e.rests_until)

    def failed(self, endpoint: Endpoint) -> None:
        endpoint.rests_until = self._now() + self._rest

    def recall(self, learnt: Mapping[str, Any]) -> None:
        for endpoint in self.all:
            told = learnt.get(endpoint.name, {})
            endpoint.log_range = told.get(RANGE, endpoint.log_range)
            endpoint.traces = told.get(TRACES, endpoint.traces)

    def learnt(self) -> dict[str, dict[str, Any]]:
        told = {e.name: {RANGE: e.log_range, TRACES: e.traces} for e in self.all}
        known = {n: {k: v for k, v in one.items() if v is not None} for n, one in told.items()}
        return {n: one for n, one in known.items() if one}
