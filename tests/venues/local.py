"""What the local venues share: a clock, one account's life, and a network that misbehaves."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from config.secrets import ApiKey
from tests.venues.life import DAY_MS, KINDS, Happening, Life

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
START = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True)
class Fault:
    """One way in which a request goes wrong; `harmless` ones must not even be noticed."""

    name: str
    answer: Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]
    harmless: bool = False


async def _reset(request: web.Request, handler: Handler) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


async def _half(request: web.Request, handler: Handler) -> web.StreamResponse:
    whole = await handler(request)
    assert isinstance(whole, web.Response)
    text = (whole.text or "")[: max(1, len(whole.text or "") // 2)]
    return web.Response(text=text, content_type="application/json")


async def _other_type(request: web.Request, handler: Handler) -> web.StreamResponse:
    whole = await handler(request)
    assert isinstance(whole, web.Response)
    return web.Response(text=whole.text, status=whole.status, content_type="text/html")


async def _slow(request: web.Request, handler: Handler) -> web.StreamResponse:
    await asyncio.sleep(0.01)
    return await handler(request)


def says(answer: Any, status: int = 200) -> Any:
    """An answer of the venue's own instead of the one asked for."""

    async def say(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.json_response(answer, status=status)

    return say


def _status(status: int, text: str = "", **headers: str) -> Any:
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return answer


FAULTS = (
    Fault("bad gateway", _status(502, "<html>bad gateway</html>")),
    Fault("server error", _status(500)),
    Fault("unavailable", _status(503, "{}")),
    Fault("too many requests", _status(429, "{}", **{"Retry-After": "0"})),
    Fault("maintenance page", _status(200, "<html>We will be back</html>")),
    Fault("empty answer", _status(200, "")),
    Fault("truncated JSON", _half),
    Fault("connection reset", _reset),
    Fault("wrong content type", _other_type, harmless=True),
    Fault("slow answer", _slow, harmless=True),
)


class LocalVenue(ABC):
    """One account at a venue. Times are unix milliseconds; `rows` is what the venue has to tell,
    by (stream, native id)."""

    venue: str
    key = ApiKey("account-SANDBOXKEY", "SANDBOXKEY00bG9jYWwtc2VjcmV0")
    own_faults: tuple[Fault, ...] = ()  # in the venue's own words: nonce, rate limit, maintenance

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.life = Life(chance, self.kinds)
        self.now = START + 400 * DAY_MS
        self.fault_rate, self.faults = 0.0, 0
        self.busy = 0.0  # how often something happens while a request is answered
        self.forced: Fault | None = None
        self.calls: list[str] = []
        self.latency = 0.0

    kinds = KINDS

    # ---- what a venue says in its own words

    @abstractmethod
    def routes(self) -> list[web.RouteDef]: ...

    @abstractmethod
    def tell(self, happening: Happening) -> None:
        """Put a happening into the venue's rows."""

    @abstractmethod
    def refusal(self, request: web.Request, body: str) -> web.Response | None:
        """What the venue answers to a request that is not signed as it must be."""

    @abstractmethod
    def rows(self) -> dict[tuple[str, str], Any]:
        """All rows that a connector must have stored, by (stream, native id)."""

    def settle(self) -> None:  # noqa: B027
        """Young pending rows may get done; a state is read again for 45 days and no longer."""

    # ---- shared

    def live(self, count: int, back_ms: int) -> None:
        for one in self.life.live(count, self.now - back_ms, self.now):
            self.tell(one)

    def held(self) -> dict[str, Decimal]:
        return self.life.held()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._middleware])
        app.add_routes(self.routes())
        return app

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.calls.append(request.path)
        refused = self.refusal(request, await request.text())
        if refused:
            return refused
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = self._fault()
        if fault:
            self.faults += 1
            return await fault.answer(request, handler)
        if self.chance.random() < self.busy:
            self.live(self.chance.randint(1, 3), 60_000)
        return await handler(request)

    def _fault(self) -> Fault | None:
        if self.forced:
            return self.forced
        if self.chance.random() < self.fault_rate:
            return self.chance.choice(FAULTS + self.own_faults)
        return None


def text(quantity: Decimal) -> str:
    return format(quantity, "f")
