"""One pull of one source: key, pages, proof; each page in a transaction with its cursor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config.errors import AuthError, SyncerError
from connectors.records import Puller
from syncer.clock import Clock
from syncer.ingest.lock import source_lock
from syncer.ingest.proof import prove
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database

_log = logging.getLogger(__name__)
Progress = Callable[[str, int, datetime | None], None]


@dataclass(frozen=True, slots=True)
class PullResult:
    """How a pull ended: `sentence` says why if it did not end well."""

    source: str
    new_records: int
    sentence: str | None = None
    warnings: tuple[str, ...] = ()
    balance_gaps: int = 0


@dataclass(frozen=True, slots=True)
class Again:
    """What to read again: everything, or from an instant on."""

    full: bool = False
    since: datetime | None = None


async def pull_source(
    database: Database, source: Source, clock: Clock, again: Again, progress: Progress
) -> PullResult:
    """Pull and prove; a failure ends this source only and is recorded with its sentence."""
    new = 0

    def count(more: int, reached: datetime | None) -> None:
        nonlocal new
        new += more
        progress(source.name, new, reached)

    with database.write() as connection:
        run = records.start_pull(connection, source.name, clock())
    sentence: str | None = None
    warnings: tuple[str, ...] = ()
    gaps = 0
    try:
        async with source_lock(database.path, source.name):
            warnings, gaps = await _pull_and_prove(database, source, clock, again, count)
    except SyncerError as error:
        sentence = str(error)
        _log.info("pull of %s failed: %s", source.name, sentence)
    with database.write() as connection:
        records.end_pull(connection, run, clock(), new, sentence)
    return PullResult(source.name, new, sentence, warnings, gaps)


async def _pull_and_prove(
    database: Database,
    source: Source,
    clock: Clock,
    again: Again,
    count: Callable[[int, datetime | None], None],
) -> tuple[tuple[str, ...], int]:
    puller = source.open(database)
    try:
        report = await puller.check_key()
        if report.refusal:
            raise AuthError(report.refusal)
        await _pages(database, source, puller, clock, again, count)
        gaps = await prove(database, source, puller, clock)
        if gaps:
            # a row may have arrived between the walk and the report: look once more
            await _pages(database, source, puller, clock, Again(), count)
            gaps = await prove(database, source, puller, clock)
        return report.warnings, gaps
    finally:
        await puller.close()


async def _pages(
    database: Database,
    source: Source,
    puller: Puller,
    clock: Clock,
    again: Again,
    count: Callable[[int, datetime | None], None],
) -> None:
    with database.read() as connection:
        cursors = records.cursors(connection, source.name)
    async for page in puller.pull(cursors, again.full, again.since):

        def store(page: object = page) -> int:
            with database.write() as connection:
                return records.write_page(connection, source.name, page, clock())  # type: ignore[arg-type]

        new = await asyncio.to_thread(store)
        times = [r.happened_at for r in page.records if r.happened_at]
        count(new, min(times) if times else None)
