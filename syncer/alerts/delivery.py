"""When a message may be delivered: not in quiet hours, not beyond a day's budget. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Manners:
    """`[alerts]` in the person's zone: `quiet` from one time of day to another, at most `budget`
    messages a day and channel (0: any number), the rest in one message at `digest`."""

    zone: ZoneInfo
    quiet: tuple[time, time] | None = None
    budget: int = 0
    digest: time = time(8)

    def is_quiet(self, now: datetime) -> bool:
        """Quiet hours may lie over midnight."""
        if self.quiet is None:
            return False
        at, (start, end) = now.astimezone(self.zone).time(), self.quiet
        return start <= at < end if start <= end else at >= start or at < end

    def day_of(self, at: datetime) -> datetime:
        """The first instant of its local day."""
        local = at.astimezone(self.zone)
        return datetime.combine(local.date(), time(), self.zone)

    def next_digest(self, now: datetime) -> datetime:
        """The first time of a digest that is not over."""
        day = now.astimezone(self.zone).date()
        today = datetime.combine(day, self.digest, self.zone)
        if today > now:
            return today
        return datetime.combine(day + timedelta(days=1), self.digest, self.zone)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message to one channel that is not delivered yet and may be tried now."""

    alert_id: str
    channel: str
    attempts: int
    title: str
    body: str
    urgent: bool
    in_digest: bool


def to_send(
    waiting: Sequence[Waiting], delivered_today: int, manners: Manners, now: datetime
) -> tuple[list[Waiting], list[Waiting], list[Waiting]]:
    """Of one channel: what goes by itself, what goes in one digest now, and what is put off to the
    next digest because the day's budget is used up."""
    urgent = [w for w in waiting if w.urgent]
    if manners.is_quiet(now):
        return urgent, [], []
    plain = [w for w in waiting if not w.urgent and not w.in_digest]
    room = len(plain) if not manners.budget else max(0, manners.budget - delivered_today)
    digest = [w for w in waiting if w.in_digest and not w.urgent]
    return [*urgent, *plain[:room]], digest, plain[room:]


def reference(alert_id: str, detail: str) -> str:
    """The stable id as a message shows it: it names account and asset, unless nothing may."""
    if detail != "none":
        return alert_id
    return hashlib.sha256(alert_id.encode()).hexdigest()[:12]


def with_reference(one: Waiting, detail: str) -> str:
    return f"{one.body}\n[{reference(one.alert_id, detail)}]"


def digest_of(some: Iterable[Waiting], detail: str) -> tuple[str, str]:
    """One message of many; each keeps its id."""
    listed = list(some)
    lines = [f"{w.title.removeprefix('Syncer: ')}\n{with_reference(w, detail)}" for w in listed]
    return f"Syncer: {len(listed)} messages", "\n\n".join(lines)
