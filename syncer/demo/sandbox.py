"""The sandbox as a process of its own: exchange, chain and webhook on free local ports.

`python -m syncer.demo.sandbox FOLDER` prints one line of JSON with their addresses and serves
until its standard input closes or it gets SIGTERM. The chain is kept in the folder, and so are
the ports, so that the settings written there stay right.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from aiohttp import web

from syncer.demo import market, story
from syncer.demo.chain import SandboxChain
from syncer.demo.exchange import ExchangeServer
from syncer.demo.rpc_server import RpcServer

# tests look for the word in all that is printed and left: no key may be there
API_KEY = "SANDBOXKEY"
API_SECRET = "SANDBOXKEY00c2FuZGJveC1zZWNyZXQtdGhhdC1pcy1vZi1uby11c2UtYW55d2hlcmUtZWxzZQ=="


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the three servers listen."""

    exchange: str
    chain: str
    webhook: str


class Sandbox:
    """The servers over one folder; the venue's clock starts at the story's end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chain = SandboxChain(folder / "chain.json")
        self.book = story.tell(self.chain)
        self.received: list[Any] = []
        self._started = time.monotonic()
        self.exchange = ExchangeServer(self.book, API_KEY, API_SECRET, self._now, market.price)

    def _now(self) -> Decimal:
        elapsed = Decimal(str(time.monotonic() - self._started))
        return Decimal(int(story.NOW.timestamp())) + elapsed

    async def serve(self) -> tuple[list[web.AppRunner], Addresses]:
        ports_file = self.folder / "ports.json"
        wanted = json.loads(ports_file.read_text()) if ports_file.is_file() else [0, 0, 0]
        apps = [self.exchange.app(), RpcServer(self.chain).app(), self._webhook()]
        runners, ports = [], []
        for app, port in zip(apps, wanted, strict=True):
            runner, got = await _listen(app, port)
            runners.append(runner)
            ports.append(got)
        ports_file.write_text(json.dumps(ports))
        return runners, Addresses(*(f"http://127.0.0.1:{p}" for p in ports))

    def _webhook(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/alerts", self._receive)
        app.router.add_get("/alerts", self._show)
        app.router.add_post("/trade", self._trade)
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        self.received.append(await request.json())
        return web.json_response({"ok": True})

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self.received)

    async def _trade(self, request: web.Request) -> web.Response:
        """A new fill at the venue's present time, for trying out the running service."""
        asked = await request.json()
        teller = story.Story(self.book)
        teller.continue_after(len(self.book.ledgers) * 10)
        when = datetime.fromtimestamp(float(self._now()), UTC)
        trade_id = teller.trade(when, asked["pair"], asked["side"], asked["volume"])
        return web.json_response({"trade": trade_id})


async def _listen(app: web.Application, port: int) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


async def _run(folder: Path) -> None:
    runners, addresses = await Sandbox(folder).serve()
    print(json.dumps(asdict(addresses)), flush=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_reader(sys.stdin.fileno(), _until_closed, stop)
    await stop.wait()
    for runner in runners:
        await runner.cleanup()


def _until_closed(stop: asyncio.Event) -> None:
    """The parent holds our standard input; when it ends, for whatever reason, so do we."""
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


@contextmanager
def running(folder: Path) -> Iterator[Addresses]:
    """The sandbox as a child process; it ends with the block, or with this process."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "syncer.demo.sandbox", str(folder)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        line = child.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox did not start in {folder}")
        try:
            yield Addresses(**json.loads(line))
        finally:
            child.stdin.close()
            child.wait(timeout=10)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1])))
