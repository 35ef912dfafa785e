"""What a database engine must do for Syncer; `sqlite` and `postgres` do it."""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from config.errors import SyncerError


class Lock(Protocol):
    """Something that one process has at a time, over processes, or several that share it; it goes
    when the process does."""

    def taken(self) -> bool:
        """Try to take it, or look whether it is still ours. Raises SyncerError if nobody knows."""

    def release(self) -> None: ...


class Backend(Protocol):
    """One database of one engine."""

    @property
    def name(self) -> str:
        """For sentences; without a password."""

    @property
    def writer(self) -> Engine:
        """Its transactions exclude each other from their start."""

    @property
    def reader(self) -> Engine:
        """Its transactions see one moment and cannot change anything."""

    def failure(self, error: sa.exc.DBAPIError) -> SyncerError:
        """One sentence, with what to do."""

    def check(self) -> None:
        """Raises SyncerError if it is damaged or is not what Syncer needs."""

    def can_write(self, connection: Connection) -> None:
        """Raises SyncerError if nothing can be written in this transaction of the writer."""

    def size(self) -> int:
        """Bytes on the disk."""

    def lock(self, name: str, shared: bool) -> Lock: ...

    def keep_copy(self, revision: str) -> str:
        """Of all that is there, before a migration from `revision`; where it is."""
