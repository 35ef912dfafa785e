"""The page over real books, asked without a socket; and the whole service, for a browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from config import settings as configuration
from config.settings import Settings
from syncer.ingest.pull import Reached
from syncer.pipeline import Pipeline
from syncer.store.database import Database
from syncer.store.edits import edits
from syncer.store.migrate import migrate
from syncer.web.access import new_link
from syncer.web.app import app_of
from syncer.web.health import Health
from syncer.web.running import Running
from tests.managed import Manager, free_port
from tests.synced import NOW, copy_of, syncer

PASSWORD = "four random words here"
HOST = "127.0.0.1:8377"
SAME = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HOST}"}
HEAD = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
LOSS = (
    "2025-01-02T12:00:00Z,buy,k,USD,60000,BTC,1\n"
    "2025-02-02T12:00:00Z,buy,k,USD,90000,BTC,1\n"
    "2025-03-02T12:00:00Z,sell,k,BTC,0.5,USD,40000\n"
)
STORY_END = datetime.fromisoformat(NOW)


@dataclass
class House:
    """What the daemon is to the page, but for the scheduler: jobs that are started are noted."""

    path: Path
    at: datetime = STORY_END
    started: list[str] = field(default_factory=list)
    reached: dict[str, Reached] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings: Settings = configuration.load(self.path)
        self.database = Database(self.settings.database_url)
        migrate(self.database)
        self.pipeline = Pipeline(self.settings, self.database, self.clock)
        self.app = app_of(self.running, None, self.settings.web)

    def clock(self) -> datetime:
        return self.at

    def running(self) -> Running:
        names = [f"sync:{s.name}" for s in self.pipeline.sources()]
        health = Health(self.settings, self.database, self.clock, lambda: True, names, self.at)
        return Running(
            self.settings,
            self.path,
            self.database,
            self.pipeline,
            self.clock,
            health,
            {name: self.at + timedelta(minutes=15) for name in names},
            frozenset(),
            self.reached,
            self._start,
            self._derive,
            self._reload,
        )

    def _start(self, name: str) -> bool:
        self.started.append(name)
        return True

    async def _derive(self) -> str | None:
        return next(iter(await self.pipeline.derive()), None)

    async def _reload(self) -> None:
        with self.database.read() as connection:
            self.settings = configuration.load(self.path, edits(connection))
        self.pipeline = Pipeline(self.settings, self.database, self.clock)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """A browser that nobody has logged in; `client` is the address that it asks from."""
        address = options.pop("client", ("127.0.0.1", 1))
        transport = httpx.ASGITransport(self.app, client=address)
        base = options.pop("base_url", f"http://{HOST}")
        return httpx.AsyncClient(transport=transport, base_url=base, headers=SAME, **options)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[httpx.AsyncClient]:
        """A browser in which the owner is logged in; the password is set if none is."""
        async with self.client() as browser:
            answer = await log_in(browser)
            if answer.status_code != 303:
                link = new_link(self.database, self.settings.web, self.at)
                told = {"password": PASSWORD, "again": PASSWORD}
                answer = await browser.post(link, data=told)
            assert answer.status_code == 303, answer.text
            yield browser

    def close(self) -> None:
        self.database.close()


async def log_in(browser: httpx.AsyncClient, password: str = PASSWORD, **more: str) -> Any:
    return await browser.post("/login", data={"password": password, **more})


def copied(synced: Path, folder: Path) -> Path:
    """The story's books in a folder of their own; the settings' path."""
    for name in ("syncer.toml", "kraken.json", "form-1099-da-2025.csv"):
        shutil.copy2(synced.parent / name, folder / name)
    copy_of(synced.parent / "syncer.db", folder / "syncer.db")
    return folder / "syncer.toml"


@dataclass(frozen=True)
class Service:
    """The whole service, and where it is."""

    manager: Manager
    config: Path
    address: str

    def link(self) -> str:
        done = syncer("web", "link", config=self.config)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[0]


@contextmanager
def service(
    config: Path, more: str = "", also: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Over the settings of a folder, at the story's end."""
    port = free_port()
    text = config.read_text(encoding="utf-8") + f"\n[web]\nport = {port}\n{more}"
    manager = Manager(config.parent, text, also={"SYNCER_NOW": NOW, **(also or {})})
    try:
        manager.hears("READY=1")
        yield Service(manager, config, f"http://127.0.0.1:{port}")
    finally:
        manager.close()


def later(house: House, **length: float) -> None:
    house.at = house.at.astimezone(UTC) + timedelta(**length)


async def send_file(browser: httpx.AsyncClient, text: str, name: str = "j.csv", **more: str) -> Any:
    files = {"file": (name, text.encode())}
    return await browser.post("/sources/import", files=files, data=more)


async def ask_api(browser: httpx.AsyncClient, path: str) -> Any:
    answer = await browser.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()
