"""The service: a thin door that runs the duties on schedule until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from config import settings as configuration
from config.errors import ConfigError, SyncerError
from config.secrets import web_token
from config.settings import Settings
from connectors import notify
from syncer import systemd
from syncer.clock import Clock
from syncer.collector import spare_what_stands
from syncer.duties import HARVEST, SYNC, Duties, Job
from syncer.ingest.lock import single_instance
from syncer.pipeline import Pipeline
from syncer.sources import load_clients
from syncer.status import interval, line
from syncer.store import alerts, edits, jobs
from syncer.store.backend import Lock
from syncer.store.database import Database
from syncer.timekeeping import Drift
from syncer.web.health import Health

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from syncer.web.running import Running

_log = logging.getLogger("syncer")
_T = TypeVar("_T")
Last = Mapping[str, datetime | None]  # when jobs last succeeded, by name
DRAIN_SECONDS = 3.0  # with what follows it the end takes less than 5 seconds, on slow machines too
PATIENCE = 30.0  # seconds for a database that does not answer; less than the watchdog's
AWAY = "the database does not answer"
BEAT_SECONDS = 15.0  # between two looks at the clock and the scheduler
OVERDUE = timedelta(minutes=5)  # a job that should have begun so long ago: the scheduler hangs
# a job that is still running when it is due again is no news
logging.getLogger("apscheduler").setLevel(logging.ERROR)


async def serve(
    settings: Settings, path: Path | None, database: Database, pipeline: Pipeline, clock: Clock
) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the settings at `path` again. Raises ConfigError
    before it starts if a channel is wrong."""
    notify.check_urls(settings.alerts.urls)
    database.check()
    with single_instance(database) as instance:
        service = _Service(settings, path, database, pipeline, clock, instance)
        async with service.answering():
            await service.run()


class _Service:
    def __init__(
        self,
        settings: Settings,
        path: Path | None,
        database: Database,
        pipeline: Pipeline,
        clock: Clock,
        instance: Lock,
    ) -> None:
        self._path, self._database, self._clock = path, database, clock
        self._instance, self._stop, self._lost = instance, asyncio.Event(), False
        self._looking: asyncio.Task[Any] | None = None
        self._asking, self._reloading = asyncio.Lock(), asyncio.Lock()
        self._due_anew, self._ready = False, asyncio.Event()
        self._opening: asyncio.Task[ASGIApp] | None = None
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failed: set[str] = set()
        self._status, self._started_at = "", clock()
        self._take(settings, pipeline)

    def _take(self, settings: Settings, pipeline: Pipeline) -> None:
        self._settings, self._pipeline = settings, pipeline
        self._duties = Duties(
            settings, self._database, pipeline, self._clock, self._look_again, self._all_is_well
        )

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Under `[web]`, unless that is off. Its address and token stay until a restart."""
        web = self._settings.web
        if not web.enabled:
            yield
            return
        from syncer.web.server import serving

        token = web_token(web.token_file, self._settings.folder)
        self._opening = asyncio.create_task(self._opened(token))
        async with serving(self._when_open, web):
            yield

    async def _opened(self, token: str | None) -> ASGIApp:
        await self._ready.wait()
        return await asyncio.to_thread(self._open, token)

    def _open(self, token: str | None) -> ASGIApp:
        """The application; until somebody has set a password, each start prints a link by which
        one is set."""
        from syncer.web.access import first_link
        from syncer.web.app import app_of

        app = app_of(self._running_now, token, self._settings.web)
        try:
            if link := first_link(self._database, self._settings.web, self._clock()):
                _log.warning("set the password of the page: %s", link)
        except SyncerError as error:  # `syncer web link` prints one at any time
            _log.error("no link to set the password of the page: %s", error)
        return app

    async def _when_open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Its port is taken before it is loaded: a request waits for that."""
        assert self._opening
        app = await asyncio.shield(self._opening)
        await app(scope, receive, send)

    async def _load(self) -> None:
        """One after the other: two threads that import the same can lock each other out."""
        await self._ready.wait()
        if self._opening:
            await asyncio.wait([self._opening])
        await asyncio.to_thread(load_clients, self._settings)
        spare_what_stands()

    def _health(self) -> Health:
        names = [job.id for job in self._scheduler.get_jobs()]
        return Health(
            self._settings, self._database, self._clock, self._is_alive, names, self._started_at
        )

    def _running_now(self) -> Running:
        """What the page may ask of it, and tell it."""
        from syncer.web.running import Running

        return Running(
            self._settings,
            self._path,
            self._database,
            self._pipeline,
            self._clock,
            self._health(),
            {job.id: job.next_run_time for job in self._scheduler.get_jobs()},
            frozenset(self._running),
            self._duties.reached,
            self._start_now,
            self._duties.derive,
            self._reload,
        )

    def _start_now(self, name: str) -> bool:
        if self._scheduler.get_job(name) is None:
            return False
        self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        return True

    async def run(self) -> None:
        stop, loop = self._stop, asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        asked = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, asked.set)
        # seconds of imports, that neither READY nor the loop waits for
        self._loading = asyncio.create_task(self._load())
        self._schedule(self._last())
        self._scheduler.start()
        systemd.tell("READY=1", *await self._status_lines())
        self._ready.set()
        beating = [
            asyncio.create_task(self._beat()),
            asyncio.create_task(self._reload_when(asked)),
        ]
        await stop.wait()
        systemd.tell("STOPPING=1")
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=DRAIN_SECONDS)
        ending = [*self._running.values(), *beating]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self._scheduler.shutdown(wait=False)
        if self._lost:
            raise SyncerError("this service ended: another one uses its database")

    # ---- jobs

    def _last(self) -> Last:
        """When each job last succeeded, as the database has it."""
        with self._database.read() as connection:
            return {j.name: j.succeeded_at for j in jobs.jobs(connection)}

    def _schedule(self, last: Last) -> None:
        """One job per source and one each for the rest, by when they last succeeded."""
        wanted = self._duties.jobs()
        for gone in {job.id for job in self._scheduler.get_jobs()} - wanted.keys():
            self._scheduler.remove_job(gone)
        for name, job in wanted.items():
            self._schedule_one(name, job, last.get(name))

    def _schedule_one(self, name: str, job: Job, last: datetime | None) -> None:
        every = interval(name, self._settings)
        assert every is not None
        now = self._clock()
        # a time ahead of the clock is one of a clock that was wrong
        due = max(now, last + every) if last and last <= now else now
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
        if name in self._running:  # scheduled anew while it runs
            return
        task = asyncio.create_task(self._recorded(name, job))
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name, None))
        # asyncio.wait, so that the end of the scheduler does not cancel the job: `run` drains it
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task])

    async def _recorded(self, name: str, job: Job) -> None:
        try:
            await asyncio.to_thread(self._start, name)
            sentence = await self._sentence_of(name, job)
            await asyncio.to_thread(self._end, name, sentence)
        except SyncerError as error:  # the database is away: the job is due again in its time
            sentence = str(error)
        self._say_changes(name, sentence)

    async def _sentence_of(self, name: str, job: Job) -> str | None:
        try:
            await asyncio.shield(self._loading)
            with self._database.told():
                return await job()
        except SyncerError as error:
            return str(error)
        except Exception:
            # one broken job must not end the service; the traceback goes to the log
            _log.exception("job %s broke", name)
            return "it broke unexpectedly; see the log"

    def _start(self, name: str) -> None:
        """Raises SyncerError if the database is another's by now, or away."""
        if not self._instance.taken():
            raise SyncerError(f"another service uses {self._database.name}")
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

    def _look_again(self, every: timedelta) -> None:
        trigger = IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
        self._scheduler.reschedule_job(HARVEST, trigger=trigger)

    def _all_is_well(self) -> bool:
        return not self._failed - {HARVEST}

    # ---- signs of life

    async def _beat(self) -> None:
        """From the event loop, so that a blocked loop is noticed; and only while the scheduler
        starts what is due."""
        watched = systemd.watchdog_seconds()
        every = min(BEAT_SECONDS, watched / 3) if watched else BEAT_SECONDS
        drift = Drift()
        while True:
            with contextlib.suppress(SyncerError):  # what does not answer is asked again
                await self._look_around(drift)
            if self._is_alive():
                systemd.tell("WATCHDOG=1", *await self._status_lines(again=False))
            await asyncio.sleep(every)

    async def _look_around(self, drift: Drift) -> None:
        """Raises SyncerError if the database does not answer."""
        if moved := drift.jumped():
            _log.warning("the clock moved by %.0f seconds: all jobs are scheduled anew", moved)
            self._due_anew = True
        if self._due_anew:
            self._schedule(await self._within(self._last))
            self._due_anew = False
        # a server lets the lock go with its connection, and another may have taken it
        if not await self._within(self._instance.taken):
            self._lost = True
            self._stop.set()

    async def _within(self, look: Callable[[], _T]) -> _T:
        """What the database says. Raises SyncerError if it does not in time: that stops no beat."""
        async with self._asking:
            if self._looking and not self._looking.done():
                raise SyncerError(AWAY)
            looking = self._looking = asyncio.create_task(asyncio.to_thread(look))
            looking.add_done_callback(lambda t: t.cancelled() or t.exception())
            try:
                return await asyncio.wait_for(asyncio.shield(looking), PATIENCE)
            except TimeoutError:
                raise SyncerError(AWAY) from None

    def _is_alive(self) -> bool:
        late = datetime.now(UTC) - OVERDUE
        due = (j for j in self._scheduler.get_jobs() if j.id not in self._running)
        return all(j.next_run_time is None or j.next_run_time > late for j in due)

    async def _status_lines(self, again: bool = True) -> list[str]:
        """What systemctl shows; nothing where it knows that already."""
        try:
            told = await self._within(self._status_line)
        except SyncerError as error:  # no reason to be taken for dead
            told = str(error)
        if told == self._status and not again:
            return []
        self._status = told
        return [f"STATUS={told}"]

    def _status_line(self) -> str:
        syncs = [j.next_run_time for j in self._scheduler.get_jobs() if j.id.startswith(SYNC)]
        with self._database.read() as connection:
            ran = jobs.jobs(connection)
            firing = sum(s.state == "firing" for s in alerts.alert_states(connection).values())
        names = [f"{SYNC}{s.name}" for s in self._pipeline.sources()]
        soonest = min(filter(None, syncs), default=None)
        return line(names, ran, firing, soonest, self._settings, self._clock())

    # ---- settings

    async def _reload_when(self, asked: asyncio.Event) -> None:
        while True:
            await asked.wait()
            asked.clear()
            systemd.tell("RELOADING=1")
            try:
                await self._reload()
                _log.warning("the settings are read again")
            except SyncerError as error:
                _log.error("the settings stay as they were: %s", error)
            systemd.tell("READY=1", *await self._status_lines())

    def _settings_now(self) -> Settings:
        """Of the file, with what was set on the page."""
        with self._database.read() as connection:
            return configuration.load(self._path, edits.edits(connection))

    async def _reload(self) -> None:
        """Raises SyncerError, and all stays as it was, if they do not hold."""
        async with self._reloading:  # the later one is the one that holds
            await self._read_again()

    async def _read_again(self) -> None:
        new = await asyncio.to_thread(self._settings_now)
        notify.check_urls(new.alerts.urls)
        if new.database != self._settings.database:
            raise ConfigError("another [database] needs a restart")
        pipeline = Pipeline(new, self._database, self._clock)
        pipeline.sources()  # raises for what is wrong
        last = await asyncio.to_thread(self._last)
        await asyncio.to_thread(load_clients, new)
        self._take(new, pipeline)
        self._schedule(last)
