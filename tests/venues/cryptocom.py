"""A local Crypto.com Exchange: windows of 7 days, pages that end just before `end_time`."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from typing import Any

from aiohttp import web

from tests.venues.life import COINS, DAY_MS, Happening
from tests.venues.local import START, Fault, LocalVenue, says, text

MILLION = 1_000_000
WEEK_NS = 7 * DAY_MS * MILLION


class LocalCryptoCom(LocalVenue):
    venue = "cryptocom"
    own_faults = (
        Fault("nonce", says({"id": 1, "code": 40102, "message": "INVALID_NONCE"}, 400)),
        Fault("limit", says({"id": 1, "code": 42901, "message": "RATE_LIMIT"}, 429)),
        Fault("internal", says({"id": 1, "code": 50001, "message": "INTERNAL_ERROR"}, 500)),
    )

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.lists: dict[str, list[dict[str, Any]]] = {
            n: [] for n in ("trades", "journal", "deposits", "withdrawals", "rewards", "converts")
        }
        self._moments: set[int] = set()
        self.begins = START + 200 * DAY_MS

    def routes(self) -> list[web.RouteDef]:
        private = "/exchange/v1/private"
        return [
            web.post(f"{private}/get-trades", self._backwards("trades", "create_time_ns")),
            web.post(
                f"{private}/get-transactions", self._backwards("journal", "event_timestamp_ns")
            ),
            web.post(f"{private}/get-deposit-history", self._transfers("deposit")),
            web.post(f"{private}/get-withdrawal-history", self._transfers("withdrawal")),
            web.post(f"{private}/staking/get-reward-history", self._staking("rewards")),
            web.post(f"{private}/staking/get-stake-history", self._staking("stakes")),
            web.post(f"{private}/staking/get-convert-history", self._staking("converts")),
            web.post(f"{private}/user-balance", self._balance),
            web.get("/exchange/v1/public/get-instruments", self._instruments),
            web.post(f"{private}/get-currency-networks", self._networks),
        ]

    def refusal(self, request: web.Request, body: str) -> web.Response | None:
        if "/public/" in request.path:
            return None
        asked = json.loads(body)
        params = "".join(f"{k}{asked['params'][k]}" for k in sorted(asked["params"]))
        signed = f"{asked['method']}{asked['id']}{asked['api_key']}{params}{asked['nonce']}"
        mac = hmac.new(self.key.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if asked["api_key"] != self.key.key or mac != asked["sig"]:
            return web.json_response(
                {"id": 1, "code": 40101, "message": "UNAUTHORIZED"}, status=401
            )
        return None

    # ---- rows

    def tell(self, happening: Happening) -> None:
        row = _ROWS[happening.kind](happening)
        if happening.kind == "reward":
            # one stake is rewarded once at a time
            while int(row["event_timestamp_ms"]) in self._moments:
                row["event_timestamp_ms"] = str(int(row["event_timestamp_ms"]) - 1)
            self._moments.add(int(row["event_timestamp_ms"]))
        name = {"trade": "trades", "reward": "rewards"}.get(happening.kind, f"{happening.kind}s")
        self.lists[name].append(row)
        # the journal tells what went through; it goes back less far than the transfers
        if happening.at >= self.begins and not happening.pending:
            self.lists["journal"] += _journal(happening)

    def rows(self) -> dict[tuple[str, str], Any]:
        ids = {"trades": "trade_id", "converts": "convert_id"}
        found: dict[tuple[str, str], Any] = {}
        for name, listed in self.lists.items():
            if name == "rewards":
                found |= {
                    (name, f"{r['event_timestamp_ms']}:SOL.staked:{r['reward_inst_name']}"): r
                    for r in listed
                }
            elif name == "journal":
                fields = ("journal_id", "instrument_name", "journal_type")
                found |= {(name, ":".join(str(r[f]) for f in fields)): r for r in listed}
            else:
                found |= {(name, str(r[ids.get(name, "id")])): r for r in listed}
        return found

    def held(self) -> dict[str, Any]:
        """A transfer that is not through does not count yet."""
        open_ = {
            int(r["id"])
            for name, done in (("deposits", "1"), ("withdrawals", "5"))
            for r in self.lists[name]
            if r["status"] != done
        }
        return self.life.held([h for h in self.life.happenings if h.number not in open_])

    def settle(self) -> None:
        for name, done in (("deposits", "1"), ("withdrawals", "5")):
            for row in self.lists[name]:
                young = row["create_time"] > self.now - 6 * DAY_MS  # the journal's overlap
                if young and row["status"] != done and self.chance.random() < 0.3:
                    row["status"] = done
                    one = self.life.happenings[int(row["id"]) - 1]
                    self.lists["journal"] += _journal(one)

    # ---- answers

    def _backwards(self, name: str, field: str) -> Any:
        async def answer(request: web.Request) -> web.Response:
            asked = json.loads(await request.text())["params"]
            start, end = _nanos(asked["start_time"]), _nanos(asked["end_time"])
            if end - start > WEEK_NS + MILLION * 1000:
                return web.json_response({"code": 40004, "message": "window"}, status=400)
            found = [r for r in self.lists[name] if start <= int(r[field]) < end]
            found.sort(key=lambda r: -int(r[field]))
            return self._result({"data": found[: min(int(asked["limit"]), 100)]})

        return answer

    def _transfers(self, way: str) -> Any:
        async def answer(request: web.Request) -> web.Response:
            asked = json.loads(await request.text())["params"]
            start, end = asked.get("start_ts", 0), asked.get("end_ts", 2**50)
            found = [r for r in self.lists[f"{way}s"] if start <= r["create_time"] <= end]
            found.sort(key=lambda r: -r["create_time"])
            size = min(asked.get("page_size", 20), 200)
            at = asked.get("page", 0) * size
            return self._result({f"{way}_list": found[at : at + size]})

        return answer

    def _staking(self, name: str) -> Any:
        async def answer(request: web.Request) -> web.Response:
            asked = json.loads(await request.text())["params"]
            start, end = asked["start_time"], asked["end_time"]
            found = [
                r
                for r in self.lists.get(name, ())
                if start <= int(r.get("event_timestamp_ms") or r["create_timestamp_ms"]) <= end
            ]
            found.sort(key=lambda r: str(r), reverse=True)
            field = "event_timestamp_ms" if name == "rewards" else "create_timestamp_ms"
            found.sort(key=lambda r: -int(r[field]))
            return self._result({"data": found[: min(asked["limit"], 500)]})

        return answer

    async def _balance(self, request: web.Request) -> web.Response:
        held = [{"instrument_name": a, "quantity": text(q)} for a, q in self.held().items()]
        return self._result({"data": [{"position_balances": held}]})

    async def _instruments(self, request: web.Request) -> web.Response:
        found = [
            {
                "symbol": f"{c}_USD",
                "inst_type": "CCY_PAIR",
                "display_name": f"{c}/USD",
                "base_ccy": c,
                "quote_ccy": "USD",
                "quote_decimals": 2,
                "quantity_decimals": 8,
                "price_tick_size": "0.01",
                "qty_tick_size": "0.00000001",
                "max_leverage": "1",
                "tradable": True,
                "expiry_timestamp_ms": 0,
            }
            for c in COINS
            if c != "LTC"  # no longer listed
        ]
        return self._result({"data": found})

    async def _networks(self, request: web.Request) -> web.Response:
        return self._result({"update_time": 1, "currency_map": {}})

    def _result(self, result: Any) -> web.Response:
        return web.json_response({"id": 1, "code": 0, "result": result})


def _nanos(time: Any) -> int:
    """Times may be given in milliseconds as well."""
    number = int(time)
    return number * MILLION if number < 10**15 else number


def _trade(one: Happening) -> dict[str, Any]:
    assert one.into
    assert one.out
    bought = one.out[0] == "USD"
    coins = one.into if bought else one.out
    return {
        "account_id": "a",
        "journal_type": "TRADING",
        "side": "BUY" if bought else "SELL",
        "instrument_name": f"{coins[0]}_USD",
        "fees": text(-one.fee),
        "trade_id": str(one.number),
        "trade_match_id": str(one.number // 2),
        "create_time": one.at,
        "create_time_ns": str(one.at * MILLION + one.number % 10),
        "traded_price": text(one.price),
        "traded_quantity": text(coins[1]),
        "fee_instrument_name": "USD",
        "order_id": str(one.number // 3),
    }


def _journal(one: Happening) -> list[dict[str, Any]]:
    """Two rows and a fee for a fill, two for a swap, one for what came or left."""
    ids = {
        "trade": {"trade_id": str(one.number), "order_id": str(one.number // 3)},
        "convert": {"trade_id": "0", "order_id": f"9{one.number}"},
    }.get(one.kind, {"trade_id": "0", "order_id": "0"})
    types = {
        "trade": "TRADING",
        "convert": "STABLECOIN_CONVERSION",
        "deposit": "FIAT_DEPOSIT" if one.coin == "USD" else "ONCHAIN_DEPOSIT",
        "withdrawal": "ONCHAIN_WITHDRAWAL",
        "reward": "STAKING_REWARDS",
    }
    changes = [(types[one.kind], a, q) for a, q in _sides(one).items()]
    if one.kind == "trade":
        changes.append(("TRADE_FEE", "USD", -one.fee))
    return [
        {
            "journal_type": type_,
            "journal_id": f"{one.number}00{n}",
            "transaction_qty": text(quantity),
            "transaction_cost": text(quantity),
            "instrument_name": f"{asset}.staked" if one.kind == "reward" else asset,
            "event_timestamp_ns": str(one.at * MILLION + n),
            **ids,
        }
        for n, (type_, asset, quantity) in enumerate(changes)
    ]


def _sides(one: Happening) -> dict[str, Any]:
    """What moves; a withdrawal's fee is in it, a fill's is not."""
    if one.kind != "trade":
        return one.moves
    assert one.into
    assert one.out
    return {one.out[0]: -one.out[1], one.into[0]: one.into[1]}


def _transfer(one: Happening) -> dict[str, Any]:
    side = one.into or one.out
    assert side
    done = "1" if one.into else "5"
    return {
        "currency": side[0],
        "fee": float(one.fee),
        "create_time": one.at,
        "id": str(one.number),
        "amount": text(side[1]),
        "address": "somewhere",
        "status": "0" if one.pending else done,
        "txid": f"{one.number:064x}/2",
    }


def _reward(one: Happening) -> dict[str, Any]:
    assert one.into
    return {
        "staking_inst_name": "SOL.staked",
        "underlying_inst_name": "SOL",
        "reward_inst_name": f"{one.into[0]}.staked",
        "reward_quantity": text(one.into[1]),
        "staked_balance": "1",
        "event_timestamp_ms": str(one.at),
    }


def _convert(one: Happening) -> dict[str, Any]:
    assert one.into
    assert one.out
    return {
        "from_instrument_name": one.out[0],
        "to_instrument_name": one.into[0],
        "from_quantity": text(one.out[1]),
        "to_quantity": text(one.into[1]),
        "convert_id": one.number,
        "status": "COMPLETED",
        "create_timestamp_ms": str(one.at),
    }


_ROWS = {
    "trade": _trade,
    "deposit": _transfer,
    "withdrawal": _transfer,
    "reward": _reward,
    "convert": _convert,
}
