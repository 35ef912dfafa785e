"""A source that fails again and again rests, ever longer, so that no venue is hammered or locks the
key out. A key that was refused rests at once: trying again does not help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

TRIES = 4  # failures in a row before it rests
SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Run:
    """How a pull ended: done, failed or refused."""

    ended_at: datetime
    outcome: str
    sentence: str | None


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when a source is left alone, since when it fails and why, or if its key is refused."""

    until: datetime
    since: datetime
    sentence: str
    refused: bool = False


def rest_after(runs: Sequence[Run]) -> Rest | None:
    """The rest that these runs, newest first, call for; None if the source may be pulled."""
    failed = list(takewhile(lambda run: run.outcome != "done", runs))
    if not failed:
        return None
    newest, beyond = failed[0], len(failed) - TRIES
    if newest.outcome == "refused":
        length = LONGEST
    elif beyond >= 0:
        length = min(SHORTEST * 2**beyond, LONGEST)
    else:
        return None
    refused = newest.outcome == "refused"
    return Rest(newest.ended_at + length, failed[-1].ended_at, newest.sentence or "", refused)
