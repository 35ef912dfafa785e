"""What the page may ask of the service that it is part of, and what it may tell it to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.settings import Settings
from syncer.clock import Clock
from syncer.ingest.pull import Reached
from syncer.pipeline import Pipeline
from syncer.store.database import Database
from syncer.web.health import Health


@dataclass(frozen=True, slots=True)
class Running:
    """The service at one moment: settings may be read again, and with them this is another."""

    settings: Settings
    path: Path | None  # of the settings
    database: Database
    pipeline: Pipeline
    clock: Clock
    health: Health
    next_runs: Mapping[str, datetime | None]  # by job
    at_work: frozenset[str]  # jobs that run now
    reached: Mapping[str, Reached]  # how far the pulls are that run now, by source
    start: Callable[[str], bool]  # a job at once; whether there is such a job
    derive: Callable[[], Awaitable[str | None]]  # the books brought up to what is stored
    reload: Callable[[], Awaitable[None]]  # the settings read again; raises SyncerError
