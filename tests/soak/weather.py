"""What stands between the service and everything outside: for hours nothing, then an outage, a
lockout, slow answers, by a plan that its seed fixes. Some venues sign the name of the host: it is
passed on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Protocol

from aiohttp import ClientError, ClientSession, web

FINE = "fine"
KINDS = ("outage", "lockout", "slow", "bad gateway")
_OURS = frozenset(("content-length", "transfer-encoding", "content-encoding", "connection"))


class Clock(Protocol):
    def now(self) -> datetime: ...


class Forecast:
    """Which weather a neighbour has when; after `hours` it is fine for good."""

    def __init__(self, name: str, start: datetime, hours: float) -> None:
        chance, at = random.Random(f"weather of {name}"), 0.0
        self._starts, self._kinds = [start], [FINE]
        while (at := at + chance.uniform(1, 6)) < hours:
            self._add(start + timedelta(hours=at), chance.choice(KINDS))
            at = min(at + chance.uniform(0.2, 3), hours)
            self._add(start + timedelta(hours=at), FINE)

    def _add(self, at: datetime, kind: str) -> None:
        self._starts.append(at)
        self._kinds.append(kind)

    def at(self, moment: datetime) -> str:
        return self._kinds[max(0, bisect_right(self._starts, moment) - 1)]


@contextmanager
def behind(
    upstreams: Mapping[str, str], clock: Clock, start: datetime, hours: float
) -> Iterator[dict[str, str]]:
    """By name, where each neighbour is reached now; from a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(upstreams, clock, start, hours, writer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        urls = json.loads(told.readline())
    try:
        yield urls
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


async def _serve(
    upstreams: Mapping[str, str], clock: Clock, start: datetime, hours: float, writer: int
) -> None:
    urls = {}
    async with ClientSession(auto_decompress=True) as session:
        for name, upstream in upstreams.items():
            way = _Way(session, upstream, Forecast(name, start, hours), clock)
            app = web.Application(client_max_size=10**8)
            app.router.add_route("*", "/{rest:.*}", way.pass_on)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            urls[name] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        os.write(writer, f"{json.dumps(urls)}\n".encode())
        await asyncio.Event().wait()


class _Way:
    """To one neighbour."""

    def __init__(
        self, session: ClientSession, upstream: str, forecast: Forecast, clock: Clock
    ) -> None:
        self._session, self._upstream = session, upstream.rstrip("/")
        self._forecast, self._clock = forecast, clock

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        kind = self._forecast.at(self._clock.now())
        if kind == "outage":
            assert request.transport
            request.transport.abort()
            return web.Response()
        if kind == "lockout":
            return web.Response(status=429, text="{}", headers={"Retry-After": "1"})
        if kind == "bad gateway":
            return web.Response(status=502, text="<html>bad gateway</html>")
        if kind == "slow":
            await asyncio.sleep(random.uniform(0.2, 1.5))
        return await self._passed(request)

    async def _passed(self, request: web.Request) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _OURS}
        body, url = await request.read(), f"{self._upstream}{request.path_qs}"
        try:
            async with self._session.request(
                request.method, url, data=body, headers=headers
            ) as answer:
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in _OURS}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)
        except ClientError:
            return web.Response(status=502)
