"""Every page over 1,000,000 events, asked by 8 browsers at once, and the beat of the loop.

    EVENTS=1000000 SECONDS=60 .venv/bin/python tests/bench/pages.py

Wanted: the 95th percentile of every page under 200 ms, of the overview under 100 ms, and the loop
never more than 250 ms late; with browsers that look at each page for half a second, and with such
that never rest, which fill both cores of a small machine together with the service. The books are
the real ones of a replay; what takes long to work out is worked out once before the browsers come,
as it is after a sync. They are of a journal, and nothing has a price: of a venue's or a wallet's
event all records of that source are read again, and plans take as long as their search.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import multiprocessing
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.settings import Settings, load
from connectors.files import journal
from connectors.records import Entry, RawRecord
from syncer import daemon
from syncer.collector import collector_paused
from syncer.deriving import Deriving
from syncer.events import Event, event_id
from syncer.ledger.derive import Derived
from syncer.lots.engine import replay
from syncer.pipeline import Pipeline
from syncer.shelf import gains_by_year
from syncer.store import access, derivation, derived, records
from syncer.store.database import Database
from syncer.store.derivation import Derivation
from syncer.store.migrate import migrate
from tests.bench.histories import events
from tests.managed import free_port

NOW = datetime(2025, 12, 20, 17, tzinfo=UTC)
BROWSERS, BEAT, RESTS = 8, 0.02, (0.5, 0.0)
PAGES = (
    *("/", "/harvest", "/review", "/ledger", "/ledger?asset=bench:B7", "/ledger?account=bench"),
    *("/ledger?kind=sell&year=2021", "/ledger?text=nothing+like+it", "/ledger/lots"),
    *("/ledger/lots?asset=bench:B3", "/ledger/disposals?year=2024", "/ledger/balances"),
    *("/harvest/plans", "/harvest/identify?account=bench&asset=bench:B3"),
    *("/harvest/opening?account=bench&asset=bench:B3", "/ledger/event/EVENT", "/ledger/lot/LOT"),
    *("/reconcile", "/reconcile?year=2026&show=expected", "/reports", "/reports?year=2024"),
    *("/sources", "/settings", "/settings/second-factor", "/charts/year.svg"),
)
Times = dict[str, list[float]]


@dataclass(frozen=True)
class Site:
    """Where the service is to be, the token of a browser that is logged in, and its pages."""

    settings: Settings
    port: int
    token: str
    pages: tuple[str, ...]


def books(folder: Path, count: int) -> Site:
    """Stored books, and a page of each kind."""
    port, path = free_port(), folder / "syncer.toml"
    path.write_text(
        f"[taxpayer]\nordinary_income = 90000\n[prices]\nsources = []\n[web]\nport = {port}\n"
        '[schedule]\nsync = "24h"\nharvest = "24h"\nprices = "24h"\nbackup = "24h"\n'
    )
    settings = load(path)
    database = Database(settings.database_url)
    migrate(database)
    deriving = Deriving(settings, database)
    with collector_paused():
        told_by = enumerate(events(count, 40))
        known = [replace(e, event_id=event_id(journal.SOURCE, str(n))) for n, e in told_by]
        done = replay(known, deriving.terms())
        entries = tuple(_entries(known))
        told = Derived(entries, tuple(known), done.lots, done.disposals, done.holdings)
        token = secrets.token_urlsafe(32)
        with database.write() as connection:
            sums = gains_by_year(done.disposals, settings.zone)
            derived.save(connection, told, [], sums, {})
            records.write_records(connection, _said(known[count // 2], count // 2), NOW)
            basis = derivation.basis(connection)
            # as all prices were asked for: nothing is derived from records that there are none of
            derivation.save(connection, Derivation(basis, deriving._fingerprint, goes_on=True))
            access.set_owner(connection, "no password", NOW)
            access.start_session(connection, token, NOW)
    print(f"{count:,} events, {len(done.lots):,} open lots, {len(done.disposals):,} slices", end="")
    print(f", {(folder / 'syncer.db').stat().st_size / 1e9:.1f} GB")
    database.close()
    ids = {"EVENT": known[count // 2].event_id, "LOT": done.lots[len(done.lots) // 2].lot_id}
    shown = tuple(page.replace("EVENT", ids["EVENT"]).replace("LOT", ids["LOT"]) for page in PAGES)
    return Site(settings, port, token, shown)


def _said(one: Event, number: int) -> list[RawRecord]:
    """The row of the event whose page is looked at."""
    (out,), (into,) = one.leaving(), one.coming()
    sides = (out.asset, f"{-out.quantity:f}", into.asset, f"{into.quantity:f}")
    head = "id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
    row = ",".join((str(number), one.at.isoformat(), one.kind, out.account, *sides))
    found, refused = journal.read(f"{head}{row}\n")
    assert not refused, refused
    return found


def _entries(known: list[Event]) -> Iterator[Entry]:
    for group, one in enumerate(known):  # as their ids say
        for number, g in enumerate(one.legs):
            yield Entry(
                source=journal.SOURCE, group=str(group), native_id=f"{group}-{number}",
                account=g.account, asset=g.asset, quantity=g.quantity, at=one.at,
                role=g.role, kind=one.kind,
            )  # fmt: skip


# ---- the service, and how late its loop is


@contextmanager
def served(settings: Settings, late: Path) -> Iterator[None]:
    child = os.fork()
    if not child:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(settings, late))
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, 15)
        os.waitpid(child, 0)


async def _serve(settings: Settings, late: Path) -> None:
    database = Database(settings.database_url)
    pipeline = Pipeline(settings, database, lambda: NOW)
    beating = asyncio.create_task(_beat(late))
    await daemon.serve(settings, None, database, pipeline, lambda: NOW)
    beating.cancel()


async def _beat(late: Path) -> None:
    """Each beat that came late, in seconds, once the file asks for it."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT
        await asyncio.sleep(BEAT)
        if late.exists():
            with late.open("a") as file:
                file.write(f"{loop.time() - due:.4f}\n")


# ---- browsers


def browse(site: Site, until: float, seed: int, rest: float, told: Path) -> None:
    times: Times = defaultdict(list)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    first = seed % len(site.pages)
    pages = [*site.pages[first:], *site.pages[:first]]
    while time.time() < until:
        for page in pages:
            times[page].append(_asked(connection, page, site.token))
            time.sleep(rest)
    told.write_text(json.dumps(times))


def _asked(connection: http.client.HTTPConnection, page: str, token: str) -> float:
    start = time.perf_counter()
    connection.request("GET", page, headers={"Cookie": f"syncer={token}"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{page}: {answer.status} {body[:200]!r}")
    return time.perf_counter() - start


def warmed(site: Site) -> None:
    """All figures worked out once; how long the first of each takes is printed."""
    for page in site.pages:
        start = time.perf_counter()
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=300)
            try:
                _asked(connection, page, site.token)
                break
            except OSError:
                time.sleep(0.2)  # not listening yet
            except SystemExit as refused:
                if ": 503" not in str(refused):
                    raise
                time.sleep(0.5)
            finally:
                connection.close()
        if (took := time.perf_counter() - start) > 0.5:
            print(f"  {page}: worked out in {took:.1f} s")


def round_of(site: Site, seconds: float, rest: float, folder: Path) -> Times:
    """What all browsers together saw."""
    until = time.time() + seconds
    told = [folder / f"browser{n}.json" for n in range(BROWSERS)]
    running = [
        multiprocessing.Process(target=browse, args=(site, until, n, rest, file))
        for n, file in enumerate(told)
    ]
    for one in running:
        one.start()
    for one in running:
        one.join()
    times: Times = defaultdict(list)
    for file in told:
        for page, found in json.loads(file.read_text()).items():
            times[page] += found
    return times


def show(pages: tuple[str, ...], times: Times, rest: float, beats: list[float]) -> None:
    good = max(beats) < 0.25
    print(f"{BROWSERS} browsers that " + (f"rest {rest} s" if rest else "never rest"))
    for page in pages:
        p95 = statistics.quantiles(times[page], n=20)[-1]
        wanted = 0.1 if page == "/" else 0.2
        good = good and p95 < wanted
        print(
            f"  {page[:56]:56} {len(times[page]):5} times, 95% under {p95 * 1000:5.0f} ms", end=""
        )
        print(f" (wanted {wanted * 1000:.0f})")
    print(f"  the loop's beat: at most {max(beats) * 1000:.0f} ms late (wanted 250)")
    print("  good" if good else "  NOT as wanted")


def main() -> None:
    count = int(os.environ.get("EVENTS", "1000000"))
    seconds = float(os.environ.get("SECONDS", "60"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        site = books(folder, count)
        late = folder / "late.txt"
        with served(site.settings, late):
            warmed(site)
            for rest in RESTS:
                late.touch()
                times = round_of(site, seconds, rest, folder)
                beats = [float(x) for x in late.read_text().split()]
                late.unlink()
                show(site.pages, times, rest, beats)
        with Database(site.settings.database_url).read() as connection:
            left = connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
        print(f"{left:,} events are still there")


if __name__ == "__main__":
    main()
