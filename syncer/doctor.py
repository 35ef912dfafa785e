"""Looks at everything that Syncer rests on, and says what is not as it should be."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from config.errors import SyncerError
from config.settings import Settings
from syncer.checking import Checked
from syncer.ingest.lock import is_running
from syncer.status import interval
from syncer.store import jobs, records
from syncer.store.backup import backups
from syncer.store.database import Database
from syncer.store.place import filesystem_of
from syncer.store.schema import HEAD, revision
from syncer.store.tables import JobRow

PACKAGES = ("ccxt", "web3", "apscheduler", "sqlmodel", "sqlalchemy", "apprise", "fastapi")
LITTLE_SPACE = 1_000_000_000  # bytes
NO_SPACE = 100_000_000
CLOCK_UNSURE = 5  # adjtimex: TIME_ERROR
Severity = Literal["ok", "note", "check", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    severity: Severity
    sentence: str


def examine(
    settings: Settings,
    path: Path | None,
    database: Database,
    checked: Iterable[Checked],
    now: datetime,
) -> list[Finding]:
    """All findings, in the order of what rests on what."""
    return [
        *_environment(),
        *_settings(settings, path),
        *_disk(settings, database),
        *_database(database),
        *_clock(database, now),
        *_service(settings, database, now),
        *_sources(checked),
    ]


def _environment() -> Iterator[Finding]:
    told = {name: version(name) for name in PACKAGES}
    ours = f"Syncer {version('taxlot-syncer')}, Python {platform.python_version()}"
    yield Finding(
        "versions", "ok", f"{ours}, SQLite {sqlite3.sqlite_version}, {platform.platform()}"
    )
    yield Finding("packages", "ok", ", ".join(f"{k} {v}" for k, v in told.items()))
    if not available_timezones():
        yield Finding("time zones", "wrong", "there is no time zone database; install tzdata")
    if sys.flags.dont_write_bytecode and not list(Path(__file__).parent.glob("__pycache__/*.pyc")):
        why = "Syncer is not compiled: every start takes three times as long"
        yield Finding("start", "note", why)


def _settings(settings: Settings, path: Path | None) -> Iterator[Finding]:
    where = str(path) if path else "none found, defaults are used"
    yield Finding("settings", "ok", f"{where}: {len(settings.account)} accounts")
    if path and settings.alerts.urls and stat.S_IMODE(path.stat().st_mode) & 0o077:
        why = f"{path} names channels, which are secrets, and others can read it: chmod 600 {path}"
        yield Finding("settings", "check", why)
    if settings.taxpayer.ordinary_income is None:
        why = "[taxpayer] ordinary_income is not told: no tax is worked out"
        yield Finding("settings", "note", why)
    if not settings.alerts.urls:
        yield Finding("alerts", "note", "[alerts] urls names no channel: nothing is sent")


def _disk(settings: Settings, database: Database) -> Iterator[Finding]:
    if database.file:
        yield from _file(database.file.path)
        return
    folder = _there(settings.backup_folder)
    yield _space(folder, database.size(), "backups of a database")


def _there(folder: Path) -> Path:
    """Itself, or what it will be made in."""
    return next(p for p in (folder, *folder.parents) if p.is_dir())


def _space(folder: Path, size: int, what: str) -> Finding:
    free = shutil.disk_usage(folder).free
    told = f"{free // 1_000_000:,} MB free for {what} of {size // 1_000_000:,} MB"
    low = free < max(LITTLE_SPACE, 3 * size)
    return Finding("disk", "wrong" if free < NO_SPACE else "check" if low else "ok", told)


def _file(database: Path) -> Iterator[Finding]:
    yield _space(database.parent, database.stat().st_size, "a database")
    kind = filesystem_of(database)
    if kind in ("tmpfs", "ramfs", "overlay"):
        why = f"the database lies on {kind}, which may be gone after a restart; give it a volume"
        yield Finding("disk", "check", why)
    for place in (database, database.parent):
        if stat.S_IMODE(place.stat().st_mode) & 0o077 and place.owner() != "root":
            yield Finding("disk", "check", f"others can look into {place}: chmod go= {place}")


def _database(database: Database) -> Iterator[Finding]:
    try:
        database.check()
        database.can_write()
    except SyncerError as error:
        yield Finding("database", "wrong", str(error))
        return
    yield Finding(
        "database", "ok", f"{database.name}: whole, schema {revision(database)} of {HEAD}"
    )


def _clock(database: Database, now: datetime) -> Iterator[Finding]:
    with database.read() as connection:
        last = max((at for at, _ in records.last_pulls(connection).values() if at), default=now)
    if last > now + timedelta(minutes=1):
        why = f"the clock says {now:%Y-%m-%d %H:%M} UTC, but a pull ended at {last:%Y-%m-%d %H:%M}"
        yield Finding("clock", "wrong", why)
    elif (unsure := _is_unsure()) is not None:
        why = "nothing keeps the clock in step (NTP): keys may be refused and tax days be wrong"
        yield Finding("clock", "check", why) if unsure else Finding("clock", "ok", "kept in step")


def _is_unsure() -> bool | None:
    """Whether the kernel says that no one corrects its clock; None where it does not say."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        state = libc.adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state == CLOCK_UNSURE


def _service(settings: Settings, database: Database, now: datetime) -> Iterator[Finding]:
    runs = is_running(database)
    if not runs:
        yield Finding("service", "note", "no service runs on this database")
    with database.read() as connection:
        ran = jobs.jobs(connection)
    for job in ran:
        yield from _job(job, settings, now, runs)
    newest = next(iter(backups(settings.backup_folder)), None)
    if newest is None:
        yield Finding("backup", "check", "there is no backup: syncer backup")
    elif now - newest > 2 * settings.schedule.backup:
        yield Finding("backup", "check", f"the newest backup is of {newest:%Y-%m-%d %H:%M} UTC")
    else:
        yield Finding("backup", "ok", f"the newest is of {newest:%Y-%m-%d %H:%M} UTC")


def _job(job: JobRow, settings: Settings, now: datetime, runs: bool) -> Iterator[Finding]:
    every = interval(job.name, settings)
    if job.sentence:
        yield Finding(job.name, "check", job.sentence)
    elif runs and every and job.succeeded_at and now - job.succeeded_at > 3 * every:
        yield Finding(job.name, "check", f"it last succeeded {job.succeeded_at:%Y-%m-%d %H:%M} UTC")


def _sources(checked: Iterable[Checked]) -> Iterator[Finding]:
    for one in checked:
        may = f" (may: {', '.join(one.permissions)})" if one.permissions else ""
        severity: Severity = "ok" if one.state == "ok" else "wrong"
        yield Finding(one.name, severity, f"{one.state}{may}")
        for warning in one.warnings:
            yield Finding(one.name, "check" if one.state == "ok" else "wrong", warning)


def worst(findings: Iterable[Finding]) -> Severity:
    order: tuple[Severity, ...] = ("ok", "note", "check", "wrong")
    return max((f.severity for f in findings), key=order.index, default="ok")


def sees_as() -> str:
    """Whose eyes these are: a service of another user may see other things."""
    return f"user {os.geteuid()}"
