"""Which backups stay: the newest of each of the last days, weeks and months. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

DAILY, WEEKLY, MONTHLY = 7, 5, 12


def kept(
    times: Iterable[datetime], daily: int = DAILY, weekly: int = WEEKLY, monthly: int = MONTHLY
) -> set[datetime]:
    """Of backups made at these times (UTC). Days, weeks and months without any do not count, so
    that a machine that was off for a year keeps what it has."""
    found = sorted(times, reverse=True)
    return {
        *_newest(found, daily, lambda at: at.date()),
        *_newest(found, weekly, lambda at: at.isocalendar()[:2]),
        *_newest(found, monthly, lambda at: (at.year, at.month)),
    }


def _newest(
    newest_first: Iterable[datetime], most: int, span: Callable[[datetime], object]
) -> list[datetime]:
    """One of each span, of as many spans."""
    by_span: dict[object, datetime] = {}
    for at in newest_first:
        by_span.setdefault(span(at), at)
    return list(by_span.values())[:most]
