"""Minute candles of the venues that still tell old ones, through ccxt.

Facts: a venue may answer with other minutes than those asked for, leave out minutes without trades,
or repeat the last price with no volume; so a row counts by its own time and only if something was
traded. Kraken tells 720 candles and no more: its trades are read instead (`kraken`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from config.assets import names
from config.errors import DataError
from connectors.exchanges.client import VenueClient
from connectors.prices.source import Price, UnknownAsset, apart
from connectors.records import exact

# the setting's name: ccxt's
VENUES = {
    "coinbase": "coinbaseexchange",
    "binanceus": "binanceus",
    "bitstamp": "bitstamp",
    "bitfinex": "bitfinex",
}
_LOOK_BACK = (5, 60, 290)  # minutes; the most that every venue gives at once
_LISTS_BIDS = frozenset({"binanceus", "bitstamp", "bitfinex"})
_MINUTE = timedelta(minutes=1)


class Candles:
    """One venue's candles; assets by the venue's own raw ids."""

    def __init__(self, name: str, client: VenueClient) -> None:
        self.name, self._client = name, client
        self._symbols: dict[str, str] | None = None

    async def past(self, asset: str, at: datetime) -> Price | None:
        symbol = await self._symbol(asset)
        if symbol is None:
            raise UnknownAsset(f"{self.name} lists no {asset} in dollars")
        minute = at.replace(second=0, microsecond=0)
        for back in _LOOK_BACK:
            found = await self._last(symbol, minute, back)
            if found:
                usd, when = found
                told = f"candle of {symbol} at {when:%Y-%m-%d %H:%M} UTC, close"
                return Price(usd, self.name, told + apart(when, minute))
        return None

    async def _last(self, symbol: str, minute: datetime, back: int) -> Any:
        """The last traded minute of so many before an instant: price and time."""
        since = int((minute - back * _MINUTE).timestamp() * 1000)
        rows = await self._client.method("fetch_ohlcv", symbol, "1m", since, back + 1)
        end = int(minute.timestamp() * 1000)
        traded = [r for r in rows if since <= int(r[0]) <= end and exact(r[5], "the volume") > 0]
        if not traded:
            return None
        last = max(traded, key=lambda r: int(r[0]))
        usd = exact(last[4], f"{self.name}'s price of {symbol}")
        return (usd, datetime.fromtimestamp(int(last[0]) // 1000, UTC)) if usd > 0 else None

    async def present(self, assets: list[str]) -> dict[str, Price]:
        listed = {a: s for a in assets if (s := await self._symbol(a)) is not None}
        tickers = await self._tickers(sorted(set(listed.values())))
        found = {}
        for asset, symbol in listed.items():
            bid = tickers.get(symbol, {}).get("bid")
            if bid and (usd := exact(str(bid), f"{self.name}'s bid for {symbol}")) > 0:
                found[asset] = Price(usd, self.name, f"bid of {symbol}")
        return found

    async def _tickers(self, symbols: list[str]) -> dict[str, Any]:
        """By symbol: in one question where the venue's list has bids."""
        if self.name in _LISTS_BIDS and len(symbols) > 1:
            told: dict[str, Any] = await self._client.method("fetch_tickers", symbols)
            return told
        return {s: await self._client.method("fetch_ticker", s) for s in symbols}

    async def _symbol(self, asset: str) -> str | None:
        if self._symbols is None:
            self._symbols = await self._load()
        return self._symbols.get(asset) or self._symbols.get(names().wrapped(asset) or "")

    async def _load(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for symbol, one in sorted((await self._client.markets()).items()):
            if names().at_venue(self.name, str(one["quoteId"])) == "USD":
                found.setdefault(names().at_venue(self.name, str(one["baseId"])), symbol)
        if not found:
            raise DataError(f"{self.name} lists no pair in dollars")
        return found

    async def close(self) -> None:
        await self._client.close()
