"""What comes in and goes out: sources read, files taken in, papers made."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import Field
from starlette.responses import FileResponse

from config.errors import UsageError
from syncer import views
from syncer.duties import SYNC
from syncer.web import uploads
from syncer.web.api.asking import Body, Json, Line, NoWord, Reading, Syncing, Year, follow, part
from syncer.web.forms import sent
from syncer.web.pages.reports import Asked, files_in, folder_of, making, sent_off

router = part()
_OfYear = Annotated[int, Path(ge=2009, le=2200)]
_Name = Annotated[str, Path(max_length=200)]


class Sources(Body):
    sources: Annotated[tuple[Line, ...], Field(max_length=1_000, strict=False)] = ()


@router.post("/sync", status_code=202)
async def sync(asked: Syncing, given: Sources) -> Json:
    """Read all or some sources now; it goes on after the answer."""
    running = asked[0].running()
    known = [s.name for s in running.pipeline.sources()]
    wanted = given.sources or known
    if strange := next((name for name in wanted if name not in known), None):
        raise UsageError(f"there is no source {strange}; there: {', '.join(known) or 'none'}")
    return {"sync": [name for name in wanted if running.start(f"{SYNC}{name}")]}


_A_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


_NO_FORM: dict[int | str, Json] = {400: {"description": "What was sent is no form"}}


@router.post("/import", openapi_extra=_A_FILE, responses=_NO_FORM)
async def import_file(
    request: Request, asked: Syncing, account: NoWord = None, broker: NoWord = None,
    year: Year | None = None, format: NoWord = None,
) -> Json:  # fmt: skip
    """Take a file in; again changes nothing."""
    site, upload = asked[0], (await sent(request)).file  # read for who has a token only
    if upload is None:
        raise UsageError("send a file, as the field file of a form")

    def taken_in() -> Any:
        from syncer.files import Told

        told = Told(format, account, broker, year)
        return uploads.take_in(site.running(), upload, told)

    done = await asyncio.to_thread(taken_in)
    return {"import": asdict(done), **await follow(site)}


# ---- papers


class Papers(Body):
    year: Annotated[int, Field(ge=2009, le=2200)]
    name: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""
    without_forms: bool = False
    download: bool = False


@router.post("/papers")
async def make_papers(asked: Syncing, given: Papers) -> Json:
    """Form 8949, Schedule D, the bundle and the other papers of a year; what to know first."""
    site = asked[0]
    how = Asked(given.name.strip(), given.without_forms, given.download)
    if sentence := await asyncio.shield(making(site, given.year, how)):
        raise UsageError(sentence)
    made = site.papers[given.year]
    names = [f.name for f in made.files]
    return {"report": {"files": names, "warnings": list(made.gaps), "notes": list(made.notes)}}


@router.get("/papers")
async def papers(asked: Reading, year: Year) -> Json:
    """The files that were made of a year."""
    rows = await asyncio.to_thread(files_in, folder_of(asked[0].running(), year))
    return {"papers": [{**r, "at": views.instant(r["at"])} for r in rows]}


@router.get("/papers/{year}/{name}", response_class=FileResponse)
async def paper(asked: Reading, year: _OfYear, name: _Name) -> FileResponse:
    """One of them."""
    return await asyncio.to_thread(sent_off, folder_of(asked[0].running(), year), name)
