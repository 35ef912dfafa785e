"""Ledger: events, lots with their road, disposals, balances; paged by key, narrowed, exported."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date, datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.engine import Connection
from starlette.responses import Response, StreamingResponse

from config.errors import UsageError
from connectors.files.formulas import guarded
from syncer import views
from syncer.explain import explain
from syncer.lots.holding_period import midnight
from syncer.lots.model import Disposal
from syncer.store import shelf
from syncer.store.paging import (
    Found,
    Place,
    Wanted,
    disposals_page,
    events_page,
    lots_page,
)
from syncer.web import figures
from syncer.web.running import Running
from syncer.web.site import Owner

router = APIRouter(include_in_schema=False)
Told = Mapping[str, str]
Page = Callable[[Connection, Wanted, Place | None], Found[Any]]
PAGES: Mapping[str, Page] = {
    "events": events_page,
    "lots": lots_page,
    "disposals": disposals_page,
}


def wanted_of(told: Told, running: Running) -> Wanted:
    """Of the fields of the form. Raises UsageError for a year that is none."""
    year, start, end = told.get("year", ""), None, None
    if year:
        if not (year.isdecimal() and len(year) == 4 and 2009 <= int(year) <= 2200):
            raise UsageError("a year, for example 2025")
        zone = running.settings.zone
        start, end = (midnight(date(int(year) + n, 1, 1), zone) for n in (0, 1))
    asked = (told.get(k, "").strip() or None for k in ("account", "asset", "kind"))
    account, asset, kind = asked
    return Wanted(account, asset, kind, start, end, told.get("text", "").strip() or None)


def place_of(told: Told) -> Place | None:
    """Where a page begins, as the page before told it."""
    at, key = told.get("at", ""), told.get("after", "")
    if not at or not key:
        return None
    try:
        datetime.fromisoformat(at)
        if len(key) > 300:
            raise ValueError
    except ValueError:
        raise UsageError("this page is none; begin anew") from None
    return Place(at, key)


def page_of(running: Running, what: str, told: Told) -> tuple[Found[Any], list[dict[str, Any]]]:
    """A page of rows, and as documents."""
    wanted, after = wanted_of(told, running), place_of(told)
    if what == "lots" and after and not (after.key.isdecimal() and len(after.key) < 16):
        raise UsageError("this page is none; begin anew")
    with running.database.read() as connection:
        found = PAGES[what](connection, wanted, after)
    return found, [_document(running, what, row) for row in found.rows]


def _document(running: Running, what: str, row: Any) -> dict[str, Any]:
    if what == "lots":
        return views.lot(row, running.clock(), running.settings.zone)
    return _slice(row, running) if what == "disposals" else views.event(row)


def _slice(one: Disposal, running: Running) -> dict[str, Any]:
    """Without box and codes, which need the whole year: those are in the reports."""
    zone = running.settings.zone
    return {
        "disposal_id": one.disposal_id,
        "event_id": one.event_id,
        "account": one.account,
        "asset": one.asset,
        "quantity": views.quantity(one.quantity),
        "acquired_on": views.day(one.acquired_at, zone),
        "disposed_on": views.day(one.disposed_at, zone),
        "proceeds_usd": views.usd(one.proceeds_usd),
        "basis_usd": views.usd(one.basis_usd),
        "gain_usd": views.usd(one.gain_usd),
        "term": one.term,
        "lot_id": one.lot_id,
        "txid": one.txid,
        "kind": one.kind,
        "identification": one.identification,
        "gaps": list(one.gaps),
    }


# ---- pages


@router.get("/ledger")
async def events(request: Request, owner: Owner) -> Response:
    return await _listed(request, owner, "events")


@router.get("/ledger/lots")
async def lots(request: Request, owner: Owner) -> Response:
    return await _listed(request, owner, "lots")


@router.get("/ledger/disposals")
async def disposals(request: Request, owner: Owner) -> Response:
    return await _listed(request, owner, "disposals")


async def _listed(request: Request, owner: Owner, what: str) -> Response:
    told = dict(request.query_params)
    running = owner.site.running()
    found, rows = await owner.site.looked_up(partial(page_of, running, what, told))
    places = await owner.site.desk.figures("places", figures.places)
    kept = {k: v for k, v in told.items() if v and k not in ("at", "after")}
    return owner.site.page(
        owner,
        f"ledger_{what}.html",
        what=what,
        told=told,
        kept=kept,
        found=found,
        rows=rows,
        places=places,
    )


@router.get("/ledger/balances")
async def balances(owner: Owner) -> Response:
    database = owner.site.running().database
    shown = await owner.site.desk.figures(
        "balances", lambda books, now: figures.balances(database, books, now), with_pulls=True
    )
    return owner.site.page(owner, "ledger_balances.html", what="balances", shown=shown)


@router.get("/ledger/event/{event_id}")
async def event(owner: Owner, event_id: str) -> Response:
    told = await asyncio.to_thread(_explained, owner.site.running(), event_id)
    return owner.site.page(owner, "ledger_event.html", what="events", **told)


def _explained(running: Running, event_id: str) -> dict[str, Any]:
    with running.database.read() as connection:
        found = events_page(connection, Wanted(text=event_id)).rows
        one = next((e for e in found if e.event_id == event_id), None)
        if one is None:
            raise UsageError(f"there is no event {event_id}")
        opened = shelf.lots_from(connection, event_id)
        sold = shelf.disposals_of(connection, event_id)
    zone, now = running.settings.zone, running.clock()
    return {
        "event": views.explained(explain(running.database, running.settings, one)),
        "lots": [views.lot(x, now, zone) for x in opened],
        "sold": [_slice(d, running) for d in sold],
    }


@router.get("/ledger/lot/{lot_id}")
async def lot(owner: Owner, lot_id: str) -> Response:
    """All parts of a lot, and the road that each has come."""
    told = await asyncio.to_thread(_road, owner.site.running(), lot_id)
    return owner.site.page(owner, "ledger_lot.html", what="lots", **told)


def _road(running: Running, lot_id: str) -> dict[str, Any]:
    with running.database.read() as connection:
        parts = shelf.lots_named(connection, lot_id)
        sold = shelf.disposals_from(connection, lot_id)
        if not parts and not sold:
            raise UsageError(f"there is no lot {lot_id}")
        keys = {k for road in (*(x.road for x in parts), *(d.road for d in sold)) for k in road}
        keys |= {x.source_event for x in parts}
        road = shelf.events_named(connection, keys)
    zone, now = running.settings.zone, running.clock()
    return {
        "lot_id": lot_id,
        "parts": [views.lot(x, now, zone) for x in parts],
        "sold": [_slice(d, running) for d in sold],
        "road": [views.event(e) for e in sorted(road, key=lambda e: (e.at, e.event_id))],
    }


# ---- all of it as a file


@router.get("/ledger/export/{what}.csv")
async def export(request: Request, owner: Owner, what: str) -> Response:
    """Every row that is wanted, page after page, of one state of the books after another's end."""
    if what not in PAGES:
        raise UsageError("events, lots or disposals")
    told = {k: v for k, v in request.query_params.items() if k not in ("at", "after")}
    rows = _rows(owner.site.running(), what, wanted_of(told, owner.site.running()))
    headers = {"Content-Disposition": f'attachment; filename="{what}.csv"'}
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)


def _rows(running: Running, what: str, wanted: Wanted) -> Iterator[str]:
    """Of one moment: what comes in while it is written is not in it."""
    yield _csv_line(COLUMNS[what])
    with closing(running.database.snapshot()) as connection:
        after: Place | None = None
        while True:
            found = PAGES[what](connection, wanted, after)
            for row in found.rows:
                yield from _lines(what, _document(running, what, row))
            if (after := found.after) is None:
                return


COLUMNS = {
    "events": (
        *("event_id", "at", "kind", "account", "asset", "quantity", "role", "usd"),
        *("usd_source", "rule", "confidence", "txid", "gaps"),
    ),
    "lots": (
        *("lot_id", "account", "pool", "asset", "quantity", "basis_usd", "acquired_at"),
        *("long_term_on", "term_today", "state", "source_event"),
    ),
    "disposals": (
        *("disposal_id", "event_id", "account", "asset", "quantity", "acquired_on"),
        *("disposed_on", "proceeds_usd", "basis_usd", "gain_usd", "term", "kind"),
        *("identification", "gaps"),
    ),
}


def _lines(what: str, row: dict[str, Any]) -> Iterator[str]:
    """An event has a line for each leg."""
    parts = [{**row, **leg} for leg in row["legs"]] if what == "events" else [row]
    for one in parts:
        cells = (one.get(c) for c in COLUMNS[what])
        yield _csv_line([" ".join(c) if isinstance(c, list) else c or "" for c in cells])


def _csv_line(cells: Iterable[str]) -> str:
    """As a spreadsheet reads it, and no cell a formula."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([guarded(c) for c in cells])
    return buffer.getvalue()
