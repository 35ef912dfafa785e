"""What every price source answers, and how it says that it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from config.errors import DataError

FRESH = timedelta(hours=1)  # an older price is marked
OLDEST = timedelta(hours=24)  # and one older than this is none


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per unit, where it is from, and how it was found; what is doubtful is in `method`.
    `at` is the time that the source gives it, where it does."""

    usd: Decimal
    source: str
    method: str
    at: datetime | None = None


class UnknownAsset(DataError):
    """The source does not list the asset: asking for another time does not help."""


class PriceSource(Protocol):
    """Prices of the past and the present; assets by their own identity, never by a symbol alone."""

    name: str

    async def past(self, asset: str, at: datetime) -> Price | None:
        """The price at an instant, None if the source has none near it; raises UnknownAsset."""

    async def present(self, assets: list[str]) -> dict[str, Price]:
        """The price now of those that the source lists."""

    async def close(self) -> None: ...


def apart(found: datetime, wanted: datetime) -> str:
    """How far a price is from the instant asked for, where that is far enough to be marked."""
    distance = abs(found - wanted)
    return f", stale by {distance}" if distance > FRESH else ""
