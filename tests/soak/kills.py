"""A first load killed at random instants ends, after restarts, as an undisturbed one ends.

    KILLS=200 ROWS=1000 VENUES=kraken .venv/bin/python tests/soak/kills.py

Each life is a forked process that gets SIGKILL after a random time; the books of the last one are
held against those of a load that nobody disturbed. Exits 1 if the digests differ.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.accounts import Account
from config.sections import Prices
from config.settings import Settings
from connectors.exchanges import binanceus, cryptocom
from connectors.exchanges.ccxt_parts import exchange_class
from syncer.pipeline import Pipeline
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.venues.known import LOCAL
from tests.venues.local import START
from tests.venues.serve import served


@dataclass(frozen=True)
class Ending:
    """How a load that was killed came out."""

    kills: int
    lives: int
    rows: int
    same: bool


def _pipeline(folder: Path, name: str, told: dict[str, Any], pause: int) -> Pipeline:
    key = LOCAL[name].key
    os.environ["SYNCER_KEY_X"] = f'{{"apiKey": "{key.key}", "secret": "{key.secret}"}}'
    account = Account(
        name="x", kind="exchange", venue=name, api_url=told["url"], rate_limit_ms=pause
    )
    settings = Settings(account=(account,), prices=Prices(sources=()))
    database = Database(f"sqlite:///{folder / 'x.db'}")
    migrate(database)
    now = datetime.fromtimestamp(told["now"] / 1000, UTC)
    return Pipeline(settings, database, lambda: now)


def _load(folder: Path, name: str, told: dict[str, Any], pause: int) -> None:
    pipeline = _pipeline(folder, name, told, pause)
    (result,) = asyncio.run(pipeline.pull())
    asyncio.run(pipeline.derive())
    pipeline.database.close()
    if result.sentence:
        raise SystemExit(result.sentence)


def _end(folder: Path, name: str, told: dict[str, Any]) -> tuple[str, int]:
    """The digest and how many records there are."""
    pipeline = _pipeline(folder, name, told, 1)
    digest = pipeline.rebuild()
    with pipeline.database.read() as connection:
        count = sum(records.counts(connection).values())
    pipeline.database.close()
    return digest, count


def _life(folder: Path, name: str, told: dict[str, Any], seconds: float) -> bool:
    """Whether it was killed; False if it came to its end before."""
    child = os.fork()
    if not child:
        try:
            _load(folder, name, told, 1)
            os._exit(0)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"{name}: a life ended by itself with a failure")
    return os.WIFSIGNALED(status)


def killed(name: str, kills: int, rows: int, chance: random.Random) -> Ending:
    """Loads that are killed again and again, one after the other, until so many kills."""
    exchange_class(name)
    for venue in (binanceus, cryptocom):
        venue.OPENED = START // 1000  # so that no life is spent on empty years
    with served(name, f"kills {name}", rows) as told, tempfile.TemporaryDirectory() as folder:
        calm = Path(folder) / "calm"
        calm.mkdir()
        _load(calm, name, told, 1)
        wanted, done, lives, same, count = _end(calm, name, told), 0, 0, True, 0
        while done < kills:
            rough = Path(folder) / f"rough{lives}"
            rough.mkdir()
            while done < kills and _life(rough, name, told, chance.uniform(0.02, 0.6)):
                done += 1
            _load(rough, name, told, 1)
            ended = _end(rough, name, told)
            same, count, lives = same and ended == wanted, ended[1], lives + 1
    return Ending(done, lives, count, same)


def main() -> None:
    kills, rows = int(os.environ.get("KILLS", "200")), int(os.environ.get("ROWS", "1000"))
    names = os.environ.get("VENUES", ",".join(sorted(LOCAL))).split(",")
    good = True
    for name in names:
        end = killed(name, kills, rows, random.Random(f"kills {name}"))
        good = good and end.same
        print(
            f"{name}: killed {end.kills} times over {end.lives} first loads of {end.rows} "
            f"records; digest {'the same' if end.same else 'DIFFERENT'}",
            flush=True,
        )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
