"""Sources: their state, what their keys may do, reading now, files to import, columns to name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from config.errors import UsageError
from syncer.books import Books
from syncer.checking import check_sources
from syncer.duties import SYNC
from syncer.status import status
from syncer.web import figures, uploads
from syncer.web.forms import sent
from syncer.web.running import Running
from syncer.web.site import Owner
from syncer.web.uploads import Upload
from syncer.written import dollars

if TYPE_CHECKING:
    from syncer.files import Imported, Told

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]
AS_FRESH = timedelta(seconds=5)  # a pull may have ended without a change of the books
MOST_SAID = 20  # refused rows that are shown


@router.get("/sources")
async def sources(owner: Owner) -> Response:
    running = owner.site.running()
    places = await owner.site.desk.figures("places", figures.places)
    shown = await owner.site.desk.figures("status", status_of(running), AS_FRESH)
    reading = {name.removeprefix(SYNC) for name in running.at_work if name.startswith(SYNC)}
    return owner.site.page(
        owner,
        "sources.html",
        shown=shown,
        status=shown.value,
        reading=reading,
        reached=dict(running.reached),
        next_runs=running.next_runs,
        accounts=running.settings.account,
        covered={a["name"]: a for a in shown.value["accounts"]},
        places=places,
        formats=await asyncio.to_thread(_formats),
        checked=None,
    )


def _formats() -> tuple[str, ...]:
    from connectors.files.detect import names_of_formats

    return names_of_formats()


def _words() -> list[str]:
    from connectors.brokers.mapping import WORDS

    return sorted(WORDS)


def status_of(running: Running) -> Callable[[Books, datetime], dict[str, Any]]:
    return lambda books, _: status(running.database, running.settings, books)


@router.post("/sources/sync")
async def sync_now(owner: Owner, source: Text = "") -> Response:
    running = owner.site.running()
    known = [s.name for s in running.pipeline.sources()]
    wanted = [source] if source else known
    if not wanted or not all(name in known and running.start(f"{SYNC}{name}") for name in wanted):
        raise UsageError("there is no such source to read")
    owner.site.note(owner, f"{', '.join(wanted)}: being read now.", "wait")
    return owner.site.to("sources")


@router.post("/sources/check")
async def check(owner: Owner) -> Response:
    """What each key may do, asked of the venues now."""
    running = owner.site.running()
    found = await check_sources(running.pipeline.sources(), running.database, running.clock)
    return owner.site.page(owner, "sources_checked.html", checked=[asdict(one) for one in found])


# ---- files


@router.post("/sources/import")
async def import_file(request: Request, owner: Owner) -> Response:
    form = await sent(request)
    upload, told = form.file, form.fields
    if upload is None:
        raise UsageError("choose a file first")
    if told.get("own_columns"):
        return await _wizard(owner, upload, told.get("broker", ""), told.get("year", ""), None)
    try:
        done = await asyncio.to_thread(_taken_in, owner.site.running(), upload, told)
    except UsageError as error:
        if "--map" in str(error):
            return await _wizard(owner, upload, told.get("broker", ""), told.get("year", ""), None)
        raise
    return await _done(owner, upload, done, told.get("back", ""))


def _taken_in(running: Running, upload: Upload, told: dict[str, str]) -> Imported:
    return uploads.take_in(running, upload, _told(told))


def _told(told: dict[str, str]) -> Told:
    """In a thread: what reads files is loaded here, and only if somebody has one."""
    from syncer.files import Told

    year, rows = told.get("year", ""), told.get("rows", "")
    if any(told and not (told.isdecimal() and len(told) <= 9) for told in (year, rows)):
        raise UsageError("a year and a number of lines are whole numbers")
    total = told.get("total", "").replace(",", "").lstrip("$")
    return Told(
        told.get("format") or None,
        told.get("account") or None,
        told.get("broker") or None,
        int(year) if year else None,
        None,
        int(rows) if rows else None,
        dollars(total, "total proceeds") if total else None,
    )


async def _done(owner: Owner, upload: Upload, done: Imported, back: str) -> Response:
    site = owner.site
    await site.follow(owner)
    whose = f" of {done.account}" if done.account else ""
    changed = f", {done.changed} changed" if done.changed else ""
    site.note(
        owner,
        f"{upload.name}: {done.format}{whose}, {done.rows} rows, {done.new_records} new"
        f"{changed}. Importing it again changes nothing.",
    )
    for note in done.notes:
        site.note(owner, note, "wait")
    for sentence in done.sentences[:MOST_SAID]:
        site.note(owner, sentence, "trouble")
    if (more := len(done.sentences) - MOST_SAID) > 0:
        site.note(owner, f"{more} more rows were refused.", "trouble")
    return site.to("reconcile" if back == "reconcile" else "sources")


def _mapped_in(running: Running, upload: Upload, told: dict[str, str]) -> Imported:
    said = _told({k: v for k, v in told.items() if k in ("broker", "year", "account")})
    return uploads.take_in(running, upload, replace(said, mapped=uploads.mapped(upload, told)))


async def _wizard(
    owner: Owner, upload: Upload, broker: str, year: str, trouble: str | None
) -> Response:
    """Which column is which: guesses, with samples."""
    found = await asyncio.to_thread(uploads.guessed, upload)
    if found is None:
        raise UsageError(f"{upload.name} has no row that names columns of a form")
    owner.site.keep_upload(owner, upload)
    return owner.site.page(
        owner,
        "sources_columns.html",
        422 if trouble else 200,
        upload=upload,
        found=found,
        ours=await asyncio.to_thread(_words),
        broker=broker,
        year=year,
        trouble=trouble,
    )


@router.post("/sources/columns")
async def columns(request: Request, owner: Owner) -> Response:
    upload, told = owner.site.uploads.get(owner.token), (await sent(request)).fields
    if upload is None or upload.digest != told.get("digest"):  # another tab's file
        raise UsageError("choose the file once more: only the last one is kept")
    try:
        if not told.get("broker"):
            raise UsageError("name the broker: its next form is known by these columns")
        done = await asyncio.to_thread(_mapped_in, owner.site.running(), upload, told)
    except UsageError as error:
        broker, year = told.get("broker", ""), told.get("year", "")
        return await _wizard(owner, upload, broker, year, str(error))
    owner.site.uploads.pop(owner.token, None)
    return await _done(owner, upload, done, "reconcile")
