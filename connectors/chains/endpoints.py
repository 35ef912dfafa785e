"""The endpoints of one chain: which serves next, which rests, and what was learnt of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REST = 60.0  # seconds that an endpoint rests after it failed
LEARNT = ("log_range", "traces")  # whether it keeps old states is found out each time


@dataclass(slots=True)
class Endpoint:
    """One provider. `log_range` is the longest range of logs that it gives, once that is known;
    `traces` whether it gives call trees, `archive` whether it keeps old states; None until it was
    asked."""

    url: str
    provider: Any
    rests_until: float = 0.0
    log_range: int | None = None
    traces: bool | None = None
    archive: bool | None = None
    is_strict: bool = False  # whether its session is one of ours

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

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.all)

    @property
    def serving(self) -> Endpoint:
        return self._first(self.all)

    @property
    def archive(self) -> Endpoint | None:
        """Which to ask for old states; None if it is known that none has them."""
        found = [e for e in self.all if e.archive is not False]
        return self._first(found) if found else None

    def _first(self, among: Sequence[Endpoint]) -> Endpoint:
        """If all rest, the one that has rested longest."""
        now = self._now()
        ready = [e for e in among if e.rests_until <= now]
        return ready[0] if ready else min(among, key=lambda e: e.rests_until)

    def failed(self, endpoint: Endpoint) -> None:
        endpoint.rests_until = self._now() + self._rest

    def pass_over(self) -> bool:
        self.failed(self.serving)
        return self.serving.rests_until <= self._now()

    def recall(self, learnt: Mapping[str, Any]) -> None:
        for endpoint in self.all:
            told = learnt.get(endpoint.name, {})
            for what in LEARNT:
                setattr(endpoint, what, told.get(what, getattr(endpoint, what)))

    def learnt(self) -> dict[str, dict[str, Any]]:
        told = {e.name: {what: getattr(e, what) for what in LEARNT} for e in self.all}
        known = {n: {k: v for k, v in one.items() if v is not None} for n, one in told.items()}
        return {n: one for n, one in known.items() if one}
