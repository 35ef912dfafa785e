"""A node made worse: what providers do wrong, between the reader and a real chain."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

Asked, Said = dict[str, Any], dict[str, Any]


def refusal(asked: Asked, code: int, message: str) -> Said:
    return {"jsonrpc": "2.0", "id": asked.get("id"), "error": {"code": code, "message": message}}


@dataclass
class Proxy:
    """Passes requests on to `upstream`, counts them, and gets some wrong."""

    upstream: str
    log_cap: int | None = None
    cap_text: str = "query exceeds max block range {cap}"
    cap_status: int | None = None  # where the cap is an HTTP error
    tracer: bool = True
    hiccups: int = 0  # requests for call trees that fail before one does not
    refused: frozenset[str] = frozenset()  # methods that are an HTTP error
    archive_from: int = 0  # older states are refused
    no_past: bool = False  # any state is the latest
    lag: int = 0  # blocks that the head is behind
    dressed: dict[str, dict[str, Any]] = field(default_factory=dict)  # more of a receipt, by hash
    hidden: frozenset[str] = frozenset()  # transactions whose events are kept back
    fault_rate: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    requests: int = 0
    items: dict[str, int] = field(default_factory=dict)
    faults: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/", self._handle)
        return app

    def forget(self) -> None:
        self.requests, self.items = 0, {}

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        asked = json.loads(await request.text())
        if self.chance.random() < self.fault_rate:
            self.faults += 1
            return await self._fault(request, asked)
        said = await self._answer(asked)
        return said if isinstance(said, web.Response) else web.json_response(said)

    async def _answer(self, asked: Any) -> Any:
        many = asked if isinstance(asked, list) else [asked]
        if self.hiccups and any(one["method"].startswith("debug_") for one in many):
            self.hiccups -= 1
            return web.Response(status=502)
        if any(one["method"] in self.refused for one in many):
            return web.Response(status=400, text="bad request")
        if self.cap_status and any(self._too_long(one) for one in many):
            return web.Response(status=self.cap_status, text="range too large")
        for one in many:
            self.items[one["method"]] = self.items.get(one["method"], 0) + 1
        async with ClientSession() as session:
            passed = [self._now(one) for one in many if self._own(one) is None]
            told = {}
            if passed:
                async with session.post(self.upstream, json=passed) as answer:
                    told = {one["id"]: one for one in await answer.json()}
        said = [self._own(one) or self._worse(one, told[one["id"]]) for one in many]
        return said if isinstance(asked, list) else said[0]

    def _own(self, asked: Asked) -> Said | None:
        """What the proxy says itself."""
        method, params = asked["method"], asked.get("params", [])
        if method.startswith("debug_") and not self.tracer:
            return refusal(asked, -32601, f"the method {method} does not exist/is not available")
        if self._too_long(asked):
            return refusal(asked, -32602, self.cap_text.format(cap=self.log_cap))
        states = ("eth_getBalance", "eth_getTransactionCount", "eth_call")
        if method in states and params[-1] != "latest" and int(params[-1], 16) < self.archive_from:
            return refusal(asked, -32000, "missing trie node (path ) state is not available")
        return None

    def _now(self, asked: Asked) -> Asked:
        states = ("eth_getBalance", "eth_getTransactionCount", "eth_call")
        if not self.no_past or asked["method"] not in states:
            return asked
        return {**asked, "params": [*asked["params"][:-1], "latest"]}

    def _too_long(self, asked: Asked) -> bool:
        if asked["method"] != "eth_getLogs" or self.log_cap is None:
            return False
        span = asked["params"][0]
        return int(span["toBlock"], 16) - int(span["fromBlock"], 16) + 1 > self.log_cap

    def _worse(self, asked: Asked, said: Said) -> Said:
        if asked["method"] == "eth_blockNumber":
            return {**said, "result": hex(int(said["result"], 16) - self.lag)}
        if asked["method"] == "eth_getLogs" and self.hidden:
            kept = [g for g in said["result"] if g["transactionHash"] not in self.hidden]
            return {**said, "result": kept}
        if asked["method"] == "eth_getTransactionReceipt" and said.get("result"):
            more = self.dressed.get(asked["params"][0], {})
            return {**said, "result": {**said["result"], **more}}
        return said

    async def _fault(self, request: web.Request, asked: Any) -> web.StreamResponse:
        kinds: list[Callable[[], Any]] = [
            lambda: web.Response(status=429, headers={"Retry-After": "0"}),
            lambda: web.Response(status=502, text="<html>bad gateway</html>"),
            lambda: web.Response(text="<html>maintenance</html>"),
            lambda: web.json_response(refusal({}, -32005, "rate limit exceeded")),
        ]
        kind = self.chance.randrange(len(kinds) + 3)
        if kind < len(kinds):
            return web.Response() if request.transport is None else kinds[kind]()
        said = await self._answer(asked)
        if isinstance(said, web.Response):
            return said
        if kind == len(kinds):
            assert request.transport
            request.transport.abort()
            return web.Response()
        if kind == len(kinds) + 1 and isinstance(said, list):
            bad = self.chance.randrange(len(said))  # one item of a batch is lost
            said[bad] = refusal(asked[bad], -32603, "internal error")
            return web.json_response(said)
        whole = json.dumps(said)
        return web.Response(text=whole[: len(whole) // 2], content_type="application/json")
