"""Every channel that home users name, through the real apprise to servers on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.pushover import NotifyPushover
from apprise.plugins.telegram import NotifyTelegram

from config.errors import TransientError
from connectors import notify
from tests.serving import serving

TITLE, BODY = "Syncer: an opening", "Something is 25% below its basis.\n[harvest:k:BTC:2026#1]"
ID = "[harvest:k:BTC:2026#1]"


class Server:
    """Takes anything, answers as the services do."""

    def __init__(self, status: int = 200) -> None:
        self.got: list[tuple[str, str]] = []
        self._status = status

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((request.path, await request.text()))
        answer: dict[str, Any] = {"ok": True, "result": {"message_id": 1}, "status": 1, "id": 1}
        return web.json_response(answer, status=self._status)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.take)
        return app


CHANNELS: dict[str, Callable[[str], str]] = {
    "ntfy": lambda host: f"ntfy://{host}/topic",
    "gotify": lambda host: f"gotify://{host}/AtokenA",
    "json": lambda host: f"json://{host}/hook",
    "discord": lambda host: f"discord://{'1' * 18}/{'a' * 64}",
    "telegram": lambda host: f"tgram://{'1' * 9}:{'a' * 32}/12345",
    "pushover": lambda host: f"pover://{'u' * 30}@{'a' * 30}",
}


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Those whose address is in apprise itself, sent here instead."""

    def to(url: str) -> None:
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"{url}/discord")
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{url}/bot")
        monkeypatch.setattr(NotifyPushover, "notify_url", f"{url}/pushover")

    return to


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_channel_takes_the_message_with_its_id(
    name: str, local: Callable[[str], None]
) -> None:
    server = Server()
    with serving(server.app()) as url:
        local(url)
        await notify.send(CHANNELS[name](url.removeprefix("http://")), TITLE, BODY)
    assert len(server.got) == 1
    text = server.got[0][1]
    assert "harvest" in text
    assert "2026" in text
    assert "25%" in text.replace("%25", "%")


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_channel_that_refuses_is_one_sentence_without_a_secret(
    name: str, local: Callable[[str], None]
) -> None:
    with serving(Server(401).app()) as url:
        local(url)
        channel = CHANNELS[name](url.removeprefix("http://"))
        with pytest.raises(TransientError, match="did not take a message") as caught:
            await notify.send(channel, TITLE, BODY)
    assert "aaaa" not in str(caught.value) + notify.masked(channel)


async def test_e_mail_is_delivered() -> None:
    got: list[str] = []
    server = await asyncio.start_server(lambda r, w: _smtp(r, w, got), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = f"mailto://127.0.0.1:{port}?mode=insecure&from=me@home.example&to=me@home.example"
    await notify.send(channel, TITLE, BODY)
    server.close()
    assert any("Subject: Syncer: an opening" in line for line in got)
    assert ID in "".join(got)


async def _smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, got: list[str]) -> None:
    """As much of a mail server as a client needs."""
    in_data = False
    writer.write(b"220 here\r\n")
    while line := (await reader.readline()).decode():
        got.append(line)
        if in_data:
            in_data = line != ".\r\n"
            answer = "" if in_data else "250 taken"
        elif line.upper().startswith("DATA"):
            in_data, answer = True, "354 go on"
        elif line.upper().startswith("QUIT"):
            answer = "221 bye"
        else:
            answer = "250 fine"
        if answer:
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
        if answer.startswith("221"):
            break
    writer.close()


async def test_a_channel_cannot_send_a_message_on_to_another_host() -> None:
    other = Server()
    with serving(other.app()) as elsewhere:

        async def away(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{elsewhere}/taken")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", away)
        with serving(app) as url, pytest.raises(TransientError):
            await notify.send(url.replace("http://", "json://") + "/hook", TITLE, BODY)
    assert other.got == []
