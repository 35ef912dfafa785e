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
from syncer.harvest.plan import GOALS, Goal
from syncer.harvesting import Found
from syncer.planning import Planned
from syncer.store import derivation, records
from syncer.web.running import Running

_log = logging.getLogger("syncer")
T = TypeVar("T")
PATIENCE = 10.0  # seconds for figures that there are none of yet
STALE_PATIENCE = 0.05  # where there are those of before
PRICES_HOLD = timedelta(minutes=1)
PRICES_ARE_SHOWN = timedelta(minutes=10)  # and said to be old, while newer ones are asked for
OPENINGS, PLANS = "openings", "plans"
SIDE_BY_SIDE: tuple[Goal | None, ...] = (*(g for g in GOALS if g != "amount"), None)
Make = Callable[[Books, datetime], T]


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """Figures and when they were worked out; whether the books have changed since, and why there
    are no newer ones if that failed."""

    value: T
    at: datetime
    is_old: bool = False  # or what they are of beside the books may have changed
    trouble: str | None = None


class NotYet(Exception):
    """There are no figures yet, and they take longer than a page waits."""


@dataclass(frozen=True, slots=True)
class _Kept:
    state: object  # of books, settings and day
    value: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class _Making:
    """Figures that are being worked out, and of which state."""

    state: object
    task: asyncio.Task[_Kept]


class Desk:
    """One for the life of the service; `running` is asked each time, since settings may change."""

    def __init__(self, running: Callable[[], Running]) -> None:
        self._running = running
        self._kept: dict[str, _Kept] = {}
        self._making: dict[str, _Making] = {}
        self._trouble: dict[str, str] = {}

    async def figures(
        self,
        name: str,
        make: Make[T],
        holds: timedelta = timedelta.max,
        with_pulls: bool = False,
    ) -> Shown[T]:
        """What `make` makes of the books, in a thread; made anew where they changed, where a pull
        ended if it tells of pulls too, or what it is of beside them may have after a while. Raises
        NotYet, or SyncerError if there are no books."""
        running = self._running()

        async def made() -> T:
            return await asyncio.to_thread(_of_books, running, make)

        state = await asyncio.to_thread(_state, running, with_pulls)
        return await self._shown(name, state, made, holds)

    async def openings(self) -> Shown[Found]:
        """A look at all holdings at the prices of now, or of some minutes ago, which says so.
        Raises the same."""
        running = self._running()
        self._forget_past_prices(OPENINGS)
        state = await asyncio.to_thread(_state, running)
        return await self._shown(OPENINGS, state, running.pipeline.harvest, PRICES_HOLD)

    async def plans(self) -> Shown[list[Planned]]:
        """One for each of SIDE_BY_SIDE, of the time and at the prices of the openings, which say
        themselves if they are old. Raises the same, and UsageError if the tax of the year is not
        computable."""
        running, openings = self._running(), await self.openings()
        known = openings.value.prices

        async def made() -> list[Planned]:
            return await running.pipeline.plans(SIDE_BY_SIDE, known=known)

        self._forget_past_prices(PLANS)
        state = await asyncio.to_thread(_state, running), openings.at
        return await self._shown(PLANS, state, made, timedelta.max, openings.at)

    def _forget_past_prices(self, name: str) -> None:
        kept = self._kept.get(name)
        if kept and self._running().clock() - kept.at > PRICES_ARE_SHOWN:
            del self._kept[name]

    def forget(self) -> None:
        """The person changed something: the next page waits for what follows from it."""
        self._kept.clear()
        self._making.clear()

    async def _shown(
        self,
        name: str,
        state: object,
        make: Callable[[], Awaitable[T]],
        holds: timedelta,
        of: datetime | None = None,
    ) -> Shown[T]:
        """`of` is when it was so, if not now."""
        kept = self._kept.get(name)
        if kept and kept.state == state and self._running().clock() - kept.at <= holds:
            return Shown(kept.value, kept.at)
        making = self._making.get(name) or self._begin(name, state, make, of)
        await asyncio.wait([making.task], timeout=STALE_PATIENCE if kept else PATIENCE)
        if kept and (not making.task.done() or making.task.exception()):
            return Shown(kept.value, kept.at, True, self._trouble.get(name))
        if not making.task.done():
            raise NotYet
        made = making.task.result()
        # begun before the last change: no other is begun beside it, the next page asks for that
        return Shown(made.value, made.at, made.state != state)

    def _begin(
        self, name: str, state: object, make: Callable[[], Awaitable[T]], of: datetime | None
    ) -> _Making:
        async def made() -> _Kept:
            at = of or self._running().clock()
            return _Kept(state, await make(), at)

        making = self._making[name] = _Making(state, asyncio.create_task(made()))
        making.task.add_done_callback(lambda _: self._end(name, making))
        return making

    def _end(self, name: str, making: _Making) -> None:
        error = None if making.task.cancelled() else making.task.exception()
        if self._making.get(name) is not making:
            return  # forgotten: it is of before what the person said
        del self._making[name]
        self._trouble.pop(name, None)
        if error is None and not making.task.cancelled():
            self._kept[name] = making.task.result()
        elif isinstance(error, SyncerError):
            self._trouble[name] = str(error)
        elif error is not None:
            _log.error("figures of the page: %s", name, exc_info=error)
            self._trouble[name] = "it broke unexpectedly; see the log"


def _state(running: Running, with_pulls: bool = False) -> object:
    with running.database.read() as connection:
        saved = derivation.saved(connection)
        pulled = records.last_ended(connection) if with_pulls else None
    day = running.clock().astimezone(running.settings.zone).date()
    return saved, day, id(running.settings), pulled


def _of_books(running: Running, make: Make[T]) -> T:
    with collector_paused(), running.database.told(), closing(running.pipeline.books()) as books:
        return make(books, running.clock())
