"""One puller per source and one service at a time, over processes: locks that lie with the data."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from config.errors import SyncerError, TransientError
from syncer.store.backend import Lock
from syncer.store.database import Database

SERVICE, USE = "service", "use"
_T = TypeVar("_T")


@contextmanager
def in_use(database: Database) -> Iterator[None]:
    """Beside others that use it; raises SyncerError while one has it alone."""
    busy = f"the database {database.name} is being restored or copied; try again when that is done"
    with _held(database.lock(USE, shared=True), busy):
        yield


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """While nobody else uses it: what another command still wrote would be lost, or come on top of
    what is put back. Raises SyncerError if somebody does."""
    with (
        single_instance(database),
        _held(database.lock(USE), f"another syncer uses {database.name}; end it first"),
    ):
        yield


@contextmanager
def single_instance(database: Database) -> Iterator[Lock]:
    """Lock the data, not a process name; raises SyncerError if a service runs on it already."""
    lock = database.lock(SERVICE)
    with _held(lock, f"a service runs on {database.name} already"):
        yield lock


@contextmanager
def _held(lock: Lock, otherwise: str) -> Iterator[None]:
    try:
        if not lock.taken():
            raise SyncerError(otherwise)
        yield
    finally:
        lock.release()


def is_running(database: Database) -> bool:
    """Whether a service holds the database."""
    lock = database.lock(SERVICE)
    try:
        return not lock.taken()
    finally:
        lock.release()


@asynccontextmanager
async def source_lock(
    database: Database, source: str, patience: float = 600.0
) -> AsyncIterator[None]:
    """Hold the source; raises TransientError if another process keeps it for `patience` seconds."""
    lock = database.lock(f"source {source}")
    try:
        deadline, pause = time.monotonic() + patience, 0.05
        while not await _to_its_end(lock.taken):
            if time.monotonic() > deadline:
                raise TransientError(f"another syncer is still pulling {source}; try again later")
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)
        yield
    finally:
        await _to_its_end(lock.release)


async def _to_its_end(work: Callable[[], _T]) -> _T:
    """In a thread, which is waited for also if nobody waits any more: what it took is let go."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
