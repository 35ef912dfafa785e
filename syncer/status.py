"""Freshness, gaps and open problems: what a person wants to know first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from config.settings import Settings
from syncer import views
from syncer.books import Books
from syncer.sources import sources
from syncer.store import jobs, records
from syncer.store.database import Database
from syncer.store.spans import spans
from syncer.store.tables import JobRow


def status(database: Database, settings: Settings, books: Books) -> dict[str, Any]:
    """The `status` document of interfaces.md."""
    with database.read() as connection:
        pulls = records.last_pulls(connection)
        counts = records.counts(connection)
        ran = jobs.jobs(connection)
        happened = spans(connection)
    notes = {s.name: s.note for s in sources(settings)}
    names = list(dict.fromkeys([*notes, *sorted(counts)]))
    return {
        "sources": [_source(n, pulls, counts, books, notes.get(n)) for n in names],
        "accounts": [
            {"name": name, "first_at": views.instant(first), "last_at": views.instant(last)}
            for name, (first, last) in sorted(happened.items())
        ],
        "undecided_usd": views.usd(books.undecided_usd),
        "review_items": len(books.review),
        "likely": len(books.likely),
        "jobs": [
            {
                "name": j.name,
                "last_started_at": views.instant(j.started_at),
                "last_succeeded_at": views.instant(j.succeeded_at),
                "next_due_at": views.instant(_next(j.name, j.started_at, settings)),
                "sentence": j.sentence,
            }
            for j in ran
        ],
    }


def _source(
    name: str,
    pulls: dict[str, tuple[datetime | None, str | None]],
    counts: dict[str, int],
    books: Books,
    note: str | None,
) -> dict[str, Any]:
    at, sentence = pulls.get(name, (None, None))
    problems = [sentence] if sentence else []
    problems += [
        f"{p.stream} {p.native_id}: {p.sentence}".strip()
        for p in books.problems
        if p.source == name
    ]
    balances = [b for b in books.balances if b.source == name]
    gaps = [b for b in balances if b.reported != b.computed]
    problems += [b.detail for b in balances if b.detail and b not in gaps]
    return {
        "name": name,
        "last_success_at": views.instant(at),
        "records": counts.get(name, 0),
        "problems": problems,
        "balance_gaps": [
            {
                "account": b.account,
                "asset": b.asset,
                "difference": views.quantity(b.computed - b.reported),
                "since": views.instant(b.differs_since),
                "causes": b.detail,
            }
            for b in gaps
        ],
        "note": note,
    }


def line(
    syncs: Sequence[str],
    ran: Iterable[JobRow],
    firing: int,
    next_sync: datetime | None,
    settings: Settings,
    now: datetime,
) -> str:
    """One line for `systemctl status`: how many sources are fresh, when the next is read, how many
    alerts are open."""
    last = {j.name: j.succeeded_at for j in ran}
    fresh = sum(_is_fresh(last.get(name), interval(name, settings), now) for name in syncs)
    parts = [f"{fresh}/{len(syncs)} sources fresh"]
    if next_sync:
        parts.append(f"next sync {next_sync.astimezone(settings.zone):%H:%M}")
    if firing:
        parts.append(f"{firing} alert{'s' if firing > 1 else ''} open")
    return ", ".join(parts)


def _is_fresh(last: datetime | None, every: timedelta | None, now: datetime) -> bool:
    return last is not None and every is not None and now - last <= 2 * every


def _next(name: str, started: datetime, settings: Settings) -> datetime | None:
    every = interval(name, settings)
    return started + every if every else None


def interval(job: str, settings: Settings) -> timedelta | None:
    """How often a job runs; None if the service does not schedule it."""
    section = settings.schedule
    kind = job.split(":", 1)[0]
    known = {
        "sync": section.sync,
        "prices": section.prices,
        "harvest": section.harvest,
        "reconcile": section.harvest,
        "backup": section.backup,
    }
    return known.get(kind)
