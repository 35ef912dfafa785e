"""Overview: the year so far, the best openings, what is open, how fresh it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fastapi import APIRouter
from starlette.responses import Response

from config.exact import ZERO
from syncer import harvest_views
from syncer.books import Books
from syncer.harvesting import Found
from syncer.store import openings
from syncer.store.database import Database
from syncer.store.tables import OpeningRow
from syncer.web import charts, figures
from syncer.web.desk import NotYet, Shown
from syncer.web.figures import Overview
from syncer.web.site import Owner, Site

router = APIRouter(include_in_schema=False)
AS_FRESH = timedelta(seconds=15)  # sources are read, and holdings looked at, beside the books


@dataclass(frozen=True, slots=True)
class Seen:
    """The overview, whether the service is well, and what could be harvested by day."""

    figures: Overview
    health: list[str]
    harvestable: list[tuple[date, Decimal]]


BEST = 5  # openings


async def overview_of(site: Site) -> Shown[Seen]:
    running = site.running()

    def made(books: Books, now: datetime) -> Seen:
        told = figures.overview(running.database, books, now)
        return Seen(told, running.health.problems(), _by_day(running.database, told.year))

    return await site.desk.figures("seen", made, AS_FRESH)


@router.get("/")
async def overview(owner: Owner) -> Response:
    site, running = owner.site, owner.site.running()
    shown = await overview_of(site)
    try:
        found: Shown[Found] | None = await site.desk.openings()
    except NotYet:
        found = None
    zone = running.settings.zone
    best = (
        [harvest_views.opportunity(o, zone, running.clock()) for o in found.value.sales[:BEST]]
        if found
        else []
    )
    return site.page(
        owner,
        "overview.html",
        shown=shown,
        best=best,
        found=found,
        next_runs=sorted(running.next_runs.items()),
        at_work=running.at_work,
        health=shown.value.health,
        marks=shown.value.harvestable,
    )


@router.get("/charts/year.svg")
async def year_chart(owner: Owner, dark: bool = False) -> Response:
    site, shown = owner.site, await overview_of(owner.site)
    kept = site.year_charts.get(dark)
    if kept is None or kept[0] != shown.at:
        today = shown.at.astimezone(owner.site.running().settings.zone).date()
        picture = await asyncio.to_thread(_year_chart, shown.value, today, dark)
        site.year_charts[dark] = kept = (shown.at, picture)
    return Response(kept[1], media_type="image/svg+xml")


def _year_chart(seen: Seen, today: date, dark: bool) -> str:
    realised, start = seen.figures.realised, (date(seen.figures.year, 1, 1), ZERO)
    lines = [
        ("realised gain or loss", charts.steps([start, *realised], today) if realised else []),
        ("loss that could be harvested", seen.harvestable),
    ]
    return charts.chart(lines, None, dark)


def _by_day(database: Database, year: int) -> list[tuple[date, Decimal]]:
    """What the last look of each day would have harvested, as a number below zero."""
    since = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    with database.read() as connection:
        looks = openings.looks(connection, since)
    return sorted(_last_of_days(looks, year).items())


def _last_of_days(looks: Sequence[OpeningRow], year: int) -> dict[date, Decimal]:
    newest: dict[date, datetime] = {}
    sums: dict[date, Decimal] = {}
    for one in looks:
        day = one.at.date()
        if day.year != year:
            continue
        if newest.get(day) != one.at:
            newest[day], sums[day] = one.at, ZERO
        sums[day] -= max(one.loss_short_usd + one.loss_long_usd, ZERO)
    return sums
