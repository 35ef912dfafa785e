"""HTTP sessions that trust nobody: answers have an end, and nobody sends us to another host."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Any

from aiohttp import (
    ClientConnectionError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    TCPConnector,
    TraceConfig,
    TraceRequestRedirectParams,
)
from yarl import URL

LARGEST_ANSWER = 100_000_000  # bytes, unpacked


class _Bounded(ClientResponse):
    async def read(self) -> bytes:
        """All of it; raises ClientPayloadError for more than what an answer may be."""
        if self._body is None:
            parts, size = list[bytes](), 0
            async for part in self.content.iter_any():
                size += len(part)
                if size > LARGEST_ANSWER:
                    self.close()
                    raise ClientPayloadError("the answer is too large")
                parts.append(part)
            self._body = b"".join(parts)
        return await super().read()


class SentElsewhere(ClientConnectionError):
    """The other side wants us to ask another host, or without TLS."""


async def _stay(_session: Any, _context: Any, told: TraceRequestRedirectParams) -> None:
    answer = told.response
    place = answer.headers.get("Location") or answer.headers.get("URI") or ""
    target = told.url.join(URL(place))
    if target.origin() != told.url.origin():
        raise SentElsewhere("redirected to another host")


def trust(certificates: str | None = None) -> ssl.SSLContext:
    """Who is trusted: a file of certificates, else the system's. One for all sessions, because
    each is a megabyte and 40 ms; another one when the file was renewed."""
    file = certificates or ssl.get_default_verify_paths().cafile
    return _trust(certificates, os.stat(file).st_mtime_ns if file else 0)


@lru_cache(maxsize=4)
def _trust(certificates: str | None, _renewed: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates)


def strict_session(certificates: str | None = None, **options: Any) -> ClientSession:
    """A session of the running loop; `certificates` is a file of trusted ones, else those of the
    system."""
    trace = TraceConfig()
    trace.on_request_redirect.append(_stay)
    connector = TCPConnector(ssl=trust(certificates), enable_cleanup_closed=False)
    return ClientSession(
        connector=connector, response_class=_Bounded, trace_configs=[trace], **options
    )
