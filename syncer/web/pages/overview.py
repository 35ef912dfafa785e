"""Overview: the year so far, the best openings, what is open, how fresh it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fastapi import APIRouter
from starlette.responses import Response

from config.exact import ZERO
from syncer import harvest_views
from syncer.harvesting import Found
from syncer.store import openings
from syncer.store.database import Database
from syncer.store.tables import OpeningRow
from syncer.web import charts, figures
from syncer.web.desk import NotYet, Shown
from syncer.web.figures import Overview
from syncer.web.site import Owner, Site

router = APIRouter(include_in_schema=False)
BEST = 5  # openings


async def overview_of(site: Site) -> Shown[Overview]:
    database = site.running().database
    return await site.desk.figures(
        "overview", lambda books, now: figures.overview(database, books, now)
    )


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
        [harvest_views.opportunity(o, zone, found.value.now) for o in found.value.sales[:BEST]]
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
        health=await asyncio.to_thread(running.health.problems),
        marks=await asyncio.to_thread(_by_day, running.database, shown.value.year),
    )


@router.get("/charts/year.svg")
async def year_chart(owner: Owner, dark: bool = False) -> Response:
    site = owner.site
    shown = await overview_of(site)
    year, database = shown.value.year, site.running().database
    harvestable = await asyncio.to_thread(_by_day, database, year)
    start = (date(year, 1, 1), ZERO)
    lines = [
        ("realised gain or loss", [start, *shown.value.realised] if shown.value.realised else []),
        ("loss that could be harvested", harvestable),
    ]
    picture = await asyncio.to_thread(charts.chart, lines, None, dark)
    return Response(picture, media_type="image/svg+xml")


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
