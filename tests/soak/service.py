"""A month of the service under kills: SIGKILL at random instants, and nothing is lost or doubled.

    KILLS=500 ROWS=300 .venv/bin/python tests/soak/service.py

Three venues and two chains on this machine, prices that crash every third day. The month passes at
such a speed that the kills fill it; each life is a forked process that runs the real service, with
the real scheduler at that speed, and gets SIGKILL after a random time. In the end the books must be
those of a pull that nobody disturbed, every alert must have been delivered, and one may be
delivered twice only if a kill fell between.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from aiohttp import web
from apscheduler.executors import base as executors
from apscheduler.schedulers import base as schedulers
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers import interval as triggers

from config.settings import Settings, load
from syncer import daemon
from syncer.demo import story
from syncer.demo.chain import CHAIN_ID
from syncer.demo.exchange import Book, ExchangeServer
from syncer.demo.sandbox import running
from syncer.pipeline import Pipeline
from syncer.sources import load_clients
from syncer.store import alerts
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.venues.known import LOCAL
from tests.venues.life import PRICES
from tests.venues.serve import served

VENUES = ("gemini", "kraken", "bitstamp")
DAYS = 30
LIFE = 1.6  # seconds that one lasts on average
SETTINGS = """
[taxpayer]
ordinary_income = 90000
[harvest]
min_loss_usd = 50
min_benefit_usd = 1
[alerts]
urls = ["json://127.0.0.1:{alerts}/alerts"]
quiet_hours = ""
daily_budget = {daily_budget}
[schedule]
sync = "{sync}"
prices = "6h"
harvest = "{harvest}"
backup = "24h"
[web]
enabled = false
[prices]
sources = ["kraken"]
[prices.kraken]
api_url = "http://127.0.0.1:{port}"
rate_limit_ms = 1
[[account]]
name = "wallet"
kind = "wallet"
addresses = ["{address}"]
chains = ["one", "two"]
"""
CHAIN = '[chains.{}]\nchain_id = {}\nrpc = ["{}"]\nconfirmations = 0\n'
VENUE = """[[account]]
name = "{0}"
kind = "exchange"
venue = "{0}"
api_url = "{1}"
rate_limit_ms = 1
"""


@dataclass
class Time:
    """Simulated time goes on through all lives."""

    start: datetime
    speed: float
    began: float = field(default_factory=time.time)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.time() - self.began) * self.speed)


def price(pair: str, at: Decimal, start: datetime) -> Decimal:
    """Constant until the month begins; then half of it for eight hours of every third day."""
    base = PRICES.get({"XXBTZUSD": "BTC", "XETHZUSD": "ETH", "SOLUSD": "SOL"}.get(pair, ""), 1)
    seconds = float(at) - start.timestamp()
    fallen = seconds > 0 and seconds % (3 * 86_400) > 2 * 86_400 + 57_600
    return Decimal(base) / (2 if fallen else 1)


def schedule_at(clock: Time) -> None:
    """The real scheduler, its waits as much shorter as the month is."""

    class Told(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now().astimezone(tz or UTC)

    class Fast(AsyncIOScheduler):
        def _start_timer(self, wait_seconds: float | None) -> None:
            wait = None if wait_seconds is None else wait_seconds / clock.speed
            super()._start_timer(wait)

    for module in (schedulers, triggers, executors, daemon):
        module.datetime = Told  # type: ignore[attr-defined]
    daemon.AsyncIOScheduler = Fast  # type: ignore[attr-defined, misc]


# ---- what is outside


@contextmanager
def neighbours(folder: Path, clock: Time) -> Iterator[int]:
    """Prices and a webhook in a process of their own; each message is a line with its time."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        asyncio.run(_serve(folder / "told.txt", clock, writer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        port = int(told.readline())
    try:
        yield port
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


async def _serve(told: Path, clock: Time, writer: int) -> None:
    async def take(request: web.Request) -> web.Response:
        lines = (await request.json())["message"].splitlines()
        with told.open("a") as file:  # a digest has several ids
            file.writelines(f"{time.time()} {x}\n" for x in lines if x.startswith("["))
        return web.Response()

    def seconds() -> Decimal:
        return Decimal(str(clock.now().timestamp()))

    exchange = ExchangeServer(
        Book(), "", "", seconds, lambda pair, at: price(pair, at, clock.start)
    )
    app = exchange.app()
    app.router.add_post("/alerts", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    os.write(writer, f"{runner.addresses[0][1]}\n".encode())
    await asyncio.Event().wait()


def around(
    stack: ExitStack, folder: Path, rows: int
) -> tuple[dict[str, dict[str, Any]], list[str], datetime]:
    """What the venues say of themselves, the chains' addresses, and when all of them have begun."""
    told = {n: stack.enter_context(served(n, f"month {n}", rows)) for n in VENUES}
    chains = [stack.enter_context(running(folder / f"chain{n}")).chain for n in (1, 2)]
    latest = max(t["now"] for t in told.values()) / 1000
    start = max(datetime.fromtimestamp(latest, UTC), story.NOW) + timedelta(hours=1)
    return told, chains, start


def settings_of(
    folder: Path,
    port: int,
    told: dict[str, Any],
    chains: list[str],
    sync: str = "6h",
    harvest: str = "1h",
    daily_budget: int = 0,
    alerts: int | None = None,
) -> Settings:
    """`alerts` is where messages go, if not to the port of the prices: a channel is known by it."""
    text = SETTINGS.format(
        port=port,
        alerts=alerts or port,
        address=story.PERSON.address,
        sync=sync,
        harvest=harvest,
        daily_budget=daily_budget,
    )
    for name, url in zip(("one", "two"), chains, strict=True):
        text += CHAIN.format(name, CHAIN_ID, url)
    for name in VENUES:
        text += VENUE.format(name, told[name]["url"])
        key = LOCAL[name].key
        os.environ[f"SYNCER_KEY_{name.upper()}"] = json.dumps(
            {"apiKey": key.key, "secret": key.secret}
        )
    folder.mkdir(exist_ok=True)
    (folder / "syncer.toml").write_text(text, encoding="utf-8")
    return load(folder / "syncer.toml")


def opened(settings: Settings, clock: Time) -> Pipeline:
    database = Database(settings.database_url)
    migrate(database)
    return Pipeline(settings, database, clock.now)


# ---- lives


def live(settings: Settings, clock: Time) -> None:
    pipeline = opened(settings, clock)
    asyncio.run(daemon.serve(settings, None, pipeline.database, pipeline, clock.now))


def life(settings: Settings, clock: Time, seconds: float) -> float:
    """When it was killed."""
    child = os.fork()
    if not child:
        try:
            live(settings, clock)
        except BaseException as error:
            print(f"a life ended by itself: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    at = time.time()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit(1)
    return at


async def finish(pipeline: Pipeline, clock: Time) -> None:
    """One undisturbed round of everything."""
    for result in await pipeline.pull():
        if result.sentence:
            raise SystemExit(f"{result.source}: {result.sentence}")
    await pipeline.derive()
    await pipeline.watch()
    for _ in range(30):  # what was refused waits, ever longer, and a digest for its hour
        await pipeline.deliver()
        clock.began -= 3600 / clock.speed
        with pipeline.database.read() as connection:
            if not alerts.waiting(connection, datetime(9998, 1, 1, tzinfo=UTC)):
                return


# ---- the verdict


def repeats(told: Path, kills: list[float]) -> tuple[dict[str, int], list[str]]:
    """How often each id was heard, and those heard twice without a kill between."""
    heard: dict[str, list[float]] = defaultdict(list)
    for row in told.read_text().splitlines() if told.exists() else ():
        at, _, alert_id = row.partition(" ")
        heard[alert_id.strip("[]")].append(float(at))
    wrong = [
        alert_id
        for alert_id, times in heard.items()
        for first, second in pairwise(times)
        if not any(first < kill < second + 0.5 for kill in kills)
    ]
    return {alert_id: len(times) for alert_id, times in heard.items()}, wrong


def problems(folder: Path, kills: list[float]) -> tuple[list[str], dict[str, int]]:
    heard, wrong = repeats(folder / "told.txt", kills)
    found = [f"{alert_id} was heard twice without a kill" for alert_id in wrong]
    with sqlite3.connect(folder / "syncer.db") as database:
        if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            found.append("the database is damaged")
        rows = database.execute("SELECT alert_id, channel, delivered_at FROM outbox").fetchall()
        key = "source || ' ' || stream || ' ' || native_id || ' ' || revision"
        count = f"SELECT count(*), count(DISTINCT {key}) FROM raw_record"
        if len(set(database.execute(count).fetchone())) != 1:
            found.append("a record is there twice")
    database.close()
    if len({row[:2] for row in rows}) != len(rows):
        found.append("an alert has two rows")
    ids = {row[0] for row in rows}
    found += [f"{row[0]} was not delivered" for row in rows if not row[2]]
    found += [f"{alert_id} has a row and was not heard" for alert_id in ids - heard.keys()]
    found += [f"{alert_id} was heard and has no row" for alert_id in heard.keys() - ids]
    return found, heard


TABLES = ("entry", "event", "leg", "lot", "disposal", "problem", "price", "price_gap")


def differences(rough: Path, calm: Path) -> Iterator[str]:
    """Rows that only one of two databases has, row numbers aside."""
    with sqlite3.connect(rough) as database:
        database.execute("ATTACH ? AS calm", (str(calm),))
        there = {name for (name,) in database.execute("SELECT name FROM main.sqlite_master")}
        for name in [t for t in TABLES if t in there]:
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
            listed = ", ".join(c for c in columns if c not in ("id", "number", "tried_at", "at_"))
            for one, other in (("main", "calm"), ("calm", "main")):
                query = (
                    f"SELECT {listed} FROM {one}.{name} EXCEPT SELECT {listed} FROM {other}.{name}"
                )
                rows = database.execute(query).fetchall()
                if rows:
                    who = "killed" if one == "main" else "calm"
                    yield f"{len(rows)} rows of {name} are only in the {who} one: {rows[0]}"
    database.close()


def main() -> None:
    kills, rows = int(os.environ.get("KILLS", "500")), int(os.environ.get("ROWS", "300"))
    chance = random.Random("a month")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        told, chains, start = around(stack, folder, rows)
        clock = Time(start, DAYS * 86_400 / (kills * LIFE))
        port = stack.enter_context(neighbours(folder, clock))
        schedule_at(clock)
        settings = settings_of(folder / "rough", port, told, chains)
        (folder / "told.txt").unlink(missing_ok=True)
        load_clients(settings)
        at = [life(settings, clock, chance.uniform(0.05, 2 * LIFE)) for _ in range(kills)]
        passed = (clock.now() - start).total_seconds() / 86_400
        pipeline = opened(settings, clock)
        asyncio.run(finish(pipeline, clock))
        ended = pipeline.rebuild()
        calm = opened(settings_of(folder / "calm", port, told, chains), clock)
        asyncio.run(calm.pull())
        asyncio.run(calm.derive())
        same = calm.rebuild() == ended
        os.replace(folder / "told.txt", folder / "rough" / "told.txt")
        found, heard = problems(folder / "rough", at)
        if not same:
            found += differences(folder / "rough" / "syncer.db", folder / "calm" / "syncer.db")
    twice = sum(n - 1 for n in heard.values())
    print(
        f"{passed:.1f} days, {kills} kills: digest {'the same' if same else 'DIFFERENT'}; "
        f"{len(heard)} alerts, each delivered, {twice} repeated after a kill"
    )
    for sentence in found:
        print(f"  {sentence}")
    sys.exit(0 if same and not found and heard else 1)


if __name__ == "__main__":
    main()
