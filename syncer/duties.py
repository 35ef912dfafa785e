"""What the service does on schedule: one coroutine a job, each ending in a sentence or none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import timedelta
from decimal import Decimal

from config.settings import Settings
from connectors import notify
from syncer.alerts.polling import next_look
from syncer.clock import Clock
from syncer.form_alerts import tell_new_gaps, tell_of_the_month
from syncer.harvesting import Found
from syncer.ingest.pull import Reached
from syncer.pipeline import Pipeline
from syncer.store import derivation, openings
from syncer.store.backup import backup_name, copy_to, rotate
from syncer.store.database import Database
from syncer.store.derivation import Basis

_log = logging.getLogger("syncer")
HARVEST = "harvest"  # the job that looks at prices and tells
SYNC = "sync:"
PATIENCE = 60.0  # seconds that a look waits for books to be derived
Job = Callable[[], Awaitable[str | None]]


class Duties:
    """The jobs of one set of settings. `look_again` is called with how soon prices are to be looked
    at; `all_is_well` says whether no other job fails."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        pipeline: Pipeline,
        clock: Clock,
        look_again: Callable[[timedelta], None],
        all_is_well: Callable[[], bool],
    ) -> None:
        self._settings, self._database = settings, database
        self._pipeline, self._clock = pipeline, clock
        self._look_again, self._all_is_well = look_again, all_is_well
        self._deriving = asyncio.Lock()
        self.reached: dict[str, Reached] = {}  # how far the pulls are that run now, by source
        self._prices_seen: Mapping[str, Decimal] = {}
        self._looks_every = settings.schedule.harvest
        self._told_of: Basis | None = None  # the books whose differences with forms are told

    def jobs(self) -> dict[str, Job]:
        """By name; one for each source."""
        syncs = {f"{SYNC}{s.name}": self._sync(s.name) for s in self._pipeline.sources()}
        return {
            **syncs,
            "prices": self.derive,  # works off prices that were missing
            HARVEST: self._harvest,
            "reconcile": self._reconcile,
            "backup": self._backup,
        }

    def _sync(self, source: str) -> Job:
        async def job() -> str | None:
            rest = await asyncio.to_thread(self._pipeline.rest_of, source)
            if rest and rest.until > self._clock():
                return f"it rests until {rest.until:%Y-%m-%d %H:%M} UTC: {rest.sentence}"
            try:
                (result,) = await self._pipeline.pull([source], progress=self._note)
            finally:
                self.reached.pop(source, None)
            if result.sentence:
                await asyncio.to_thread(self._tell_of_rest, source)
            # what came before a failure counts too
            derived = await self.derive() if result.new_records else None
            return result.sentence or derived

        return job

    def _note(self, reached: Reached) -> None:
        self.reached[reached.source] = reached

    def _tell_of_rest(self, source: str) -> None:
        if rest := self._pipeline.rest_of(source):
            self._pipeline.tell_of_rest(source, rest)

    async def derive(self) -> str | None:
        """The books brought up to what is stored; a sentence if a price could not be asked."""
        async with self._deriving:
            sentences = await self._pipeline.derive()
        return sentences[0] if sentences else None

    async def _harvest(self) -> str | None:
        found = None
        try:
            found = await self._look()
        finally:
            undelivered = await self._pipeline.deliver()
        if found:
            self._look_sooner({a: m.usd for a, m in found.prices.items()})
        sentence = next(iter([*(found.sentences if found else ()), *undelivered]), None)
        return sentence or await self._say_alive()

    async def _look(self) -> Found | None:
        """Not while books are on their way: what waits for its price then is no question yet. In a
        long first load there is nothing to look at, and what waits is delivered all the same."""
        try:
            await asyncio.wait_for(self._deriving.acquire(), PATIENCE)
        except TimeoutError:
            return None
        try:
            return await self._pipeline.watch()
        finally:
            self._deriving.release()

    def _look_sooner(self, prices: Mapping[str, Decimal]) -> None:
        """While prices move."""
        every = next_look(self._settings.schedule.harvest, self._prices_seen, prices)
        self._prices_seen = prices
        if every != self._looks_every:
            self._looks_every = every
            self._look_again(every)

    async def _say_alive(self) -> str | None:
        """To `[alerts] ping_url`, unless something fails: a silent service is the worst failure."""
        url = self._settings.alerts.ping_url
        return await notify.ping(url) if url and self._all_is_well() else None

    async def _reconcile(self) -> str | None:
        """Brokers' forms against the books, whenever either changed; and on the first run of a
        month what the forms of the year will say."""
        await asyncio.to_thread(self._tell_of_forms)
        return None

    def _tell_of_forms(self) -> None:
        now = self._clock()
        with self._database.read() as connection:
            basis = derivation.basis(connection)
        with closing(self._pipeline.books()) as books:
            if basis != self._told_of:
                new = tell_new_gaps(self._database, self._settings, books, now)
                if new:
                    _log.info("reconcile: %s new differences with forms", new)
                self._told_of = basis
            tell_of_the_month(self._database, self._settings, books, now)

    async def _backup(self) -> str | None:
        folder = self._settings.backup_folder
        await asyncio.to_thread(copy_to, self._database, backup_name(folder, self._clock()))
        await asyncio.to_thread(rotate, folder)
        await asyncio.to_thread(self._thin_out)
        return None

    def _thin_out(self) -> None:
        with self._database.write() as connection:
            openings.thin_out(connection, self._clock())
