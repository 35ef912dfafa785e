"""A local Coinbase: v2 lists per account, newest first; v3 fills by cursor; fills told by both."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.venues.life import COINS, DAY_MS, Happening
from tests.venues.local import Fault, LocalVenue, says, text

PUBLIC = "/api/v3/brokerage/time"


class LocalCoinbase(LocalVenue):
    venue = "coinbase"
    own_faults = (
        Fault(
            "server", says({"errors": [{"id": "internal_server_error", "message": "Oh no"}]}, 500)
        ),
        Fault("limit", says({"errors": [{"id": "rate_limit_exceeded", "message": "Wait"}]}, 429)),
    )

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        # a second wallet and a vault of the same coin, as people have them
        self.accounts = {f"acc-{c.lower()}": c for c in (*COINS, "USD")}
        self.accounts |= {"acc-eth-2": "ETH", "acc-btc-vault": "BTC"}
        self.lists: dict[str, list[dict[str, Any]]] = {a: [] for a in self.accounts}
        self.fills: list[dict[str, Any]] = []
        self.permissions = {"can_view": True, "can_trade": False, "can_transfer": False}
        self._sums: dict[str, Decimal] = defaultdict(Decimal)

    def routes(self) -> list[web.RouteDef]:
        v3 = "/api/v3/brokerage"
        return [
            web.get(PUBLIC, self._time),
            web.get("/v2/accounts", self._accounts),
            web.get("/v2/accounts/{account}/transactions", self._transactions),
            web.get(f"{v3}/orders/historical/fills", self._fills),
            web.get(f"{v3}/accounts", self._brokerage),
            web.get(f"{v3}/portfolios", self._portfolios),
            web.get(f"{v3}/key_permissions", self._permissions),
        ]

    def refusal(self, request: web.Request, body: str) -> web.Response | None:
        if request.path == PUBLIC:
            return None
        sent, v2 = request.headers, request.path.startswith("/v2")
        query = f"?{request.query_string}" if v2 and request.query_string else ""
        signed = f"{sent['CB-ACCESS-TIMESTAMP']}{request.method}{request.path}{query}"
        mac = hmac.new(self.key.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if sent["CB-ACCESS-KEY"] != self.key.key or mac != sent["CB-ACCESS-SIGN"]:
            error = {"id": "authentication_error", "message": "invalid signature"}
            return web.json_response({"errors": [error]}, status=401)
        return None

    # ---- rows

    def tell(self, happening: Happening) -> None:
        {
            "trade": self._trade,
            "convert": self._convert,
            "deposit": self._deposit,
            "withdrawal": self._withdrawal,
            "reward": self._reward,
        }[happening.kind](happening)

    def _row(self, one: Happening, type_: str, asset: str, amount: Decimal, **more: Any) -> None:
        account = f"acc-{asset.lower()}"
        if type_ in ("send", "staking_reward") and self.chance.random() < 0.3:
            account = {"ETH": "acc-eth-2", "BTC": "acc-btc-vault"}.get(asset, account)
        self._sums[account] += amount
        self.lists[account].append(
            {
                "id": f"{type_}-{one.number}-{asset}",
                "type": type_,
                "status": "pending" if one.pending else "completed",
                "amount": {"amount": text(amount), "currency": asset},
                "native_amount": {"amount": "1.00", "currency": "USD"},
                "created_at": f"{datetime.fromtimestamp(one.at // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}",
                "resource": "transaction",
                **more,
            }
        )

    def _trade(self, one: Happening) -> None:
        assert one.into
        assert one.out
        buy, coins = one.out[0] == "USD", one.into if one.out[0] == "USD" else one.out
        sign, usd = 1 if buy else -1, coins[1] * one.price
        order = f"order-{one.number}"
        if one.number % 3 == 0:  # bought with a card or sold to a bank, outside the order book
            gross = usd if buy else usd - one.fee
            money = {"amount": text(gross + one.fee if buy else gross), "currency": "USD"}
            fee = {"amount": text(one.fee), "currency": "USD"}
            told = {"id": order, "fee": fee, "total": money, "payment_method_name": "Visa *1111"}
            side = "buy" if buy else "sell"
            self._row(one, side, coins[0], sign * coins[1], **{side: told})
            self.life.happenings[one.number - 1] = _paid_elsewhere(one)
            return
        at = datetime.fromtimestamp(one.at / 1000, UTC)
        self.fills.append(
            {
                "entry_id": f"entry-{one.number}",
                "trade_id": f"trade-{one.number // 2}",
                "order_id": order,
                "trade_time": f"{at:%Y-%m-%dT%H:%M:%S.%f}123Z",
                "trade_type": "FILL",
                "price": text(one.price),
                "size": text(usd if one.number % 3 == 1 else coins[1]),
                "size_in_quote": one.number % 3 == 1,
                "commission": text(one.fee),
                "product_id": f"{coins[0]}-USD",
                "sequence_timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
                "side": "BUY" if buy else "SELL",
            }
        )
        told = {"order_id": order, "commission": text(one.fee), "product_id": f"{coins[0]}-USD"}
        self._row(one, "advanced_trade_fill", coins[0], sign * coins[1], advanced_trade_fill=told)
        cents = (-sign * usd - one.fee).quantize(Decimal("0.01"))  # v2 tells dollars in cents
        self._row(one, "advanced_trade_fill", "USD", cents, advanced_trade_fill=told)

    def _convert(self, one: Happening) -> None:
        assert one.into
        assert one.out
        trade = {"id": f"conv-{one.number}"}
        self._row(one, "trade", one.out[0], -one.out[1], trade=trade)
        self._row(one, "trade", one.into[0], one.into[1], trade=trade)

    def _deposit(self, one: Happening) -> None:
        assert one.into
        type_ = "fiat_deposit" if one.into[0] == "USD" else "send"
        self._row(one, type_, *one.into, network={"hash": f"{one.number:064x}"})

    def _withdrawal(self, one: Happening) -> None:
        assert one.out
        fee = {"transaction_fee": {"amount": text(one.fee), "currency": one.out[0]}}
        self._row(one, "send", one.out[0], -one.out[1] - one.fee, network=fee)

    def _reward(self, one: Happening) -> None:
        assert one.into
        self._row(one, "staking_reward", *one.into)

    def rows(self) -> dict[tuple[str, str], Any]:
        found = {("fills", r["entry_id"]): r for r in self.fills}
        return found | {("transactions", r["id"]): r for a in self.lists.values() for r in a}

    def held(self) -> dict[str, Decimal]:
        """Pending rows do not count yet."""
        pending = {
            r["id"].split("-")[1]
            for a in self.lists.values()
            for r in a
            if r["status"] == "pending"
        }
        return self.life.held([h for h in self.life.happenings if str(h.number) not in pending])

    def settle(self) -> None:
        for row in (r for a in self.lists.values() for r in a):
            at = datetime.fromisoformat(row["created_at"]).timestamp() * 1000
            young = at > self.now - 30 * DAY_MS
            if young and row["status"] == "pending" and self.chance.random() < 0.3:
                row["status"] = "completed"

    # ---- answers

    async def _time(self, request: web.Request) -> web.Response:
        return web.json_response({"epochSeconds": str(self.now // 1000)})

    async def _accounts(self, request: web.Request) -> web.Response:
        held = self._by_account()
        found = [
            {
                "id": a,
                "name": f"{c} Wallet",
                "type": "vault" if "vault" in a else "wallet",
                "currency": {"code": c},
                "balance": {"amount": text(held[a]), "currency": c},
            }
            for a, c in sorted(self.accounts.items())
        ]
        return self._v2_page(request, found, 3)

    def _by_account(self) -> dict[str, Decimal]:
        """All digits in the first account of a coin, less what its other accounts hold."""
        held = {a: Decimal(0) for a in self.accounts}
        for asset, quantity in self.held().items():
            first, *others = [a for a, c in self.accounts.items() if c == asset]
            for other in others:
                rows = [r for r in self.lists[other] if r["status"] == "completed"]
                held[other] = sum((Decimal(r["amount"]["amount"]) for r in rows), Decimal(0))
                quantity -= held[other]
            held[first] = quantity
        return held

    def _v2_page(self, request: web.Request, found: list[Any], most: int = 100) -> web.Response:
        size, after = (
            min(int(request.query.get("limit", 25)), most),
            request.query.get("starting_after"),
        )
        at = next((n for n, r in enumerate(found) if r["id"] == after), -1) + 1 if after else 0
        page, more = found[at : at + size], at + size < len(found)
        uri = f"{request.path}?starting_after={page[-1]['id']}" if more else None
        return web.json_response({"data": page, "pagination": {"next_uri": uri, "order": "desc"}})

    async def _transactions(self, request: web.Request) -> web.Response:
        found = self.lists[request.match_info["account"]]
        ordered = sorted(reversed(found), key=lambda r: r["created_at"], reverse=True)
        return self._v2_page(request, ordered)

    async def _fills(self, request: web.Request) -> web.Response:
        asked = request.query
        start, end = asked.get("start_sequence_timestamp", ""), asked["end_sequence_timestamp"]
        found = [r for r in self.fills if start < r["sequence_timestamp"] < end]
        found.sort(key=lambda r: (r["sequence_timestamp"], r["entry_id"]), reverse=True)
        at, size = int(asked.get("cursor") or 0), min(int(asked.get("limit", 100)), 100)
        after = str(at + size) if at + size < len(found) else ""
        return web.json_response({"fills": found[at : at + size], "cursor": after})

    async def _brokerage(self, request: web.Request) -> web.Response:
        held = self._by_account()
        found = [
            {
                "uuid": a,
                "currency": c,
                "available_balance": {"value": text(held[a]), "currency": c},
                "hold": {"value": "0", "currency": c},
            }
            for a, c in self.accounts.items()
            if "vault" not in a
        ]
        return web.json_response({"accounts": found, "has_next": False, "cursor": ""})

    async def _portfolios(self, request: web.Request) -> web.Response:
        return web.json_response({"portfolios": [{"uuid": "p1", "type": "DEFAULT"}]})

    async def _permissions(self, request: web.Request) -> web.Response:
        return web.json_response({**self.permissions, "portfolio_uuid": "p1"})


def _paid_elsewhere(one: Happening) -> Happening:
    """Dollars of a card or bank never touch the account."""
    coins_in = one.into if one.into and one.into[0] != "USD" else None
    coins_out = one.out if one.out and one.out[0] != "USD" else None
    return Happening(one.number, one.kind, one.at, coins_out, coins_in)
