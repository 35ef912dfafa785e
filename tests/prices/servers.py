"""Local servers that speak as each price API does, its oddities included."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

MINUTE = 60
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"


class Api(ABC):
    """Counts what it is asked; `limit` answers of 429 come first."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.limited, self.broken = 0, False

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._counted])
        app.add_routes(self.routes())
        return app

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """The paths that it answers."""

    @web.middleware
    async def _counted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked[request.path] += 1
        if self.limited:
            self.limited -= 1
            return web.Response(status=429, text="Throttled", headers={"Retry-After": "120"})
        if self.broken:
            return web.Response(status=503, text="<html>maintenance</html>")
        response: web.StreamResponse = await handler(request)
        return response


class Llama(Api):
    """Records by coin: (time, price, confidence); unknown coins are left out."""

    def __init__(self, records: dict[str, list[tuple[int, str, str | None]]]) -> None:
        super().__init__()
        self.records = records

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/prices/historical/{at}/{coins}", self._historical),
            web.get("/prices/current/{coins}", self._current),
        ]

    async def _historical(self, request: web.Request) -> web.Response:
        assert request.query["searchWidth"] == "4h"
        at = int(request.match_info["at"])
        return self._answer(request, lambda time: abs(time - at) <= 4 * 3600, at)

    async def _current(self, request: web.Request) -> web.Response:
        return self._answer(request, lambda time: True, 1 << 40)

    def _answer(self, request: web.Request, fits: Any, at: int) -> web.Response:
        coins = {}
        for asked in request.match_info["coins"].split(","):
            found = [r for r in self.records.get(asked.lower(), []) if fits(r[0])]
            if found:
                time, price, trust = min(found, key=lambda r: abs(r[0] - at))
                row = {"symbol": "X", "price": float(price), "timestamp": time}
                coins[asked] = row | ({"confidence": float(trust)} if trust else {})
        return web.json_response({"coins": coins})


class Gecko(Api):
    """Points by path of the coin; `today` ends the 365 days that are free."""

    def __init__(self, points: dict[str, list[tuple[int, str]]], today: datetime) -> None:
        super().__init__()
        self.points, self.today = points, today

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/coins/{coin:.+}/market_chart/range", self._range)]

    async def _range(self, request: web.Request) -> web.Response:
        low, high = int(request.query["from"]), int(request.query["to"])
        assert request.query["vs_currency"] == "usd"
        oldest = self.today - timedelta(days=365)
        if low < oldest.timestamp() and "x-cg-pro-api-key" not in request.headers:
            status = {"error_code": 10012, "error_message": "Your request exceeds the range."}
            return web.json_response({"error": {"status": status}}, status=401)
        points = self.points.get(request.match_info["coin"])
        if points is None:
            return web.json_response({"error": "coin not found"}, status=404)
        found = [[t * 1000, float(p)] for t, p in points if low <= t <= high]
        return web.json_response({"prices": found, "market_caps": [], "total_volumes": []})


class Ecb(Api):
    """Units per euro by currency and day; a range without rates is an empty answer."""

    def __init__(self, rates: dict[str, dict[str, str]]) -> None:
        super().__init__()
        self.rates = rates

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/service/data/EXR/{key}", self._rates)]

    async def _rates(self, request: web.Request) -> web.Response:
        _, money, *_ = request.match_info["key"].split(".")
        start, end = (date.fromisoformat(request.query[f"{e}Period"]) for e in ("start", "end"))
        days = self.rates[money].items()
        found = [(d, r) for d, r in days if start <= date.fromisoformat(d) <= end]
        if not found:
            return web.Response(text="")
        out = io.StringIO()
        writer = csv.writer(out)
        head = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE"
        writer.writerow(head.split(","))
        for day, rate in sorted(found):
            writer.writerow(
                [f"EXR.D.{money}.EUR.SP00.A", "D", money, "EUR", "SP00", "A", day, rate]
            )
        return web.Response(text=out.getvalue(), content_type="text/csv")


Bar = tuple[int, str, str]  # time, close, volume


class CoinbaseExchange(Api):
    """Rows are newest first, low before high before open; minutes without trades are missing."""

    def __init__(self, bars: list[Bar]) -> None:
        super().__init__()
        self.bars = bars

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/currencies", self._currencies),
            web.get("/products", self._products),
            web.get("/products/{id}/candles", self._candles),
        ]

    async def _currencies(self, request: web.Request) -> web.Response:
        rows = [
            {"id": i, "name": i, "min_size": "0.01", "status": "online", "max_precision": "0.01"}
            | {"message": "", "convertible_to": [], "details": {"type": "crypto"}}
            for i in ("BTC", "USD", "EUR")
        ]
        return web.json_response(rows)

    async def _products(self, request: web.Request) -> web.Response:
        rows = [
            {"id": f"BTC-{q}", "base_currency": "BTC", "quote_currency": q, "status": "online"}
            | {"quote_increment": "0.01", "base_increment": "0.00000001", "min_market_funds": "1"}
            | {"display_name": f"BTC/{q}", "trading_disabled": False, "cancel_only": False}
            for q in ("EUR", "USD")
        ]
        return web.json_response(rows)

    async def _candles(self, request: web.Request) -> web.Response:
        assert request.query["granularity"] == "60"
        low, high = (_seconds(request.query[k]) for k in ("start", "end"))
        assert (high - low) // MINUTE < 300, "Count of aggregations requested exceeds 300"
        rows = [
            [t, float(c), float(c), float(c), float(c), float(v)]
            for t, c, v in sorted(self.bars, reverse=True)
            if low <= t <= high
        ]
        return web.json_response(rows)


BIDS = {"BTC/USD": "60000.5", "ETH/USD": "3000.25", "XRP/USD": "2"}


class Bitstamp(Api):
    """Minutes without trades are flat bars without volume."""

    def __init__(self, bars: list[Bar]) -> None:
        super().__init__()
        self.bars = bars

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v2/markets/", self._markets),
            web.get("/api/v2/ohlc/btcusd/", self._bars),
            web.get("/api/v2/ticker/", self._tickers),
        ]

    async def _tickers(self, request: web.Request) -> web.Response:
        rows = [{"pair": p, "bid": b, "ask": "99999", "last": "1"} for p, b in BIDS.items()]
        return web.json_response(rows)

    async def _markets(self, request: web.Request) -> web.Response:
        row = {"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC"}
        row |= {"base_decimals": 8, "counter_currency": "USD", "counter_decimals": 2}  # type: ignore[dict-item]
        row |= {"minimum_order_value": "10", "trading": "Enabled", "market_type": "SPOT"}
        row |= {"description": "Bitcoin / U.S. dollar", "instant_order_counter_decimals": 2}  # type: ignore[dict-item]
        ether = {"name": "ETH/USD", "market_symbol": "ethusd", "base_currency": "ETH"}
        return web.json_response([row, {**row, **ether}])

    async def _bars(self, request: web.Request) -> web.Response:
        low, most = int(request.query["start"]), int(request.query["limit"])
        known = {t: (c, v) for t, c, v in self.bars}
        rows = []
        for time in range(low, low + most * MINUTE, MINUTE):
            close, volume = known.get(time, ("99", "0"))
            bar = dict.fromkeys(("open", "high", "low", "close"), close)
            rows.append({"timestamp": str(time), "volume": volume, **bar})
        return web.json_response({"data": {"pair": "BTC/USD", "ohlc": rows}})


class BinanceUs(Api):
    """The first bars at or after the start, however much later they are."""

    def __init__(self, bars: list[Bar]) -> None:
        super().__init__()
        self.bars = bars

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v3/exchangeInfo", self._info),
            web.get("/api/v3/klines", self._klines),
        ]

    async def _info(self, request: web.Request) -> web.Response:
        symbol = {"symbol": "BTCUSD", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USD"}
        symbol |= {"isSpotTradingAllowed": True, "permissions": ["SPOT"], "filters": []}  # type: ignore[dict-item]
        symbol |= {"baseAssetPrecision": 8, "quotePrecision": 4, "orderTypes": ["LIMIT"]}  # type: ignore[dict-item]
        return web.json_response({"timezone": "UTC", "symbols": [symbol], "rateLimits": []})

    async def _klines(self, request: web.Request) -> web.Response:
        start, most = int(request.query["startTime"]), int(request.query["limit"])
        rows = [
            [t * 1000, c, c, c, c, v, t * 1000 + 59_999, "0", 1, "0", "0", "0"]
            for t, c, v in sorted(self.bars)
            if t * 1000 >= start
        ]
        return web.json_response(rows[:most])


class Bitfinex(Api):
    """Close comes second; a list of lists says which coins there are."""

    def __init__(self, bars: list[Bar]) -> None:
        super().__init__()
        self.bars = bars

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v2/conf/{lists}", self._conf),
            web.get("/v2/candles/{key}/hist", self._hist),
        ]

    async def _conf(self, request: web.Request) -> web.Response:
        lists = request.match_info["lists"].split(",")
        pair = ["BTCUSD", [None, None, None, "0.0001", "2000", None, None, None, 0.2, 0.1]]
        said = {"pub:info:pair": [pair], "pub:list:pair:margin": ["BTCUSD"]}
        return web.json_response([said.get(one, []) for one in lists])

    async def _hist(self, request: web.Request) -> web.Response:
        start, most = int(request.query["start"]), int(request.query["limit"])
        assert (request.match_info["key"], request.query["sort"]) == ("trade:1m:tBTCUSD", "1")
        rows = [
            [t * 1000, float(c), float(c), float(c), float(c), float(v)]
            for t, c, v in sorted(self.bars)
            if t * 1000 >= start
        ]
        return web.json_response(rows[:most])


CANDLES = {
    "coinbase": CoinbaseExchange,
    "bitstamp": Bitstamp,
    "binanceus": BinanceUs,
    "bitfinex": Bitfinex,
}


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())
