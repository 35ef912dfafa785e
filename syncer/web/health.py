"""Whether the service does what it should, from what is stored and what its scheduler says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.errors import SyncerError
from config.settings import Settings
from syncer.status import interval
from syncer.store import jobs
from syncer.store.database import Database
from syncer.store.tables import JobRow

LATE = 3  # intervals after which a job is overdue


@dataclass(frozen=True, slots=True)
class Health:
    """A running service as others may ask for it."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    is_alive: Callable[[], bool]
    names: Sequence[str]  # of the jobs that are scheduled
    started_at: datetime

    def problems(self) -> list[str]:
        """Why it is not ready, each in a sentence; empty if it is."""
        try:
            self.database.can_write()
            with self.database.read() as connection:
                ran = jobs.jobs(connection)
        except SyncerError as error:
            return [str(error)]
        stuck = [] if self.is_alive() else ["the scheduler does not start what is due"]
        late = overdue(self.names, ran, self.settings, self.started_at, self.clock())
        return stuck + [f"{name} has not succeeded for three of its intervals" for name in late]


def overdue(
    names: Iterable[str],
    ran: Iterable[JobRow],
    settings: Settings,
    started_at: datetime,
    now: datetime,
) -> list[str]:
    """Jobs whose last good run is too long ago; those that never had one count from the start."""
    last = {j.name: j.succeeded_at for j in ran}

    def since(name: str) -> datetime:
        return max(started_at, last.get(name) or started_at)

    every = {name: interval(name, settings) or timedelta.max / LATE for name in names}
    return [name for name, length in every.items() if now - since(name) > LATE * length]
