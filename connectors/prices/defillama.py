"""DeFiLlama's prices of the past, by chain and contract, or by CoinGecko's id for a chain's coin.

Facts: an unknown coin, or none near that time, is left out of an answer that is otherwise good; the
record may lie before or after the instant; `confidence` goes from 0 to 1 and may be left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.errors import DataError
from config.listings import Listing
from connectors.prices.source import OLDEST, Price, UnknownAsset, apart
from connectors.records import exact
from connectors.web import Web

URL = "https://coins.llama.fi"
WIDTH = "4h"
TRUSTED, LEAST = Decimal("0.9"), Decimal("0.2")


class DefiLlama:
    name = "defillama"

    def __init__(self, web: Web, listing: Listing) -> None:
        self._web, self._listing = web, listing

    async def past(self, asset: str, at: datetime) -> Price | None:
        coin = self._coin(asset)
        path = f"/prices/historical/{int(at.timestamp())}/{coin}"
        found = (await self._coins(path, {"searchWidth": WIDTH})).get(coin)
        return self._price(found, coin, at) if found else None

    async def present(self, assets: list[str]) -> dict[str, Price]:
        coins = {a: self._coin(a) for a in assets if self._listing.of(a)}
        if not coins:
            return {}
        path = f"/prices/current/{','.join(sorted(set(coins.values())))}"
        told = await self._coins(path, {})
        prices = {a: self._price(told[c], c, None) for a, c in coins.items() if c in told}
        return {a: p for a, p in prices.items() if p}

    async def _coins(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        status, document = await self._web.json(path, params)
        if status != 200 or not isinstance(document, dict):
            raise DataError(f"defillama answered with status {status}")
        found: dict[str, Any] = document.get("coins", {})
        return found

    def _price(self, row: dict[str, Any], coin: str, at: datetime | None) -> Price | None:
        usd = exact(row.get("price"), f"defillama's price of {coin}")
        trust = Decimal(row.get("confidence", 1))
        when = datetime.fromtimestamp(int(row["timestamp"]), UTC)
        if usd <= 0 or trust < LEAST or (at and abs(when - at) > OLDEST):
            return None
        thin = f", thin (confidence {trust})" if trust < TRUSTED else ""
        late = apart(when, at) if at else ""
        told = f"{coin} at {when:%Y-%m-%d %H:%M:%S} UTC{thin}{late}"
        return Price(usd, self.name, told, when)

    def _coin(self, asset: str) -> str:
        known = self._listing.of(asset)
        if known is None:
            raise UnknownAsset(f"defillama knows no {asset}")
        if known.contract is None:
            return f"coingecko:{known.coin}"
        return f"{known.llama}:{known.contract}"

    async def close(self) -> None:
        await self._web.close()
