"""No answer without an end is read to it, and no one sends our requests, with their keys, away."""

from __future__ import annotations

import os
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import certifi
import pytest
from aiohttp import web

from config.errors import SyncerError
from config.secrets import ApiKey
from connectors import strict
from connectors.chains.explorer import Explorer
from connectors.chains.rpc import Rpc
from connectors.exchanges.client import VenueClient
from connectors.retry import RetryPolicy
from connectors.web import Web
from tests.serving import serving

ONCE = RetryPolicy(attempts=1)
LARGEST = 100_000


class Elsewhere:
    """Another host, which must not hear of us."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append(request.headers.get("API-Key", "nothing"))
        return web.json_response({"error": [], "result": {}})


def _app(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def away(elsewhere: Elsewhere) -> Iterator[str]:
    """Sends everybody to another host, keeping the method and the headers."""
    with ExitStack() as stack:
        other = stack.enter_context(serving(_app(elsewhere.hear)))

        async def send(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{other}/taken")

        yield stack.enter_context(serving(_app(send)))


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Answers a little that unpacks to much."""
    monkeypatch.setattr(strict, "LARGEST_ANSWER", LARGEST)

    async def much(request: web.Request) -> web.Response:
        answer = web.Response(text='["' + "x" * (LARGEST * 50) + '"]')
        answer.enable_compression()
        return answer

    with serving(_app(much)) as url:
        yield url


async def _web(url: str) -> None:
    asked = Web("an API", url, retry=ONCE)
    try:
        await asked.text("/prices")
    finally:
        await asked.close()


async def _explorer(url: str) -> None:
    asked = Explorer("a chain", url, 1, None, ONCE)
    try:
        await asked.transactions("0x" + "1" * 40, 0, 10)
    finally:
        await asked.close()


async def _node(url: str) -> None:
    asked = Rpc("a chain", [url], ONCE)
    try:
        await asked.call("eth_chainId")
    finally:
        await asked.close()


async def _venue(url: str) -> None:
    key = ApiKey("marker-key", "c2VjcmV0LW1hcmtlcg==")
    asked = VenueClient("kraken", "x", key, url, 1, ONCE)
    try:
        await asked.call("private_post_balance")
    finally:
        await asked.close()


ASKING = [_web, _explorer, _node, _venue]


@pytest.mark.parametrize("ask", ASKING)
async def test_nobody_sends_us_to_another_host(
    ask: Callable[[str], Awaitable[None]], away: str, elsewhere: Elsewhere
) -> None:
    with pytest.raises(SyncerError):
        await ask(away)
    assert elsewhere.heard == []


@pytest.mark.parametrize("ask", ASKING)
async def test_an_answer_without_an_end_is_not_read_to_it(
    ask: Callable[[str], Awaitable[None]], endless: str
) -> None:
    with pytest.raises(SyncerError) as failed:
        await ask(endless)
    assert "xxxx" not in str(failed.value)


async def test_a_redirect_on_the_same_host_is_followed() -> None:
    async def moved(request: web.Request) -> web.Response:
        if request.path == "/prices":
            raise web.HTTPTemporaryRedirect("/other")
        return web.Response(text=request.path)

    with serving(_app(moved)) as url:
        asked = Web("an API", url, retry=ONCE)
        assert await asked.text("/prices") == (200, "/other")
        await asked.close()


@pytest.mark.parametrize("ask", ASKING)
async def test_a_session_reads_no_list_of_certificates_again(
    ask: Callable[[str], Awaitable[None]], away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is a megabyte, and what holds it goes only when the collector looks everywhere: the
    service grew by some megabytes with every pull."""
    with pytest.raises(SyncerError):
        await ask(away)
    read: list[str] = []

    def reads(**_: object) -> ssl.SSLContext:
        read.append("again")
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(ssl, "create_default_context", reads)
    with pytest.raises(SyncerError):
        await ask(away)
    assert read == []


def test_a_renewed_list_of_certificates_is_read(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(Path(certifi.where()).read_bytes())
    first = strict.trust(str(file))
    assert strict.trust(str(file)) is first
    os.utime(file, (1, 1))
    renewed = strict.trust(str(file))
    assert renewed is not first
    assert renewed.verify_mode is ssl.CERT_REQUIRED
    assert len(renewed.get_ca_certs()) == len(first.get_ca_certs()) > 0
