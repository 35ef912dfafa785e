"""One pull of one source: key, pages, proof; each page in a transaction with its cursor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.errors import AuthError, SyncerError
from connectors.records import Page, Puller
from syncer.clock import Clock
from syncer.ingest.lock import source_lock
from syncer.ingest.proof import Proof, prove
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database

_log = logging.getLogger(__name__)
FULL_WALK = "#full walk"  # a mark among the cursors: owed, or when the last one ended
FULL_WALK_EVERY = timedelta(days=1)
OWED = "owed"


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a pull is: the stream that it reads, how many records are new, the oldest time on
    the newest page, and how much of the stream is read (0 to 1) where somebody knows."""

    source: str
    stream: str
    new: int
    back_to: datetime | None
    share: float | None


Progress = Callable[[Reached], None]


@dataclass(frozen=True, slots=True)
class PullResult:
    """How a pull ended: `sentence` says why if it did not end well."""

    source: str
    new_records: int
    sentence: str | None = None
    warnings: tuple[str, ...] = ()
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """What to read again: everything, or from an instant on."""

    full: bool = False
    since: datetime | None = None


async def pull_source(
    database: Database, source: Source, clock: Clock, again: Again, progress: Progress
) -> PullResult:
    """Pull and prove; a failure ends this source only and is recorded with its sentence."""

    def start() -> int:
        with database.write() as connection:
            return records.start_pull(connection, source.name, clock())

    def end() -> None:
        with database.write() as connection:
            records.end_pull(connection, run, clock(), pull.new, outcome, sentence)

    run = await asyncio.to_thread(start)
    pull = _Pull(database, source, clock, progress)
    sentence, outcome = None, "done"
    try:
        async with source_lock(database, source.name):
            await pull.run(again)
    except SyncerError as error:
        sentence = str(error)
        outcome = "refused" if isinstance(error, AuthError) else "failed"
        _log.info("pull of %s failed: %s", source.name, sentence)
    except Exception as error:
        # what a venue sends may break our reading; no source may take another down with it
        sentence = f"{source.name} sent something that broke the pull ({type(error).__name__})"
        outcome = "failed"
        _log.info("pull of %s broke", source.name, exc_info=True)
    await asyncio.to_thread(end)
    return PullResult(source.name, pull.new, sentence, pull.warnings, pull.proof)


class _Pull:
    """One pull while it runs."""

    def __init__(
        self, database: Database, source: Source, clock: Clock, progress: Progress
    ) -> None:
        self._database, self._source = database, source
        self._clock, self._progress = clock, progress
        self.new = 0
        self.warnings: tuple[str, ...] = ()
        self.proof: Proof | None = None

    async def run(self, again: Again) -> None:
        puller = self._source.open(self._database, self._clock)
        try:
            report = await puller.check_key()
            if report.refusal:
                raise AuthError(report.refusal)
            self.warnings = report.warnings
            await self._pull(puller, again)
            if self._doubtful():
                # a row may have arrived between the walk and the report: look once more
                await self._pull(puller, Again())
            if self._doubtful() and not again.full and await self._owes_full_walk():
                # a page may have shifted under the walk, or the venue lists old rows late
                await self._pull(puller, Again(full=True))
                await self._mark(self._clock().isoformat())
        finally:
            await puller.close()

    async def _pull(self, puller: Puller, again: Again) -> None:
        async for page in puller.pull(
            await asyncio.to_thread(self._cursors), again.full, again.since
        ):
            self.new += await asyncio.to_thread(self._store, page)
            times = [r.happened_at for r in page.records if r.happened_at]
            back_to = min(times) if times else None
            self._progress(Reached(self._source.name, page.stream, self.new, back_to, page.share))
        proof = await prove(self._database, self._source, puller, self._clock)
        first = self.proof.new_gaps if self.proof else proof.new_gaps
        self.proof = replace(proof, new_gaps=first if proof.gaps or proof.breaks else 0)

    def _doubtful(self) -> bool:
        return bool(self.proof and (self.proof.gaps or self.proof.breaks))

    async def _owes_full_walk(self) -> bool:
        """Whether a full walk is due: for a new gap, one whose full walk failed, and daily while
        a gap stays."""
        if self.proof and self.proof.new_gaps:
            await self._mark(OWED)
            return True
        last = (await asyncio.to_thread(self._cursors)).get(FULL_WALK, OWED)
        return last == OWED or self._clock() - datetime.fromisoformat(last) >= FULL_WALK_EVERY

    async def _mark(self, state: str) -> None:
        await asyncio.to_thread(self._store, Page(FULL_WALK, (), state))

    def _cursors(self) -> dict[str, str]:
        with self._database.read() as connection:
            return records.cursors(connection, self._source.name)

    def _store(self, page: Page) -> int:
        with self._database.write() as connection:
            return records.write_page(connection, self._source.name, page, self._clock())
