"""What each source says of its key and its reach."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from config.errors import ConfigError, SyncerError
from syncer.clock import Clock
from syncer.sources import Source
from syncer.store.database import Database

State = Literal["ok", "refused", "failed", "bad key settings"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One source; `warnings` are sentences."""

    name: str
    state: State
    permissions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


async def check_sources(
    sources: Sequence[Source], database: Database, clock: Clock
) -> list[Checked]:
    """All side by side."""
    return list(await asyncio.gather(*(_check(s, database, clock) for s in sources)))


async def _check(source: Source, database: Database, clock: Clock) -> Checked:
    try:
        puller = source.open(database, clock)
    except ConfigError as error:
        return Checked(source.name, "bad key settings", warnings=(str(error),))
    try:
        report = await puller.check_key()
    except SyncerError as error:
        return Checked(source.name, "failed", warnings=(str(error),))
    finally:
        await puller.close()
    told = (*report.warnings, source.note, report.refusal)
    state: State = "refused" if report.refusal else "ok"
    return Checked(source.name, state, report.permissions, tuple(x for x in told if x))
