"""Three days of the service at a hundred times the speed, in bad weather, over a change of clocks.

    HOURS=72 SPEED=100 ROWS=300 .venv/bin/python tests/soak/hours.py

One process that nobody kills, three venues and two chains, prices and a webhook, each with outages,
lockouts, slow answers and bad gateways. No job may begin later than its interval and its grace say,
digests come at eight by the person's clock on both sides of the change, memory does not grow, and
handles and sockets stay as they are. In the end the books must be those of a calm pull.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.settings import Settings
from syncer.sources import load_clients
from syncer.status import interval
from tests.soak.service import (
    Time,
    around,
    finish,
    live,
    neighbours,
    opened,
    problems,
    schedule_at,
    settings_of,
)
from tests.soak.weather import behind

ZONE = ZoneInfo("America/New_York")
GRACE = timedelta(minutes=5)  # as the service's own: later, the scheduler would hang
SETTLED = 0.4  # of the time, before memory counts: caches fill, the first load ends
LONG = 24  # hours from which a slope says something
LOOK = 1.0  # seconds between two looks


@dataclass
class Seen:
    """What was seen of a process from outside, and of its jobs in the database."""

    at: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    sockets: list[int] = field(default_factory=list)
    began: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    took: dict[str, timedelta] = field(default_factory=lambda: defaultdict(timedelta))

    def look(self, pid: int, database: Path) -> None:
        resident = Path(f"/proc/{pid}/statm").read_text().split()[1]
        links = [_link(p) for p in Path(f"/proc/{pid}/fd").iterdir()]
        self.at.append(time.monotonic())
        self.megabytes.append(int(resident) * os.sysconf("SC_PAGE_SIZE") / 1e6)
        self.handles.append(sum(not x.startswith("socket:") for x in links))
        self.sockets.append(sum(x.startswith("socket:") for x in links))
        for name, began, ended in _jobs(database):
            if not self.began[name] or self.began[name][-1] < began:
                self.began[name].append(began)
            if ended:
                self.took[name] = max(self.took[name], ended - began)

    def settled(self, values: list[float]) -> list[float]:
        return values[int(len(values) * SETTLED) :]

    def slope(self) -> float:
        """Megabytes an hour, by least squares over the settled part."""
        found = statistics.linear_regression(self.settled(self.at), self.settled(self.megabytes))
        return found.slope * 3600


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""  # closed meanwhile


def _jobs(database: Path) -> Iterator[tuple[str, datetime, datetime | None]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
    try:
        query = "SELECT name, started_at, finished_at FROM job"
        for name, began, ended in connection.execute(query).fetchall():
            yield name, datetime.fromisoformat(began), _instant(ended)
    except sqlite3.OperationalError:
        return  # not there yet
    finally:
        connection.close()


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# ---- the verdict


def late(seen: Seen, settings: Settings, speed: float) -> list[str]:
    """Jobs that began later than interval, jitter, their own longest run and the grace allow."""
    found = []
    blink = timedelta(seconds=LOOK * 3 * speed)  # what passes between two looks
    for name, began in sorted(seen.began.items()):
        every = interval(name, settings)
        if every is None:  # a note of when something was told
            continue
        gaps = [b - a for a, b in pairwise(began)]
        longest = max(gaps, default=timedelta())
        allowed = every * 1.05 + seen.took[name] + GRACE + blink
        if longest > allowed:
            found.append(f"{name} began {longest} after the time before, every {every}")
    return found


def digests_not_at_eight(database: Path) -> list[str]:
    """Messages that waited for the digest, by the person's clock."""
    with sqlite3.connect(database) as connection:
        query = "SELECT delivered_at FROM outbox WHERE in_digest AND delivered_at IS NOT NULL"
        rows = [datetime.fromisoformat(at) for (at,) in connection.execute(query)]
    connection.close()
    local = [at.astimezone(ZONE) for at in rows]
    print(f"{len(rows)} messages in digests: {sorted({f'{x:%a %H:%M %Z}' for x in local})}")
    return [f"a digest came at {x:%H:%M %Z}" for x in local if x.hour < 8]


def constant(name: str, values: list[int]) -> list[str]:
    """The settled half's first and last third, by their median."""
    kept = values[int(len(values) * SETTLED) :]
    third = max(1, len(kept) // 3)
    first, last = statistics.median(kept[:third]), statistics.median(kept[-third:])
    print(f"{name}: {first:g} at first, {last:g} at last, at most {max(values)}")
    return [f"{name} grew from {first:g} to {last:g}"] if last > first + 2 else []


def next_change(after: datetime) -> datetime:
    """When the clocks of the person are changed next."""
    at = after
    while at.astimezone(ZONE).utcoffset() == (at + timedelta(hours=1)).astimezone(ZONE).utcoffset():
        at += timedelta(hours=1)
    return at


# ---- the run


def watch(settings: Settings, clock: Time, hours: float, database: Path) -> Seen:
    """One life of the service, from outside."""
    child = os.fork()
    if not child:
        try:
            live(settings, clock)
        except BaseException as error:
            print(f"the service ended by itself: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    seen, end = Seen(), clock.now() + timedelta(hours=hours)
    try:
        while clock.now() < end:
            time.sleep(LOOK)
            seen.look(child, database)
    finally:
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit("the service did not end well")
    return seen


def main() -> None:
    hours, speed = float(os.environ.get("HOURS", "72")), float(os.environ.get("SPEED", "100"))
    rows = int(os.environ.get("ROWS", "300"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        told, chains, latest = around(stack, folder, rows)
        start = next_change(latest) - timedelta(hours=hours / 2)
        clock = Time(start, speed)
        port = stack.enter_context(neighbours(folder, clock))
        outside = {name: one["url"] for name, one in told.items()}
        outside |= {"one": chains[0], "two": chains[1], "prices": f"http://127.0.0.1:{port}"}
        clock.began = time.time()
        ways = stack.enter_context(behind(outside, clock, start, hours))
        schedule_at(clock)
        rough = {name: {**one, "url": ways[name]} for name, one in told.items()}
        way = int(ways["prices"].rpartition(":")[2])
        settings = settings_of(
            folder / "rough",
            way,
            rough,
            [ways["one"], ways["two"]],
            sync="15m",
            harvest="15m",
            daily_budget=1,
        )
        load_clients(settings)
        database = folder / "rough" / "syncer.db"
        seen = watch(settings, clock, hours, database)
        found = late(seen, settings, speed)
        starts = sum(map(len, seen.began.values()))
        calm = settings_of(folder / "calm", port, told, chains)
        rest = settings_of(folder / "rough", port, told, chains, alerts=way)
        pipeline, other = opened(rest, clock), opened(calm, clock)
        asyncio.run(finish(pipeline, clock))
        asyncio.run(other.pull())
        asyncio.run(other.derive())
        if pipeline.rebuild() != other.rebuild():
            found.append("the books are not those of a calm pull")
        os.replace(folder / "told.txt", folder / "rough" / "told.txt")
        more, heard = problems(folder / "rough", [])
        found += more
        found += digests_not_at_eight(database)
    found += constant("handles", seen.handles) + constant("sockets", seen.sockets)
    settled = seen.settled(seen.megabytes)
    print(
        f"memory: {settled[0]:.0f} MB when settled, {settled[-1]:.0f} at the end, at most "
        f"{max(seen.megabytes):.0f}; slope {seen.slope():+.2f} MB an hour of ours, "
        f"{seen.slope() / speed * 24:+.3f} a day of its own"
    )
    print(f"{hours:g} hours at {speed:g} times: {starts} jobs begun, {len(heard)} alerts delivered")
    if hours >= LONG and seen.slope() / speed * 24 > 5:
        found.append("memory grows")
    if hours >= LONG and not heard:
        found.append("no alert was told")
    for sentence in found:
        print(f"  {sentence}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
