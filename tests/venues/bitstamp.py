"""A local Bitstamp: one feed with a column per currency, walked by id; hashes on another one."""

from __future__ import annotations

import hashlib
import hmac
import random
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.venues.life import COINS, DAY_MS, Happening
from tests.venues.local import Fault, LocalVenue, says, text

TYPES = {"deposit": "0", "withdrawal": "1", "trade": "2", "reward": "27"}
ERROR = {"status": "error"}


class LocalBitstamp(LocalVenue):
    venue = "bitstamp"
    own_faults = (
        Fault("nonce", says({**ERROR, "reason": "Invalid nonce", "code": "API0004"}, 403)),
        Fault(
            "maintenance",
            says({"error": "Bitstamp.net is under scheduled maintenance. We'll be back soon."}),
        ),
        Fault(
            "limit",
            says({**ERROR, "reason": "Request rate limit exceeded", "code": "400.002"}, 429),
        ),
    )
    kinds = ("trade", "trade", "trade", "deposit", "withdrawal", "reward")

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.transactions: list[dict[str, Any]] = []
        self.crypto: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v2/user_transactions/", self._transactions),
            web.post("/api/v2/crypto-transactions/", self._crypto),
            web.post("/api/v2/withdrawal-requests/", self._requests),
            web.get("/api/v2/earn/transactions/", self._earn),
            web.post("/api/v2/account_balances/", self._balances),
        ]

    def refusal(self, request: web.Request, body: str) -> web.Response | None:
        sent = request.headers
        kind = sent.get("Content-Type", "") if request.method == "POST" else ""
        # ccxt leaves the scheme of a plain http address in what it signs
        parts = (sent["X-Auth"], request.method, str(request.url), kind, sent["X-Auth-Nonce"])
        signed = "".join((*parts, sent["X-Auth-Timestamp"], "v2", body))
        mac = hmac.new(self.key.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if sent["X-Auth"] != f"BITSTAMP {self.key.key}" or mac != sent["X-Auth-Signature"]:
            return web.json_response({**ERROR, "reason": "Invalid signature"}, status=403)
        return None

    # ---- rows

    def tell(self, happening: Happening) -> None:
        row = _row(happening, len(self.transactions))
        self.transactions.append(row)
        if happening.kind in ("deposit", "withdrawal") and happening.coin != "USD":
            self.crypto.append(_on_chain(happening))
        if happening.kind == "withdrawal":
            self.requests.append(_request(happening))

    def rows(self) -> dict[tuple[str, str], Any]:
        found = {("transactions", f"{r['id']}:{r['type']}"): r for r in self.transactions}
        found |= {("crypto", _crypto_id(r)): r for r in self.crypto}
        return found | {("requests", str(r["id"])): r for r in self.requests}

    def settle(self) -> None:
        for row in self.requests:
            at = datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC).timestamp() * 1000
            if at > self.now - 30 * DAY_MS and row["status"] == 1 and self.chance.random() < 0.3:
                row["status"] = 2

    # ---- answers

    async def _asked(self, request: web.Request) -> dict[str, str]:
        return dict(parse_qsl(await request.text()))

    async def _transactions(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        assert asked["sort"] == "asc"
        first = int(asked["since_id"]) - 1_000_000
        page = self.transactions[max(0, first) :][: min(int(asked["limit"]), 1000)]
        return web.json_response(page)

    async def _crypto(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        at, size = int(asked["offset"]), min(int(asked["limit"]), 1000)
        page = sorted(self.crypto, key=lambda r: -r["datetime"])[at : at + size]
        told = {
            way: [
                {k: v for k, v in r.items() if k != "direction"}
                for r in page
                if r["direction"] == way
            ]
            for way in ("deposits", "withdrawals")
        }
        return web.json_response({**told, "ripple_iou_transactions": []})

    async def _requests(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        at, size = int(asked["offset"]), min(int(asked["limit"]), 1000)
        found = sorted(self.requests, key=lambda r: r["datetime"], reverse=True)
        return web.json_response(found[at : at + size])

    async def _earn(self, request: web.Request) -> web.Response:
        """Seen with every key, whatever its rights."""
        return web.json_response({**ERROR, "reason": "Authentication failed"}, status=401)

    async def _balances(self, request: web.Request) -> web.Response:
        held = [
            {"currency": a.lower(), "total": text(q), "available": text(q), "reserved": "0"}
            for a, q in self.held().items()
        ]
        return web.json_response(held)


def _row(one: Happening, number: int) -> dict[str, Any]:
    row: dict[str, Any] = {c.lower(): 0 for c in (*COINS, "USD", "EUR")}
    row |= {
        "id": 1_000_000 + number,
        "type": TYPES[one.kind],
        "datetime": f"{datetime.fromtimestamp(one.at / 1000, UTC):%Y-%m-%d %H:%M:%S.%f}",
        "fee": text(one.fee),
        "btc_usd": "0.00",
    }
    if one.out:
        row[one.out[0].lower()] = text(-one.out[1])
    if one.into:
        row[one.into[0].lower()] = text(one.into[1])
    if one.kind == "trade":
        del row["btc_usd"]
        row |= {f"{one.coin.lower()}_usd": float(one.price), "order_id": number // 3}
        row["usd"] = text(Decimal(row["usd"]).quantize(Decimal("0.01"), ROUND_HALF_UP))
    return row


def _on_chain(one: Happening) -> dict[str, Any]:
    side = one.into or one.out
    assert side
    return {
        "direction": "deposits" if one.into else "withdrawals",
        "network": side[0].lower(),
        "currency": side[0],
        "destinationAddress": "somewhere",
        "txid": f"{one.number:064x}",
        "amount": float(side[1]),
        "datetime": one.at // 1000,
    }


def _crypto_id(row: dict[str, Any]) -> str:
    if "id" in row:
        return f"{row['direction']}:{row['id']}"
    return f"{row['direction']}:{row['txid']}:{row['currency']}:somewhere"


def _request(one: Happening) -> dict[str, Any]:
    assert one.out
    return {
        "id": 300_000 + one.number,
        "type": 1,
        "currency": one.out[0],
        "amount": text(one.out[1]),
        "status": 1 if one.pending else 2,
        "datetime": f"{datetime.fromtimestamp(one.at // 1000, UTC):%Y-%m-%d %H:%M:%S}",
        "address": "somewhere",
        "transaction_id": f"{one.number:064x}",
    }
