"""A local Kraken: its private and public REST API over a book of rows, defects included.

Checks API-Sign and the strictly increasing nonce, pages by `ofs` (50 rows, newest first),
treats `start` as exclusive and `end` as inclusive, and serves only the latest 720 candles.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.parse
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

PAGE = 50
CANDLES = 720
TRADES = 1000
Price = Callable[[str, Decimal], Decimal]

ASSETS = {
    "XXBT": ("XBT", 10),
    "XETH": ("ETH", 10),
    "SOL": ("SOL", 10),
    "SOL.F": ("SOL.F", 10),
    "ZUSD": ("USD", 4),
    "USDC": ("USDC", 8),
}
PAIRS = {
    "XXBTZUSD": ("XBTUSD", "XBT/USD", "XXBT", "ZUSD"),
    "XETHZUSD": ("ETHUSD", "ETH/USD", "XETH", "ZUSD"),
    "SOLUSD": ("SOLUSD", "SOL/USD", "SOL", "ZUSD"),
    "USDCUSD": ("USDCUSD", "USDC/USD", "USDC", "ZUSD"),
}
READ_ONLY = ["query-funds", "query-closed-trades", "query-ledger"]


@dataclass
class Book:
    """All rows of one account, by id, as Kraken keeps them."""

    ledgers: dict[str, dict[str, Any]] = field(default_factory=dict)
    trades: dict[str, dict[str, Any]] = field(default_factory=dict)
    deposits: list[dict[str, Any]] = field(default_factory=list)
    withdrawals: list[dict[str, Any]] = field(default_factory=list)

    def balances(self) -> dict[str, Decimal]:
        """What each asset's rows add up to: amount less fee."""
        held: dict[str, Decimal] = {}
        for row in self.ledgers.values():
            change = Decimal(row["amount"]) - Decimal(row["fee"])
            held[row["asset"]] = held.get(row["asset"], Decimal(0)) + change
        return held


class ExchangeServer:
    """One account behind one key. `now` gives the venue's clock, `price` the market at a time."""

    def __init__(
        self, book: Book, key: str, secret: str, now: Callable[[], Decimal], price: Price
    ) -> None:
        self.book, self.key, self.secret = book, key, secret
        self._now, self._price = now, price
        self.permissions = list(READ_ONLY)
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.faults: list[web.Response] = []
        self._nonce = 0
        self._sorted: dict[str, tuple[list[Decimal], list[tuple[str, dict[str, Any]]]]] = {}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/0/public/{name}", self.public)
        app.router.add_post("/0/private/{name}", self.private)
        return app

    async def public(self, request: web.Request) -> web.Response:
        name, asked = request.match_info["name"], dict(request.query)
        self.calls.append((name, asked))
        return self._reply(getattr(self, f"public_{name}", None), asked)

    async def private(self, request: web.Request) -> web.Response:
        name, body = request.match_info["name"], await request.text()
        asked = dict(urllib.parse.parse_qsl(body))
        self.calls.append((name, {k: v for k, v in asked.items() if k != "nonce"}))
        refused = self._refusal(request, body, asked)
        if refused:
            return web.json_response({"error": [refused]})
        if self.faults:
            return self.faults.pop(0)
        return self._reply(getattr(self, f"private_{name}", None), asked)

    def _refusal(self, request: web.Request, body: str, asked: dict[str, str]) -> str | None:
        if request.headers.get("API-Key") != self.key:
            return "EAPI:Invalid key"
        digest = hashlib.sha256((asked.get("nonce", "") + body).encode()).digest()
        mac = hmac.new(
            base64.b64decode(self.secret), request.path.encode() + digest, hashlib.sha512
        )
        if base64.b64encode(mac.digest()).decode() != request.headers.get("API-Sign"):
            return "EAPI:Invalid signature"
        if int(asked["nonce"]) <= self._nonce:
            return "EAPI:Invalid nonce"
        self._nonce = int(asked["nonce"])
        return None

    def _reply(self, method: Callable[[dict[str, str]], Any] | None, asked: Any) -> web.Response:
        if method is None:
            return web.json_response({"error": ["EGeneral:Unknown method"]})
        try:
            return web.json_response({"error": [], "result": method(asked)})
        except KeyError:
            return web.json_response({"error": ["EQuery:Unknown asset pair"]})

    # ---- public

    def public_Time(self, asked: dict[str, str]) -> Any:
        return {"unixtime": int(self._now()), "rfc1123": ""}

    def public_SystemStatus(self, asked: dict[str, str]) -> Any:
        return {"status": "online"}

    def public_Assets(self, asked: dict[str, str]) -> Any:
        return {
            raw: {
                "aclass": "currency",
                "altname": alt,
                "decimals": places,
                "display_decimals": 5,
                "status": "enabled",
            }
            for raw, (alt, places) in ASSETS.items()
        }

    def public_AssetPairs(self, asked: dict[str, str]) -> Any:
        return {pair: _pair(*facts) for pair, facts in PAIRS.items()}

    def public_Ticker(self, asked: dict[str, str]) -> Any:
        return {pair: _ticker(self._price(pair, self._now())) for pair in _pairs(asked)}

    def public_OHLC(self, asked: dict[str, str]) -> Any:
        (pair,) = _pairs(asked)
        step = int(asked.get("interval", "1")) * 60
        last = int(self._now()) // step * step
        times = range(last - (CANDLES - 1) * step, last + 1, step)
        rows = [[t, *[str(self._price(pair, Decimal(t)))] * 5, "1.0", 1] for t in times]
        return {pair: rows, "last": last}

    def public_Trades(self, asked: dict[str, str]) -> Any:
        """One trade each whole minute after `since` (nanoseconds), at most 1,000."""
        (pair,) = _pairs(asked)
        since = int(asked.get("since") or (self._now() - 3600) * 10**9)
        first, now = since // (60 * 10**9) + 1, int(self._now()) // 60
        minutes = range(first, min(first + min(int(asked.get("count", TRADES)), TRADES), now + 1))
        rows = [
            [str(self._price(pair, Decimal(m * 60))), "0.1", m * 60, "b", "m", "", m]
            for m in minutes
        ]
        return {pair: rows, "last": str(minutes[-1] * 60 * 10**9 if rows else since)}

    # ---- private

    def _window(
        self, name: str, rows: dict[str, dict[str, Any]], asked: dict[str, str]
    ) -> tuple[dict[str, Any], int]:
        """A page and the count of a window; rows are sorted anew only when there are more."""

        def when(bound: str) -> Decimal:
            return Decimal(str(rows[bound]["time"])) if bound in rows else Decimal(bound)

        times, items = self._sorted.get(name, ([], []))
        if len(items) != len(rows):
            items = sorted(rows.items(), key=lambda kv: (-Decimal(str(kv[1]["time"])), kv[0]))
            times = [-Decimal(str(row["time"])) for _, row in items]
            self._sorted[name] = (times, items)
        first = bisect_left(times, -when(asked["end"])) if asked.get("end") else 0
        last = bisect_left(times, -when(asked["start"])) if asked.get("start") else len(times)
        offset = first + int(asked.get("ofs", 0))
        return dict(items[offset : min(offset + PAGE, last)]), last - first

    def private_Ledgers(self, asked: dict[str, str]) -> Any:
        page, count = self._window("ledgers", self.book.ledgers, asked)
        return {"ledger": page, "count": count}

    def private_TradesHistory(self, asked: dict[str, str]) -> Any:
        page, count = self._window("trades", self.book.trades, asked)
        return {"trades": page, "count": count}

    def private_DepositStatus(self, asked: dict[str, str]) -> Any:
        return _by_cursor(self.book.deposits, "deposits", asked)

    def private_WithdrawStatus(self, asked: dict[str, str]) -> Any:
        return _by_cursor(self.book.withdrawals, "withdrawals", asked)

    def private_BalanceEx(self, asked: dict[str, str]) -> Any:
        held = self.book.balances()
        return {a: {"balance": format(q, "f"), "hold_trade": "0"} for a, q in held.items()}

    def private_GetApiKeyInfo(self, asked: dict[str, str]) -> Any:
        return {
            "apiKeyName": "sandbox",
            "permissions": self.permissions,
            "validUntil": "0",
            "queryFrom": "0",
            "queryTo": "0",
            "ipAllowlist": [],
        }


def _pairs(asked: dict[str, str]) -> list[str]:
    wanted = asked.get("pair")
    if not wanted:
        return list(PAIRS)
    by_name = {name: pair for pair, facts in PAIRS.items() for name in (pair, facts[0], facts[1])}
    return [by_name[one] for one in wanted.split(",")]


def _pair(altname: str, wsname: str, base: str, quote: str) -> dict[str, Any]:
    return {
        "altname": altname,
        "wsname": wsname,
        "aclass_base": "currency",
        "base": base,
        "aclass_quote": "currency",
        "quote": quote,
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": 1,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.0001",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
    }


def _ticker(price: Decimal) -> dict[str, Any]:
    text = format(price, "f")
    return {
        "a": [text, "1", "1.000"],
        "b": [text, "1", "1.000"],
        "c": [text, "0.1"],
        "v": ["100.0", "200.0"],
        "p": [text, text],
        "t": [100, 200],
        "l": [text, text],
        "h": [text, text],
        "o": text,
    }


def _by_cursor(rows: list[dict[str, Any]], name: str, asked: dict[str, str]) -> Any:
    start, end = int(asked.get("start") or 0), int(asked.get("end") or 2**40)
    found = [r for r in sorted(rows, key=lambda r: -r["time"]) if start <= r["time"] <= end]
    if "cursor" not in asked:
        return found[:25]
    at = 0 if asked["cursor"] == "true" else int(asked["cursor"])
    limit = int(asked.get("limit", 25))
    after = str(at + limit) if len(found) > at + limit else None
    return {name: found[at : at + limit], "next_cursor": after}
