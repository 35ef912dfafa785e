"""A local Kraken over a made-up life: the sandbox's server, whose rows carry running balances."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from aiohttp import web

from config.secrets import ApiKey
from syncer.demo import market
from syncer.demo.exchange import Book, ExchangeServer
from tests.venues.life import DAY_MS, Happening
from tests.venues.local import Fault, LocalVenue, says, text

RAW = {"BTC": "XXBT", "ETH": "XETH", "SOL": "SOL", "LTC": "XLTC", "USD": "ZUSD"}


class LocalKraken(LocalVenue):
    venue = "kraken"
    key = ApiKey("SANDBOXKEY-LOCAL", "SANDBOXKEY00bG9jYWwtc2VjcmV0")
    own_faults = (
        Fault("nonce", says({"error": ["EAPI:Invalid nonce"]})),
        Fault("rate limit", says({"error": ["EAPI:Rate limit exceeded"]})),
        Fault("unavailable service", says({"error": ["EService:Unavailable"]})),
    )

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.book = Book()
        self._balance: dict[str, Decimal] = {}
        self.book.balances = lambda: {RAW[a]: q for a, q in self.held().items()}  # type: ignore[method-assign]
        self._server = ExchangeServer(
            self.book,
            self.key.key,
            self.key.secret,
            lambda: Decimal(self.now) / 1000,
            market.price,
        )

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/0/public/{name}", self._server.public),
            web.post("/0/private/{name}", self._server.private),
        ]

    def refusal(self, request: web.Request, body: str) -> web.Response | None:
        return None  # the server checks the signature itself

    def tell(self, happening: Happening) -> None:
        type_ = {"trade": "trade", "convert": "spend", "reward": "earn"}.get(
            happening.kind, happening.kind
        )
        ref = f"R{happening.number:06d}"
        if happening.out:
            self._row(happening, ref, type_, happening.out[0], -happening.out[1])
        if happening.into:
            received = "receive" if happening.kind == "convert" else type_
            self._row(happening, ref, received, happening.into[0], happening.into[1])
        if happening.kind == "trade":
            self.book.trades[ref] = {"time": happening.at / 1000, "pair": "X", "fee": "0.1"}
        if happening.kind in ("deposit", "withdrawal"):
            rows = self.book.deposits if happening.kind == "deposit" else self.book.withdrawals
            status = "Pending" if happening.pending else "Success"
            rows.append({"refid": ref, "time": happening.at // 1000, "status": status})

    def _row(self, one: Happening, ref: str, type_: str, asset: str, amount: Decimal) -> None:
        fee = one.fee if one.fee_asset == asset else Decimal(0)
        raw = RAW[asset]
        self._balance[raw] = self._balance.get(raw, Decimal(0)) + amount - fee
        self.book.ledgers[f"L{len(self.book.ledgers):06d}"] = {
            "refid": ref,
            "time": text(Decimal(one.at) / 1000),
            "type": type_,
            "subtype": "reward" if type_ == "earn" else "",
            "aclass": "currency",
            "asset": raw,
            "amount": text(amount),
            "fee": text(fee),
            "balance": text(self._balance[raw]),
        }

    def rows(self) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Any] = {
            ("ledgers", i): r for i, r in self.book.ledgers.items()
        }
        found |= {("trades", i): r for i, r in self.book.trades.items()}
        found |= {("deposits", r["refid"]): r for r in self.book.deposits}
        return found | {("withdrawals", r["refid"]): r for r in self.book.withdrawals}

    def settle(self) -> None:
        for row in (*self.book.deposits, *self.book.withdrawals):
            young = row["time"] * 1000 > self.now - 30 * DAY_MS
            if young and row["status"] == "Pending" and self.chance.random() < 0.3:
                row["status"] = "Success"
