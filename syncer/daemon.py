"""The service: a thin door that runs the pipeline on schedule until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from config.errors import SyncerError
from config.settings import Settings
from connectors import notify
from syncer.alerts.polling import next_look
from syncer.clock import Clock
from syncer.form_alerts import tell_new_gaps, tell_of_the_month
from syncer.ingest.lock import single_instance
from syncer.pipeline import Pipeline
from syncer.sources import load_clients
from syncer.status import interval
from syncer.store import derivation, jobs
from syncer.store.backup import backup_name, backups_of, copy_to, rotate
from syncer.store.database import Database
from syncer.store.derivation import Basis

_log = logging.getLogger("syncer")
DRAIN_SECONDS = 3.0  # with what follows it the end takes less than 5 seconds, on slow machines too
HARVEST = "harvest"  # the job that looks at prices and tells
# a job that is still running when it is due again is no news
logging.getLogger("apscheduler").setLevel(logging.ERROR)
Job = Callable[[], Awaitable[str | None]]


async def serve(settings: Settings, database: Database, pipeline: Pipeline, clock: Clock) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigError before it starts if a channel is wrong."""
    notify.check_urls(settings.alerts.urls)
    load_clients()
    database.check()
    with single_instance(database.path):
        await _Service(settings, database, pipeline, clock).run()


class _Service:
    def __init__(
        self, settings: Settings, database: Database, pipeline: Pipeline, clock: Clock
    ) -> None:
        self._settings, self._database = settings, database
        self._pipeline, self._clock = pipeline, clock
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._running: set[asyncio.Task[None]] = set()
        self._deriving = asyncio.Lock()
        self._failed: set[str] = set()
        self._prices_seen: Mapping[str, Decimal] = {}
        self._looks_every = settings.schedule.harvest
        self._told_of: Basis | None = None  # the books whose differences with forms are told

    async def run(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._schedule()
        self._scheduler.start()
        tell_systemd("READY=1", f"STATUS={len(self._pipeline.sources())} sources scheduled")
        watchdog = asyncio.create_task(_feed_watchdog())
        await stop.wait()
        tell_systemd("STOPPING=1")
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
        for task in (*self._running, watchdog):
            task.cancel()
        await asyncio.gather(*self._running, watchdog, return_exceptions=True)
        self._scheduler.shutdown(wait=False)

    # ---- jobs

    def _schedule(self) -> None:
        """One job per source and one each for the rest; due times come from the database."""
        with self._database.read() as connection:
            last = {j.name: j.succeeded_at for j in jobs.jobs(connection)}
        wanted: dict[str, Job] = {
            f"sync:{s.name}": self._sync(s.name) for s in self._pipeline.sources()
        }
        wanted |= {
            "prices": self._prices,
            HARVEST: self._harvest,
            "reconcile": self._reconcile,
            "backup": self._backup,
        }
        now = self._clock()
        for name, job in wanted.items():
            every = interval(name, self._settings)
            assert every is not None
            before = last.get(name)
            due = max(now, before + every) if before else now
            self._scheduler.add_job(
                self._tracked,
                "interval",
                seconds=every.total_seconds(),
                jitter=every.total_seconds() * 0.05 if every > timedelta(minutes=1) else None,
                args=(name, job),
                id=name,
                next_run_time=datetime.now(UTC) + (due - now),
                replace_existing=True,
            )

    async def _tracked(self, name: str, job: Job) -> None:
        task = asyncio.create_task(self._recorded(name, job))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # asyncio.wait, so that the end of the scheduler does not cancel the job: `run` drains it
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task])

    async def _recorded(self, name: str, job: Job) -> None:
        await asyncio.to_thread(self._start, name)
        try:
            sentence = await job()
        except SyncerError as error:
            sentence = str(error)
        except Exception:
            # one broken job must not end the service; the traceback goes to the log
            _log.exception("job %s broke", name)
            sentence = "it broke unexpectedly; see the log"
        await asyncio.to_thread(self._end, name, sentence)
        self._say_changes(name, sentence)

    def _start(self, name: str) -> None:
        with self._database.write() as connection:
            jobs.start_job(connection, name, self._clock())

    def _end(self, name: str, sentence: str | None) -> None:
        with self._database.write() as connection:
            jobs.end_job(connection, name, self._clock(), sentence)

    def _say_changes(self, name: str, sentence: str | None) -> None:
        """Log the first failure and the recovery, not every repeat."""
        if sentence and name not in self._failed:
            _log.error("%s: %s", name, sentence)
            self._failed.add(name)
        elif sentence is None and name in self._failed:
            _log.warning("%s: recovered", name)
            self._failed.discard(name)

    def _sync(self, source: str) -> Job:
        async def job() -> str | None:
            rest = await asyncio.to_thread(self._pipeline.rest_of, source)
            if rest and rest.until > self._clock():
                return f"it rests until {rest.until:%Y-%m-%d %H:%M} UTC: {rest.sentence}"
            (result,) = await self._pipeline.pull([source])
            if result.sentence:
                await asyncio.to_thread(self._tell_of_rest, source)
            # what came before a failure counts too
            derived = await self._derive() if result.new_records else None
            return result.sentence or derived

        return job

    def _tell_of_rest(self, source: str) -> None:
        if rest := self._pipeline.rest_of(source):
            self._pipeline.tell_of_rest(source, rest)

    async def _derive(self) -> str | None:
        async with self._deriving:
            sentences = await self._pipeline.derive()
        return sentences[0] if sentences else None

    async def _prices(self) -> str | None:
        """Work off prices that were missing."""
        return await self._derive()

    async def _harvest(self) -> str | None:
        try:
            found = await self._pipeline.watch()
        finally:
            undelivered = await self._pipeline.deliver()
        self._look_again({a: m.usd for a, m in found.prices.items()})
        sentence = next(iter([*found.sentences, *undelivered]), None)
        return sentence or await self._say_alive()

    def _look_again(self, prices: Mapping[str, Decimal]) -> None:
        """Sooner while prices move."""
        every = next_look(self._settings.schedule.harvest, self._prices_seen, prices)
        self._prices_seen = prices
        if every != self._looks_every:
            self._looks_every = every
            trigger = IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
            self._scheduler.reschedule_job(HARVEST, trigger=trigger)

    async def _say_alive(self) -> str | None:
        """To `[alerts] ping_url`, unless something fails: a silent service is the worst failure."""
        url = self._settings.alerts.ping_url
        if url is None or self._failed - {HARVEST}:
            return None
        return await notify.ping(url)

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
        folder = backups_of(self._database.path)
        await asyncio.to_thread(copy_to, self._database, backup_name(folder, self._clock()))
        await asyncio.to_thread(rotate, folder)
        return None


# ---- systemd


def tell_systemd(*lines: str) -> bool:
    """Send state lines to the service manager (sd_notify); False when not run under systemd."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.sendto("\n".join(lines).encode(), address)
    return True


async def _feed_watchdog() -> None:
    """From the event loop, so that a blocked loop is noticed."""
    every = int(os.environ.get("WATCHDOG_USEC", "0")) / 3_000_000
    while every:
        tell_systemd("WATCHDOG=1")
        await asyncio.sleep(every)
