"""Dollars of other money by the reference rates of the European Central Bank.

Facts: one rate a working day, of about 14:15 in Frankfurt, in units per euro; none on weekends and
bank holidays, so the last one before counts; a range without rates is an empty answer or a 404.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.assets import names
from config.errors import DataError
from connectors.prices.source import Price, UnknownAsset
from connectors.records import exact
from connectors.web import Web

URL = "https://data-api.ecb.europa.eu"
_FRANKFURT = ZoneInfo("Europe/Berlin")
_BACK = timedelta(days=7)  # holidays in a row
_EURO = "EUR"


class EcbRates:
    name = "ecb"

    def __init__(self, web: Web) -> None:
        self._web = web
        self._days: dict[tuple[str, date], tuple[date, Decimal]] = {}

    async def past(self, asset: str, at: datetime) -> Price | None:
        if not names().is_fiat(asset) or asset == "USD":
            raise UnknownAsset(f"the ECB quotes no {asset}")
        day = at.astimezone(_FRANKFURT).date()
        dollars = await self._rate("USD", day)
        other = (day, Decimal(1)) if asset == _EURO else await self._rate(asset, day)
        if dollars is None or other is None:
            return None
        when = dollars[0] if asset == _EURO else min(dollars[0], other[0])
        usd = dollars[1] / other[1]
        return Price(usd, self.name, f"reference rate of {asset} on {when}")

    async def present(self, assets: list[str]) -> dict[str, Price]:
        return {}  # money has no lots: nothing asks what it is worth now

    async def _rate(self, money: str, day: date) -> tuple[date, Decimal] | None:
        """The last rate on or before a day: its day, and units per euro."""
        if (money, day) not in self._days:
            asked = {
                "format": "csvdata",
                "detail": "dataonly",
                "startPeriod": (day - _BACK).isoformat(),
                "endPeriod": day.isoformat(),
            }
            path = f"/service/data/EXR/D.{money}.EUR.SP00.A"
            status, text = await self._web.text(path, asked)
            if status not in (200, 404):
                raise DataError(f"the ECB answered with status {status}")
            rates = _rates(text) if status == 200 else []
            if not rates:
                return None
            self._days[money, day] = max(rates)
        return self._days[money, day]

    async def close(self) -> None:
        await self._web.close()


def _rates(text: str) -> list[tuple[date, Decimal]]:
    found = []
    for row in csv.DictReader(io.StringIO(text)):
        told = row.get("OBS_VALUE") or ""
        if told and told != "NaN":
            found.append((date.fromisoformat(row["TIME_PERIOD"]), exact(told, "the ECB's rate")))
    return found
