"""One puller per source and one service at a time, over processes: flock on a file beside the
database."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from config.errors import SyncerError, TransientError
from syncer.store.place import hand_over


@asynccontextmanager
async def source_lock(database: Path, source: str, patience: float = 600.0) -> AsyncIterator[None]:
    """Hold the source; raises TransientError if another process keeps it for `patience` seconds."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", source)
    path = database.with_name(f".{database.name}.{name}.lock")
    handle = open_lock(path)
    try:
        deadline = time.monotonic() + patience
        while not _try(handle):
            if time.monotonic() > deadline:
                raise TransientError(f"another syncer is still pulling {source}; try again later")
            await asyncio.sleep(0.05)
        yield
    finally:
        os.close(handle)


@contextmanager
def single_instance(database: Path) -> Iterator[None]:
    """Lock the data, not a process name; raises SyncerError if a service runs on it already."""
    handle = open_lock(database.with_name(f".{database.name}.service.lock"))
    try:
        if not _try(handle):
            raise SyncerError(f"a service runs on {database} already")
        yield
    finally:
        os.close(handle)


def is_running(database: Path) -> bool:
    """Whether a service holds the database."""
    try:
        with single_instance(database):
            return False
    except SyncerError:
        return True


def open_lock(path: Path) -> int:
    """A file to lock; raises SyncerError if it belongs to somebody else."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        hand_over(path)
        return handle
    except OSError as error:
        raise SyncerError(f"the lock file {path} cannot be opened: {error.strerror}") from None


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
