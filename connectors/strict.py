"""HTTP sessions that trust nobody: answers have an end, and nobody sends us to another host."""

from __future__ import annotations

import ssl
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


def strict_session(certificates: str | None = None, **options: Any) -> ClientSession:
    """A session of the running loop; `certificates` is a file of trusted ones, else those of the
    system."""
    trace = TraceConfig()
    trace.on_request_redirect.append(_stay)
    tls = ssl.create_default_context(cafile=certificates)
    connector = TCPConnector(ssl=tls, enable_cleanup_closed=False)
    return ClientSession(
        connector=connector, response_class=_Bounded, trace_configs=[trace], **options
    )
