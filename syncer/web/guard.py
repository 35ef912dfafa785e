"""What every request must be, and what every answer says to the browser, before any page is asked.

A browser on this machine runs pages of strangers too: none of them may ask here in the person's
name (cross-site requests), under another name (DNS rebinding), or in a frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 1_000_000  # bytes
LARGEST_FILE = 60_000_000
UPLOADS = ("/sources/import", "/reconcile/import", "/api/v1/import")
SAFE = ("GET", "HEAD")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Under which address the page is asked for: `[web] public_url`, and the proxies before it."""

    secure: bool = False
    prefix: str = ""  # without a slash at its end
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()

    @classmethod
    def of(cls, public_url: str | None, hosts: Iterable[str], proxies: Iterable[str]) -> Place:
        parts = urlsplit(public_url or "")
        named = [parts.hostname] if parts.hostname else []
        return cls(
            parts.scheme == "https",
            parts.path.rstrip("/"),
            tuple(dict.fromkeys([*named, *hosts])),
            tuple(proxies),
        )


class Guard:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self._app, self._place = app, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope = self._placed(scope)
        refusal = self._refusal(scope)
        if refusal is not None:
            status, why = refusal
            headers = {"Allow": "GET, HEAD, POST"} if status == 405 else None
            answer = PlainTextResponse(why + "\n", status, headers)
            await answer(scope, receive, _with_headers(send, self._place.secure))
            return
        limited = _Limited(receive, self._most(scope))
        await self._app(scope, limited.receive, _with_headers(send, self._place.secure))

    def _placed(self, scope: Scope) -> Scope:
        """The path under the proxy's prefix, whether or not the proxy leaves it there; who asks,
        where a proxy that is trusted says so."""
        found = dict(scope)
        prefix, path = self._place.prefix, scope["path"]
        if prefix:
            found["root_path"] = prefix  # which the application takes off, once
            if path == prefix:
                found["path"] = prefix + "/"
            elif not path.startswith(prefix + "/"):
                found["path"] = prefix + path
        if self._place.secure:
            found["scheme"] = "https"
        client = (scope.get("client") or ("", 0))[0]
        if client in self._place.proxies:
            # a proxy may add a line of its own after one that a stranger sent
            told = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
            asked = [a.strip() for a in told.split(",") if a.strip()]
            real = next((a for a in reversed(asked) if a not in self._place.proxies), client)
            found["client"] = (real, 0)
        return found

    def _most(self, scope: Scope) -> int:
        path = scope["path"].removeprefix(self._place.prefix)
        return LARGEST_FILE if path in UPLOADS else LARGEST_FORM

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        if scope["method"] not in (*SAFE, "POST"):
            return 405, "only GET and POST are understood"
        most = self._most(scope)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > most:
            return 413, f"too much: at most {most} bytes are taken"
        if scope["method"] in SAFE or _is_program(headers):
            return None
        return None if _is_from_here(headers, scope) else (403, "asked from another site")


def _is_program(headers: Headers) -> bool:
    """With a token and no cookie nothing is asked in the name of who sits before the browser."""
    return "authorization" in headers and "cookie" not in headers


def _is_from_here(headers: Headers, scope: Scope) -> bool:
    """By the browser's own word, which no page can set; of an old browser by the page's origin."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return headers.get("origin") == f"{scope['scheme']}://{headers.get('host', '')}"


def _with_headers(send: Send, secure: bool) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            if secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
            message = {**message, "headers": headers.raw}
        await send(message)

    return sent


class _Limited:
    """What is sent without saying how much is counted while it comes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left = receive, most

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                return {"type": "http.disconnect"}
        return message
