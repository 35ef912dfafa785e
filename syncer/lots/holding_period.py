"""Long or short: the calendar rule (IRC 1222; Instructions for Form 8949).

The count starts the day after acquisition and includes the day of disposal; more than one year
is long. A day count is wrong in leap years.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from syncer.lots.model import Term


@cache
def long_term_on(acquired: date) -> date:
    """The first day on which a sale is long-term."""
    start = acquired + timedelta(days=1)
    if (start.month, start.day) == (2, 29):
        return date(start.year + 1, 3, 1)
    return start.replace(year=start.year + 1)


def term(acquired_at: datetime, disposed_at: datetime, zone: ZoneInfo) -> Term:
    """The term by local dates in the taxpayer's zone."""
    sold = disposed_at.astimezone(zone).date()
    return "long" if sold >= long_term_on(acquired_at.astimezone(zone).date()) else "short"


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


class Calendar:
    """Dates in the taxpayer's zone. Instants mostly come in order, so that a date is worked out
    once a day and not once an instant."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._day = date.min
        self._from = self._until = datetime.min.replace(tzinfo=UTC)

    def day(self, at: datetime) -> date:
        """The local date of an instant."""
        if at < self._from or at >= self._until:
            self._day = at.astimezone(self.zone).date()
            self._from = midnight(self._day, self.zone)
            self._until = midnight(self._day + timedelta(days=1), self.zone)
        return self._day

    def long_on(self, acquired_at: datetime) -> date:
        """The first day on which a sale of what was acquired then is long-term."""
        return long_term_on(self.day(acquired_at))
