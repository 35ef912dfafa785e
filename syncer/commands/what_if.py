"""What a person wants to know as if it were so: prices, other gains, another filing status."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from config.sections import FilingStatus
from syncer.harvesting import WhatIf
from syncer.written import dollars, parse_day, told_prices, told_share

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
