"""What time it is: passed in everywhere, so that a test or a what-if can set it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from config.errors import ConfigError

Clock = Callable[[], datetime]


def system_clock() -> Clock:
    """The wall clock in UTC, or the instant in `SYNCER_NOW` (ISO 8601 with an offset)."""
    fixed = os.environ.get("SYNCER_NOW")
    if not fixed:
        return lambda: datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(fixed)
    except ValueError:
        raise ConfigError(f"SYNCER_NOW is not an ISO 8601 instant: {fixed}") from None
    if instant.tzinfo is None:
        raise ConfigError(f"SYNCER_NOW needs an offset, for example {fixed}Z")
    return lambda: instant.astimezone(UTC)
