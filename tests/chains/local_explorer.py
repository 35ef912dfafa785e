"""A local explorer over a node: the lists of an address, with caps and words as real ones have."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from aiohttp import web

from connectors.chains.topics import TRANSFER, TRANSFER_BATCH, TRANSFER_SINGLE, address_of
from tests.chains.anvil import Anvil

# by list: block, hash, addresses, and what else the row says
Rows = dict[str, list[tuple[int, str, set[str], dict[str, str]]]]


class LocalExplorer:
    """`most` rows a page whatever is asked for; `refusals` are answers given before it works."""

    def __init__(self, node: Anvil, most: int = 1_000, lists: frozenset[str] | None = None) -> None:
        self.most, self.lists = most, lists
        self.refusals: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.partial = False
        self.rows: Rows = defaultdict(list)
        for number in range(node.head + 1):
            self._index(node, node("eth_getBlockByNumber", hex(number), True))

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api", self._answer)
        return app

    def _index(self, node: Anvil, block: dict[str, Any]) -> None:
        number = int(block["number"], 16)
        for one in block["transactions"]:
            ends = {one["from"].lower(), (one["to"] or "").lower()}
            self.rows["txlist"].append((number, one["hash"], ends, {}))
            tree = node("debug_traceTransaction", one["hash"], {"tracer": "callTracer"})
            for inner in _inner(tree):
                sender, to = inner["from"].lower(), (inner.get("to") or "").lower()
                moved = {"from": sender, "to": to, "value": str(int(inner["value"], 16))}
                row = (number, one["hash"], {sender, to}, {**moved, "isError": "0"})
                self.rows["txlistinternal"].append(row)
            for log in node("eth_getTransactionReceipt", one["hash"])["logs"]:
                self._index_log(number, one["hash"], log)

    def _index_log(self, number: int, tx_hash: str, log: dict[str, Any]) -> None:
        topics = log["topics"]
        if topics[0] == TRANSFER:
            action = "tokentx" if len(topics) == 3 else "tokennfttx"
            ends = {address_of(t) for t in topics[1:3]}
            self.rows[action].append((number, tx_hash, ends, {}))
        elif topics[0] in (TRANSFER_SINGLE, TRANSFER_BATCH):
            ends = {address_of(t) for t in topics[2:4]}
            self.rows["token1155tx"].append((number, tx_hash, ends, {}))

    async def _answer(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        if self.refusals:
            return web.json_response(self.refusals.pop(0))
        page, size = int(asked["page"]), int(asked["offset"])
        if page * size > 10_000:
            return web.json_response(_said("0", "Result window is too large", None))
        if self.lists is not None and asked["action"] not in self.lists:
            return web.json_response(_said("0", "NOTOK", "Error! Missing Or invalid Action name"))
        lo, hi = int(asked["startblock"]), int(asked["endblock"])
        mine = asked["address"].lower()
        found = [
            {"blockNumber": str(number), "hash": tx_hash, **more}
            for number, tx_hash, ends, more in self.rows[asked["action"]]
            if lo <= number <= hi and mine in ends
        ]
        size = min(size, self.most)
        rows = found[(page - 1) * size : page * size]
        if not rows:
            return web.json_response(_said("0", "No transactions found", []))
        return web.json_response(_said("2" if self.partial else "1", "OK", rows))


def _said(status: str, message: str, result: Any) -> dict[str, Any]:
    return {"status": status, "message": message, "result": result}


def _inner(frame: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for one in frame.get("calls", ()):
        if not one.get("error"):
            if int(one.get("value") or "0x0", 16):
                found.append(one)
            found += _inner(one)
    return found
