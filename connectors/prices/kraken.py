"""Prices from Kraken's public Trades (the past) and Ticker (the present).

Candles are not used: Kraken serves only the latest 720 of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import DataError
from connectors.exchanges.client import VenueClient
from connectors.prices.source import Price, UnknownAsset, apart
from connectors.records import exact

VENUE = "kraken"
_LOOK_BACK = (timedelta(minutes=2), timedelta(hours=1), timedelta(hours=24))
_NANO = 10**9


class KrakenPrices:
    """Looks assets up by Kraken's own raw ids, so a symbol is never mistaken for another coin."""

    name = VENUE

    def __init__(self, client: VenueClient) -> None:
        self._client = client
        self._pairs: dict[str, str] | None = None

    async def past(self, asset: str, at: datetime) -> Price | None:
        """The last trade at or before an instant, within a day; None if there is none."""
        pair = await self._pair(asset)
        if pair is None:
            raise UnknownAsset(f"kraken lists no {asset} in dollars")
        for look_back in _LOOK_BACK:
            found = await self._last_trade(pair, at - look_back, at)
            if found:
                price, when = found
                method = f"trade of {pair} at {when:%Y-%m-%d %H:%M:%S} UTC{apart(when, at)}"
                return Price(price, VENUE, method)
        return None

    async def _last_trade(
        self, pair: str, since: datetime, at: datetime
    ) -> tuple[Decimal, datetime] | None:
        wanted, found = at.timestamp(), None
        start = int(since.timestamp()) * _NANO
        while True:
            answer = await self._client.call("public_get_trades", {"pair": pair, "since": start})
            rows: list[list[Any]] = next((v for k, v in answer.items() if k != "last"), [])
            for price, _, when, *_ in rows:
                if Decimal(str(when)) <= Decimal(str(wanted)):
                    instant = datetime.fromtimestamp(float(when), at.tzinfo)
                    found = (exact(price, f"kraken's price of {pair}"), instant)
            last = int(answer.get("last") or 0)
            past_it = not rows or Decimal(str(rows[-1][2])) > Decimal(str(wanted))
            if past_it or last <= start:
                return found
            start = last

    async def present(self, assets: list[str]) -> dict[str, Price]:
        """The bid now for each asset that Kraken quotes in dollars."""
        pairs = {a: p for a in assets if (p := await self._pair(a))}
        if not pairs:
            return {}
        asked = ",".join(sorted(set(pairs.values())))
        answer = await self._client.call("public_get_ticker", {"pair": asked})
        found = {}
        for asset, pair in pairs.items():
            row: Any = answer.get(pair)
            if row:
                bid = exact(row["b"][0], f"kraken's bid for {pair}")
                if bid > 0:
                    found[asset] = Price(bid, VENUE, f"bid of {pair}")
        return found

    async def _pair(self, asset: str) -> str | None:
        if self._pairs is None:
            self._pairs = await self._load()
        return self._pairs.get(asset) or self._pairs.get(names().wrapped(asset) or "")

    async def _load(self) -> dict[str, str]:
        listed = await self._client.call("public_get_assetpairs")
        pairs: dict[str, str] = {}
        for pair, facts in listed.items():
            if names().at_venue(VENUE, facts["quote"]) == "USD":
                pairs.setdefault(names().at_venue(VENUE, facts["base"]), pair)
        if not pairs:
            raise DataError("kraken lists no pair in dollars")
        return pairs

    async def close(self) -> None:
        await self._client.close()
