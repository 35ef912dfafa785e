"""A local Gemini: signed payloads with a rising nonce; `timestamp` gives the oldest rows from
there on, inclusive, each page newest first."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from typing import Any

from aiohttp import web

from tests.venues.life import DAY_MS, Happening
from tests.venues.local import Fault, LocalVenue, says, text

ERROR = {"result": "error"}


class LocalGemini(LocalVenue):
    venue = "gemini"
    own_faults = (
        Fault("nonce", says({**ERROR, "reason": "InvalidNonce", "message": "nonce"}, 400)),
        Fault("rate limit", says({**ERROR, "reason": "RateLimit", "message": "slower"}, 429)),
        Fault("maintenance", says({**ERROR, "reason": "Maintenance", "message": "later"}, 503)),
    )
    kinds = ("trade", "trade", "trade", "deposit", "withdrawal", "reward")

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.trades: list[dict[str, Any]] = []
        self.transfers: list[dict[str, Any]] = []
        self.staking: list[dict[str, Any]] = []
        self.roles = {"isAuditor": True, "isFundManager": False, "isTrader": False}
        self._nonce = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/symbols/details/{symbol}", self._details),
            web.post("/v1/mytrades", self._mytrades),
            web.post("/v2/transfers", self._transfers),
            web.post("/v1/staking/history", self._staking_history),
            web.post("/v1/earn/history", self._nothing),
            web.post("/v1/balances", self._balances),
            web.post("/v1/balances/staking", self._staked),
            web.post("/v1/balances/earn", self._nothing),
            web.post("/v1/roles", self._roles),
        ]

    def refusal(self, request: web.Request, body: str) -> web.Response | None:
        if request.method == "GET":
            return None
        payload = request.headers["X-GEMINI-PAYLOAD"]
        mac = hmac.new(self.key.secret.encode(), payload.encode(), hashlib.sha384).hexdigest()
        if mac != request.headers["X-GEMINI-SIGNATURE"]:
            return web.json_response(
                {**ERROR, "reason": "InvalidSignature", "message": "InvalidSignature"}, status=400
            )
        asked = self._asked(request)
        if asked["request"] != request.path or int(asked["nonce"]) <= self._nonce:
            return web.json_response(
                {**ERROR, "reason": "InvalidNonce", "message": "InvalidNonce"}, status=400
            )
        self._nonce = int(asked["nonce"])
        return None

    def _asked(self, request: web.Request) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(base64.b64decode(request.headers["X-GEMINI-PAYLOAD"]))
        return found

    # ---- rows

    def tell(self, happening: Happening) -> None:
        if happening.kind == "trade":
            self.trades.append(_fill(happening))
        elif happening.kind == "reward":
            self.staking.append(_reward(happening))
        else:
            self.transfers.append(_transfer(happening))

    def rows(self) -> dict[tuple[str, str], Any]:
        found = {("trades", str(r["tid"])): r for r in self.trades}
        found |= {("transfers", str(r["eid"])): r for r in self.transfers}
        return found | {("staking", r["transactionId"]): r for r in self.staking}

    def settle(self) -> None:
        for row in self.transfers:
            young = row["timestampms"] > self.now - 30 * DAY_MS
            if young and row["status"] == "Advanced" and self.chance.random() < 0.3:
                row["status"] = "Complete"

    # ---- answers

    async def _details(self, request: web.Request) -> web.Response:
        symbol = request.match_info["symbol"].upper()
        if symbol == "LTCUSD":  # no longer listed
            return web.json_response(
                {**ERROR, "reason": "InvalidSymbol", "message": "InvalidSymbol"}, status=400
            )
        pair = {"symbol": symbol, "base_currency": symbol[:-3], "quote_currency": "USD"}
        return web.json_response(pair)

    async def _mytrades(self, request: web.Request) -> web.Response:
        return self._page(self._asked(request), self.trades, "limit_trades", 500)

    async def _transfers(self, request: web.Request) -> web.Response:
        return self._page(self._asked(request), self.transfers, "limit_transfers", 50)

    def _page(self, asked: Any, listed: list[Any], limit: str, most: int) -> web.Response:
        found = sorted(listed, key=lambda r: r["timestampms"])
        found = [r for r in found if r["timestampms"] >= asked.get("timestamp", 0)]
        page = found[: min(asked.get(limit, 10), most)]
        return web.json_response(page[::-1])

    async def _staking_history(self, request: web.Request) -> web.Response:
        asked = self._asked(request)
        found = sorted(self.staking, key=lambda r: r["dateTime"])
        found = [r for r in found if asked["since"] <= r["dateTime"] <= asked["until"]]
        page = found[: min(asked.get("limit", 50), 500)]
        return web.json_response([{"providerId": "62b21e17", "transactions": page}] if page else [])

    async def _nothing(self, request: web.Request) -> web.Response:
        return web.json_response([])

    async def _balances(self, request: web.Request) -> web.Response:
        held, staked = self.held(), self._sums()
        rows = [
            {"type": "exchange", "currency": a, "amount": text(q - staked.get(a, 0))}
            for a, q in held.items()
        ]
        return web.json_response(rows)

    async def _staked(self, request: web.Request) -> web.Response:
        rows = [
            {"type": "Staking", "currency": a, "balance": text(q)} for a, q in self._sums().items()
        ]
        return web.json_response(rows)

    def _sums(self) -> dict[str, Any]:
        return self.life.held([h for h in self.life.happenings if h.kind == "reward"])

    async def _roles(self, request: web.Request) -> web.Response:
        return web.json_response(self.roles)


def _fill(one: Happening) -> dict[str, Any]:
    assert one.into
    assert one.out
    bought = one.out[0] == "USD"
    coins = one.into if bought else one.out
    return {
        "price": text(one.price),
        "amount": text(coins[1]),
        "timestamp": one.at // 1000,
        "timestampms": one.at,
        "type": "Buy" if bought else "Sell",
        "aggressor": True,
        "fee_currency": "USD",
        "fee_amount": text(one.fee),
        "tid": 9_000_000 + one.number,
        "order_id": str(one.number // 3),
        "exchange": "gemini",
        "is_auction_fill": False,
        "is_clearing_fill": False,
        "symbol": f"{coins[0]}USD",
    }


def _transfer(one: Happening) -> dict[str, Any]:
    side = one.into or one.out
    assert side
    row = {
        "type": "Deposit" if one.into else "Withdrawal",
        "status": "Advanced" if one.pending else "Complete",
        "timestampms": one.at,
        "eid": 320_000_000 + one.number,
        "currency": side[0],
        "amount": text(side[1]),
    }
    if one.out:
        row |= {"txHash": f"0x{one.number:064x}", "destination": "0xme", "feeAmount": text(one.fee)}
    return row


def _reward(one: Happening) -> dict[str, Any]:
    assert one.into
    return {
        "transactionId": f"MPZ7LDD{one.number}",
        "transactionType": "Interest",
        "amountCurrency": one.into[0],
        "amount": text(one.into[1]),
        "dateTime": one.at,
    }
