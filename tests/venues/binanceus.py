"""A local Binance.US: fills per pair by rising id, everything else by windows of 90 days."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.venues.life import COINS, DAY_MS, Happening
from tests.venues.local import Fault, LocalVenue, says, text

QUARTER = 90 * DAY_MS


class LocalBinanceUs(LocalVenue):
    venue = "binanceus"
    own_faults = (
        Fault("clock", says({"code": -1021, "msg": "Timestamp outside of recvWindow."}, 400)),
        Fault("weight", says({"code": -1003, "msg": "Too much request weight used."}, 429)),
        Fault("banned", says({"code": -1003, "msg": "Way too many requests; IP banned."}, 418)),
    )

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.fills: list[dict[str, Any]] = []
        self._filled: Counter[str] = Counter()
        self.lists: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("deposits", "withdrawals", "money", "converts", "rewards")
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v3/time", self._time),
            web.get("/api/v3/exchangeInfo", self._info),
            web.get("/api/v3/account", self._account),
            web.get("/api/v3/myTrades", self._trades),
            web.get("/sapi/v1/capital/deposit/hisrec", self._listed("deposits", "insertTime")),
            web.get("/sapi/v1/capital/withdraw/history", self._listed("withdrawals", "applyTime")),
            web.get(
                "/sapi/v1/fiatpayment/query/deposit/history",
                self._listed("money", "createTime", "assetLogRecordList"),
            ),
            web.get(
                "/sapi/v1/fiatpayment/query/withdraw/history", self._empty("assetLogRecordList")
            ),
            web.get("/sapi/v1/otc/orders", self._listed("converts", "createTime", "rows")),
            web.get("/sapi/v1/ocbs/orders", self._empty("dataList")),
            web.get("/sapi/v1/asset/query/dust-logs", self._empty("userDustConvertHistory")),
            web.get("/sapi/v1/asset/assetDistributionHistory", self._empty("rows")),
            web.get("/sapi/v1/staking/history", self._none),
            web.get(
                "/sapi/v1/staking/stakingRewardsHistory", self._listed("rewards", "time", "data")
            ),
            web.get("/sapi/v1/staking/stakingBalance", self._empty("data")),
            web.get("/sapi/v1/marketing/referral/reward/history", self._empty("rows")),
            web.get("/sapi/v3/sub-account/transfer/history", self._no_subaccounts),
        ]

    def refusal(self, request: web.Request, body: str) -> web.Response | None:
        if request.path in ("/api/v3/time", "/api/v3/exchangeInfo"):
            return None
        query, _, signature = request.query_string.rpartition("&signature=")
        mac = hmac.new(self.key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        if request.headers.get("X-MBX-APIKEY") != self.key.key or mac != signature:
            return web.json_response({"code": -2015, "msg": "Invalid API-key."}, status=401)
        return None

    # ---- rows

    def tell(self, happening: Happening) -> None:
        name = {"trade": "fills", "reward": "rewards"}.get(happening.kind, f"{happening.kind}s")
        if happening.kind == "trade":
            self._filled[happening.coin] += 1  # ids are unique within a pair only
            self.fills.append(_fill(happening, self._filled[happening.coin]))
        elif happening.kind == "deposit" and happening.coin == "USD":
            self.lists["money"].append(_money(happening))
        else:
            self.lists[name].append(_ROWS[name](happening))

    def rows(self) -> dict[tuple[str, str], Any]:
        found = {("trades", f"{r['symbol']}:{r['id']}"): r for r in self.fills}
        lists = self.lists
        found |= {("deposits", _deposit_id(r)): r for r in lists["deposits"]}
        found |= {("withdrawals", r["id"]): r for r in lists["withdrawals"]}
        found |= {("fiat_deposits", r["orderId"]): r for r in lists["money"]}
        found |= {("converts", r["orderId"]): r for r in lists["converts"]}
        return found | {
            ("staking_rewards", f"{r['tranId']}:{r['asset']}"): r for r in lists["rewards"]
        }

    def settle(self) -> None:
        for row in self.lists["withdrawals"]:
            young = _at(row, "applyTime") > self.now - 30 * DAY_MS
            if young and row["status"] == 4 and self.chance.random() < 0.3:
                row["status"] = 6

    # ---- answers

    async def _time(self, request: web.Request) -> web.Response:
        return web.json_response({"serverTime": self.now})

    async def _info(self, request: web.Request) -> web.Response:
        pairs = [
            {"symbol": f"{c}USD", "baseAsset": c, "quoteAsset": "USD", "status": "TRADING"}
            for c in COINS
            if c != "LTC"  # no longer listed, yet it was traded
        ]
        return web.json_response({"timezone": "UTC", "symbols": pairs})

    async def _account(self, request: web.Request) -> web.Response:
        held = [{"asset": a, "free": text(q), "locked": "0.00"} for a, q in self.held().items()]
        return web.json_response({"canTrade": True, "canWithdraw": True, "balances": held})

    async def _trades(self, request: web.Request) -> web.Response:
        symbol, limit = request.query["symbol"], min(int(request.query.get("limit", 500)), 1000)
        if symbol not in {f"{c}USD" for c in COINS}:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        first = int(request.query.get("fromId", 0))
        found = [r for r in self.fills if r["symbol"] == symbol and r["id"] >= first]
        return web.json_response(sorted(found, key=lambda r: r["id"])[:limit])

    def _listed(self, name: str, field: str, within: str | None = None) -> Any:
        async def answer(request: web.Request) -> web.Response:
            asked = request.query
            start, end = int(asked["startTime"]), int(asked["endTime"])
            if end - start > QUARTER:
                return web.json_response({"code": -1102, "msg": "Over 90 days."}, status=400)
            found = [r for r in self.lists[name] if start <= _at(r, field) <= end]
            found.sort(key=lambda r: -_at(r, field))
            size = min(int(asked.get("limit", 100)), 100)
            at = int(asked.get("offset", 0)) or (int(asked.get("page", 1)) - 1) * size
            page = found[at : at + size]
            return web.json_response({within: page, "total": len(found)} if within else page)

        return answer

    def _empty(self, within: str) -> Any:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response({within: [], "total": 0})

        return answer

    async def _no_subaccounts(self, request: web.Request) -> web.Response:
        told = {"success": False, "msg": "Sub-account function is not enabled."}
        return web.json_response(told)

    async def _none(self, request: web.Request) -> web.Response:
        return web.json_response([])


def _at(row: dict[str, Any], field: str) -> int:
    if field != "applyTime":
        return int(row[field]) * (1000 if int(row[field]) < 10**11 else 1)
    at = datetime.fromisoformat(row[field]).replace(tzinfo=UTC)
    return int(at.timestamp()) * 1000


def _fill(one: Happening, number: int) -> dict[str, Any]:
    assert one.into
    assert one.out
    bought = one.out[0] == "USD"
    coins, usd = (one.into, one.out) if bought else (one.out, one.into)
    return {
        "symbol": f"{coins[0]}USD",
        "id": 1000 + number,
        "orderId": 5000 + number,
        "price": text(one.price),
        "qty": text(coins[1]),
        "quoteQty": text(usd[1]),
        "commission": text(one.fee),
        "commissionAsset": "USD",
        "time": one.at,
        "isBuyer": bought,
        "isMaker": False,
        "isBestMatch": True,
    }


def _deposit(one: Happening) -> dict[str, Any]:
    assert one.into
    return {
        "amount": text(one.into[1]),
        "coin": one.into[0],
        "network": one.into[0],
        "status": 1,
        "address": "me",
        "addressTag": "",
        "txId": f"{one.number:064x}",
        "insertTime": one.at,
        "transferType": 0,
    }


def _deposit_id(row: dict[str, Any]) -> str:
    return f"{row['txId']}:{row['coin']}:{row['address']}::{row['amount']}"


def _withdrawal(one: Happening) -> dict[str, Any]:
    assert one.out
    return {
        "id": f"w{one.number}",
        "amount": text(one.out[1]),
        "transactionFee": text(one.fee),
        "coin": one.out[0],
        "status": 4 if one.pending else 6,
        "address": "elsewhere",
        "txId": f"{one.number:064x}",
        "applyTime": f"{datetime.fromtimestamp(one.at // 1000, UTC):%Y-%m-%d %H:%M:%S}",
        "network": one.out[0],
    }


def _money(one: Happening) -> dict[str, Any]:
    assert one.into
    return {
        "orderId": f"f{one.number}",
        "paymentMethod": "ACH",
        "orderStatus": "Successful",
        "fiatCurrency": "usd",
        "amount": text(one.into[1]),
        "transactionFee": "0",
        "platformFee": "0",
        "createTime": one.at,
    }


def _convert(one: Happening) -> dict[str, Any]:
    assert one.into
    assert one.out
    return {
        "quoteId": f"q{one.number}",
        "orderId": f"c{one.number}",
        "orderStatus": "SUCCESS",
        "fromCoin": one.out[0],
        "fromAmount": text(one.out[1]),
        "toCoin": one.into[0],
        "toAmount": text(one.into[1]),
        "ratio": "1",
        "createTime": one.at // 1000,
    }


def _reward(one: Happening) -> dict[str, Any]:
    assert one.into
    return {
        "asset": one.into[0],
        "amount": text(one.into[1]),
        "usdValue": text(Decimal(1)),
        "time": one.at,
        "tranId": 700_000 + one.number,
        "autoRestaked": False,
    }


_ROWS = {
    "deposits": _deposit,
    "withdrawals": _withdrawal,
    "converts": _convert,
    "rewards": _reward,
}
