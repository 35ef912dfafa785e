"""Reports: the papers of a year and the audit bundle; what is not complete is said first."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import FileResponse, Response

from config.errors import SyncerError, UsageError
from syncer import views
from syncer.books import Books
from syncer.store import derivation
from syncer.web import figures
from syncer.web.pages.reconcile import year_of
from syncer.web.running import Running
from syncer.web.site import Owner, Site

if TYPE_CHECKING:
    from syncer.reports.papers import Papers

router = APIRouter(include_in_schema=False)
PATIENCE = 20.0  # seconds that a person waits for papers
Text = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class Asked:
    """How papers are wanted."""

    name: str
    without_forms: bool
    download: bool


def folder_of(running: Running, year: int) -> Path:
    return running.settings.state_folder / "papers" / str(year)


@router.get("/reports")
async def reports(owner: Owner, year: str = "") -> Response:
    site = owner.site
    places = await site.desk.figures("places", figures.places)
    of_year = year_of(year, places.value["years"][0] - 1)
    shown = await site.desk.figures(f"tax:{of_year}", lambda books, _: views.tax(books, of_year))
    files = await asyncio.to_thread(files_in, folder_of(site.running(), of_year))
    changed = await asyncio.to_thread(_last_change, site.running())
    return site.page(
        owner,
        "reports.html",
        shown=shown,
        year=of_year,
        years=places.value["years"],
        files=files,
        are_old=bool(files and changed and min(f["at"] for f in files) < changed),
        made=site.papers.get(of_year),
        is_made_now=of_year in site.making,
    )


def files_in(folder: Path) -> list[dict[str, Any]]:
    found = sorted(p for p in folder.glob("*") if p.is_file()) if folder.is_dir() else []
    return [
        {
            "name": p.name,
            "bytes": p.stat().st_size,
            "at": datetime.fromtimestamp(p.stat().st_mtime, UTC),
        }
        for p in found
    ]


def _last_change(running: Running) -> datetime | None:
    with running.database.read() as connection:
        return derivation.last_change(connection)


@router.post("/reports/{year}")
async def make(
    owner: Owner, year: int, name: Text = "", without_forms: Text = "", download: Text = ""
) -> Response:
    site = owner.site
    of_year = year_of(str(year), year)
    asked = Asked(name.strip(), bool(without_forms), bool(download))
    task = making(site, of_year, asked)
    await asyncio.wait([task], timeout=PATIENCE)
    if not task.done():
        site.note(owner, f"The papers of {of_year} are being made; look again in a while.", "wait")
    elif sentence := task.result():
        site.note(owner, sentence, "trouble")
    else:
        site.note(owner, f"The papers of {of_year} are made.")
    return site.to("reports", query=f"?year={of_year}")


def making(site: Site, year: int, asked: Asked) -> asyncio.Task[str | None]:
    """The one at work on that year, else a new one; it goes on if nobody waits. Raises UsageError
    if papers that are wanted in another way are being made."""
    if year not in site.making:
        task = asyncio.create_task(_make(site, year, asked))
        site.making[year] = (asked, task)
        task.add_done_callback(lambda _: site.making.pop(year, None))
    known, task = site.making[year]
    if known != asked:
        raise UsageError(f"other papers of {year} are being made; ask again when they are")
    return task


async def _make(site: Site, year: int, asked: Asked) -> str | None:
    """A sentence if they could not be made."""
    try:
        site.papers[year] = await asyncio.to_thread(_written, site.running(), year, asked)
    except SyncerError as error:
        return str(error)
    return None


def _written(running: Running, year: int, asked: Asked) -> Papers:
    """What makes PDFs is loaded here, in a thread, and only if somebody wants papers."""
    from syncer.reports.blanks import downloaded
    from syncer.reports.papers import write_papers
    from syncer.reports.year import Wanted

    get = downloaded if asked.download else None
    wanted = Wanted(asked.without_forms, None, get, asked.name)
    books: Books = running.pipeline.books()
    with closing(books), running.database.told():
        return write_papers(books, running.database, year, folder_of(running, year), wanted)


@router.get("/reports/{year}/{name}")
async def paper(owner: Owner, year: int, name: str) -> Response:
    return await asyncio.to_thread(sent_off, folder_of(owner.site.running(), year), name)


def sent_off(folder: Path, name: str) -> FileResponse:
    """One of the files that are there; a name is compared, never a path made of it."""
    found = [f for f in files_in(folder) if f["name"] == name]
    if not found:
        raise UsageError(f"there is no paper {name} of {folder.name}; make the papers first")
    path = folder / str(found[0]["name"])
    return FileResponse(path, filename=path.name, headers={"Cache-Control": "no-store"})
