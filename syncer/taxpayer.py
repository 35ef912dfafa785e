"""What the person told of themselves, by year."""

from __future__ import annotations

from config.settings import Settings
from syncer.tax.federal import Taxpayer


def taxpayer_in(settings: Settings, year: int) -> Taxpayer:
    """What the person told of a year."""
    told = settings.taxpayer.in_year(year)
    return Taxpayer(**{k: v for k, v in told.items() if k in Taxpayer.__dataclass_fields__})
