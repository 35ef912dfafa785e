"""CoinGecko's prices of the past, by its own id or by platform and contract.

Facts: a window of less than a day gives hourly points, times in milliseconds; without a paid key
only the past 365 days are told (error 10012, under whatever status); an unknown coin is a 404; an
error stands in one of three shapes, so the body is read before the status.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from config.errors import AuthError, DataError, RateLimited
from config.listings import Listing
from connectors.prices.source import OLDEST, Price, UnknownAsset, apart
from connectors.records import exact
from connectors.web import Web

URL = "https://api.coingecko.com/api/v3"
AROUND = timedelta(hours=3)
TOO_OLD = 10012
SLOWER = 429


def key_header(url: str, key: str) -> dict[str, str]:
    """A paid key and a free one have headers of their own, and hosts."""
    paid = "pro-api" in url
    return {"x-cg-pro-api-key" if paid else "x-cg-demo-api-key": key}


class CoinGecko:
    name = "coingecko"

    def __init__(self, web: Web, listing: Listing) -> None:
        self._web, self._listing = web, listing

    async def past(self, asset: str, at: datetime) -> Price | None:
        known = self._listing.of(asset)
        if known is None:
            raise UnknownAsset(f"coingecko knows no {asset}")
        where = known.coin or f"{known.gecko}/contract/{known.contract}"
        window = {"from": at - AROUND, "to": at + AROUND}
        params = {k: str(int(t.timestamp())) for k, t in window.items()}
        path = f"/coins/{where}/market_chart/range"
        document = await self._asked(path, {"vs_currency": "usd", **params}, asset)
        return self._nearest(document.get("prices") or [], where, at)

    def _nearest(self, points: list[list[Any]], where: str, at: datetime) -> Price | None:
        told_points = [p for p in points if p[1] is not None]
        times = [(datetime.fromtimestamp(int(p[0]) // 1000, UTC), p[1]) for p in told_points]
        if not times:
            return None
        when, told = min(times, key=lambda p: (abs(p[0] - at), p[0]))
        usd = exact(told, f"coingecko's price of {where}")
        if usd <= 0 or abs(when - at) > OLDEST:
            return None
        late = apart(when, at)
        return Price(usd, self.name, f"{where} at {when:%Y-%m-%d %H:%M:%S} UTC{late}")

    async def present(self, assets: list[str]) -> dict[str, Price]:
        coins = {a: k.coin for a in assets if (k := self._listing.of(a)) and k.coin}
        if not coins:
            return {}
        ids = ",".join(sorted({c for c in coins.values() if c}))
        document = await self._asked("/simple/price", {"ids": ids, "vs_currencies": "usd"}, ids)
        found = {}
        for asset, coin in coins.items():
            usd = (document.get(coin) or {}).get("usd")
            if usd is not None and exact(usd, f"coingecko's price of {coin}") > 0:
                price = exact(usd, f"coingecko's price of {coin}")
                found[asset] = Price(price, self.name, f"{coin} now")
        return found

    async def _asked(self, path: str, params: dict[str, str], asset: str) -> dict[str, Any]:
        status, document = await self._web.json(path, params)
        code, message = _error(document)
        if code == TOO_OLD:
            raise DataError("coingecko tells only the past 365 days without a paid key")
        if code == SLOWER:
            raise RateLimited("coingecko asks to slow down")
        if status == 404 or message == "coin not found":
            raise UnknownAsset(f"coingecko knows no {asset}")
        if status in (401, 403):
            raise AuthError(f"coingecko refused the key: {message}")
        if status != 200 or not isinstance(document, dict):
            raise DataError(f"coingecko answered with status {status}: {message}")
        return document

    async def close(self) -> None:
        await self._web.close()


def _error(document: Any) -> tuple[int | None, str]:
    """Code and message of an error, in whichever of its shapes."""
    if not isinstance(document, dict):
        return None, ""
    told = document.get("error", document)
    if isinstance(told, str):
        return None, told
    state = told.get("status") if isinstance(told, dict) else None
    if not isinstance(state, dict):
        return None, ""
    return state.get("error_code"), str(state.get("error_message") or "")
