"""Figures that pages show: worked out once for each state of the books, kept until it changes.

A page never waits long. Where the books have changed it shows what was so before, and says so,
while the new figures are worked out in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from config.errors import SyncerError
from syncer.books import Books
from syncer.collector import collector_paused
from syncer.harvesting import Found
from syncer.store import derivation
from syncer.web.running import Running

_log = logging.getLogger("syncer")
T = TypeVar("T")
PATIENCE = 10.0  # seconds for figures that there are none of yet
STALE_PATIENCE = 0.05  # where there are those of before
PRICES_HOLD = timedelta(minutes=1)
Make = Callable[[Books, datetime], T]


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """Figures and when they were worked out; whether the books have changed since, and why there
    are no newer ones if that failed."""

    value: T
    at: datetime
    is_old: bool = False
    trouble: str | None = None


class NotYet(Exception):
    """There are no figures yet, and they take longer than a page waits."""


@dataclass(frozen=True, slots=True)
class _Kept:
    state: object  # of books, settings and day
    value: Any
    at: datetime


class Desk:
    """One for the life of the service; `running` is asked each time, since settings may change."""

    def __init__(self, running: Callable[[], Running]) -> None:
        self._running = running
        self._kept: dict[str, _Kept] = {}
        self._making: dict[str, asyncio.Task[_Kept]] = {}
        self._trouble: dict[str, str] = {}

    async def figures(self, name: str, make: Make[T], holds: timedelta = timedelta.max) -> Shown[T]:
        """What `make` makes of the books, in a thread; made anew where they changed, or what it is
        of beside them may have after a while. Raises NotYet, or SyncerError if there are no
        books."""
        running = self._running()

        async def made() -> T:
            return await asyncio.to_thread(_of_books, running, make)

        return await self._shown(name, running, made, holds)

    async def openings(self) -> Shown[Found]:
        """A look at all holdings at the prices of now, or of a minute ago. Raises the same."""
        running = self._running()
        return await self._shown("openings", running, running.pipeline.harvest, PRICES_HOLD)

    def forget(self) -> None:
        """The person changed something: the next page waits for what follows from it."""
        self._kept.clear()

    async def _shown(
        self,
        name: str,
        running: Running,
        make: Callable[[], Awaitable[T]],
        holds: timedelta = timedelta.max,
    ) -> Shown[T]:
        state = await asyncio.to_thread(_state, running)
        kept = self._kept.get(name)
        if kept and kept.state == state and running.clock() - kept.at <= holds:
            return Shown(kept.value, kept.at)
        if name not in self._making:
            task = self._making[name] = asyncio.create_task(self._make(name, state, make))
            task.add_done_callback(lambda done: self._made(name, done))
        making = self._making[name]
        await asyncio.wait([making], timeout=STALE_PATIENCE if kept else PATIENCE)
        if kept and (not making.done() or making.exception()):
            return Shown(kept.value, kept.at, kept.state != state, self._trouble.get(name))
        if not making.done():
            raise NotYet
        return Shown(making.result().value, making.result().at)

    async def _make(self, name: str, state: object, make: Callable[[], Awaitable[T]]) -> _Kept:
        value = await make()
        self._kept[name] = _Kept(state, value, self._running().clock())
        return self._kept[name]

    def _made(self, name: str, task: asyncio.Task[_Kept]) -> None:
        self._making.pop(name, None)
        self._trouble.pop(name, None)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, SyncerError):
            self._trouble[name] = str(error)
        elif error is not None:
            _log.error("figures of the page: %s", name, exc_info=error)
            self._trouble[name] = "it broke unexpectedly; see the log"


def _state(running: Running) -> object:
    with running.database.read() as connection:
        saved = derivation.saved(connection)
    day = running.clock().astimezone(running.settings.zone).date()
    return saved, day, id(running.settings)


def _of_books(running: Running, make: Make[T]) -> T:
    with collector_paused(), running.database.told(), closing(running.pipeline.books()) as books:
        return make(books, running.clock())
