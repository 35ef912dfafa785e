"""Long or short: the calendar rule (IRC 1222; Instructions for Form 8949).

The count starts the day after acquisition and includes the day of disposal; more than one year
is long. A day count is wrong in leap years.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from syncer.lots.model import Term


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
