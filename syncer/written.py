"""What a person writes, on the command line or in a form: days, instants, dollars, prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.errors import DataError, UsageError
from config.exact import ZERO
from connectors.records import exact


def parse_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text} is not a date; write it as YYYY-MM-DD") from None
    if not 2009 <= day.year <= 2200:
        raise UsageError(f"{text} is not a day on which coins were held")
    return day


def end_of_day(day: str | None, zone: ZoneInfo) -> datetime | None:
    """The last instant of a day in the taxpayer's zone."""
    if day is None:
        return None
    midnight = datetime.combine(parse_day(day), time(), zone)
    return midnight.replace(hour=23, minute=59, second=59, microsecond=999_999)


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant; raises UsageError without an offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text} is not a time; write it as 2025-01-31T12:00:00Z") from None
    if found.tzinfo is None:
        raise UsageError(f"{text} needs an offset, for example {text}Z")
    if not 2009 <= found.year <= 2200:
        raise UsageError(f"{text} is not a time at which coins were held")
    return found.astimezone(UTC)


def dollars(text: str, name: str) -> Decimal:
    """Nothing is zero; raises UsageError, with the name of the field, for what is no amount."""
    try:
        return exact(text, name) if text else ZERO
    except DataError as error:
        raise UsageError(str(error)) from None


def not_negative(text: str | None, name: str) -> Decimal | None:
    """Dollars that may be left out."""
    if not text:
        return None
    usd = dollars(text, name)
    if usd < 0:
        raise UsageError(f"{name} must not be negative")
    return usd


def told_prices(given: Sequence[str], name: str = "--price") -> dict[str, Decimal]:
    """By asset; raises UsageError for what is not ASSET=DOLLARS above zero."""
    found: dict[str, Decimal] = {}
    for text in given:
        asset, _, price = text.partition("=")
        if asset in found:
            raise UsageError(f"{name} tells {asset} twice")
        try:
            found[asset] = exact(price, f"{name} {asset}")
        except DataError as error:
            raise UsageError(f"{error}; write it as ASSET=DOLLARS") from None
        if not asset or found[asset] <= 0:
            raise UsageError(f"{name} {text} must be ASSET=DOLLARS with dollars above zero")
    return found


def told_share(text: str, name: str = "--sell") -> Decimal:
    """Raises UsageError unless it is above 0 and at most 1."""
    share = dollars(text, name)
    if not 0 < share <= 1:
        raise UsageError(f"{name} is a part: above 0 and at most 1")
    return share
