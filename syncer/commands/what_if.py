"""What a person wants to know as if it were so: prices, other gains, another filing status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from config.errors import DataError, UsageError
from config.exact import ZERO
from config.sections import FilingStatus
from connectors.records import exact
from syncer.commands.session import parse_day
from syncer.harvesting import WhatIf

Price = Annotated[list[str] | None, typer.Option("--price", help="What if, as ASSET=DOLLARS.")]
MoreShort = Annotated[
    str, typer.Option("--more-short", help="More short-term gain of the year; below 0 a loss.")
]
MoreLong = Annotated[
    str, typer.Option("--more-long", help="More long-term gain of the year; below 0 a loss.")
]
Sell = Annotated[str, typer.Option("--sell", help="The part of each holding to sell at most.")]
Filing = Annotated[
    FilingStatus | None, typer.Option("--filing", help="As if you filed with this status.")
]
RatesOf = Annotated[
    int | None, typer.Option("--rates-of", help="With the brackets of this year.", min=2009)
]
WashSales = Annotated[
    str | None,
    typer.Option("--wash-sales-from", help="As if losses on coins were disallowed from this day."),
]


def what_if(
    price: list[str] | None,
    more_short: str,
    more_long: str,
    sell: str,
    filing: str | None,
    rates_of: int | None,
    wash_sales: str | None,
) -> WhatIf:
    """Raises UsageError that names the option."""
    return WhatIf(
        told_prices(price or []),
        dollars(more_short, "--more-short"),
        dollars(more_long, "--more-long"),
        told_share(sell),
        filing,
        rates_of,
        _day(wash_sales),
    )


def _day(text: str | None) -> date | None:
    return parse_day(text) if text else None


def dollars(text: str, option: str) -> Decimal:
    """Raises UsageError for what is no amount."""
    try:
        return exact(text, option) if text else ZERO
    except DataError as error:
        raise UsageError(str(error)) from None


def told_prices(given: Sequence[str]) -> dict[str, Decimal]:
    """By asset; raises UsageError for what is not ASSET=DOLLARS above zero."""
    found = {}
    for text in given:
        asset, _, price = text.partition("=")
        if asset in found:
            raise UsageError(f"--price tells {asset} twice")
        try:
            found[asset] = exact(price, f"--price {asset}")
        except DataError as error:
            raise UsageError(f"{error}; write it as ASSET=DOLLARS") from None
        if not asset or found[asset] <= 0:
            raise UsageError(f"--price {text} must be ASSET=DOLLARS with dollars above zero")
    return found


def told_share(text: str) -> Decimal:
    """Raises UsageError unless it is above 0 and at most 1."""
    share = dollars(text, "--sell")
    if not 0 < share <= 1:
        raise UsageError("--sell is a part: above 0 and at most 1")
    return share
