"""Serves the app from the loop of the service; its port is taken before the service is ready."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from config.errors import ConfigError
from config.sections import Web

LARGEST_HEAD = 16_384  # bytes of a request's line and headers
MOST_AT_ONCE = 64


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service has its own."""
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, web: Web) -> AsyncIterator[None]:
    """Answers while the block runs. Raises ConfigError if the address cannot be had."""
    listening = _listen(web)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            interface="asgi3",
            lifespan="off",
            ws="none",
            http="h11",
            h11_max_incomplete_event_size=LARGEST_HEAD,
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=3)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _listen(web: Web) -> socket.socket:
    if not web.allow_remote and not is_local(web.host):
        raise ConfigError(
            f"[web] host {web.host} can be reached from other machines; set 127.0.0.1, or "
            "allow_remote = true if something else keeps strangers out"
        )
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        made = socket.create_server((web.host, web.port), family=family, backlog=MOST_AT_ONCE)
        # asyncio sets it for sockets of a named protocol only; head and body of an answer are sent
        # apart, and the body would wait 40 ms for word that the head arrived
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    except OSError as error:
        raise ConfigError(
            f"[web] {web.host} port {web.port} cannot be had: {error.strerror}; set another port, "
            "or enabled = false"
        ) from None


def is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
