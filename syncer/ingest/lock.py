"""One puller per source and one service at a time, over processes: locks that lie with the data."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from config.errors import SyncerError, TransientError
from syncer.store.backend import Lock
from syncer.store.database import Database

SERVICE = "service"


@asynccontextmanager
async def source_lock(
    database: Database, source: str, patience: float = 600.0
) -> AsyncIterator[None]:
    """Hold the source; raises TransientError if another process keeps it for `patience` seconds."""
    lock = database.lock(f"source {source}")
    try:
        deadline = time.monotonic() + patience
        while not await asyncio.to_thread(lock.taken):
            if time.monotonic() > deadline:
                raise TransientError(f"another syncer is still pulling {source}; try again later")
            await asyncio.sleep(0.05)
        yield
    finally:
        await asyncio.to_thread(lock.release)


@contextmanager
def single_instance(database: Database) -> Iterator[Lock]:
    """Lock the data, not a process name; raises SyncerError if a service runs on it already."""
    lock = database.lock(SERVICE)
    try:
        if not lock.taken():
            raise SyncerError(f"a service runs on {database.name} already")
        yield lock
    finally:
        lock.release()


def is_running(database: Database) -> bool:
    """Whether a service holds the database."""
    lock = database.lock(SERVICE)
    try:
        return not lock.taken()
    finally:
        lock.release()
