"""Who asks, how far their token goes, and how an answer is made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from syncer.books import Books
from syncer.web.access import Scope
from syncer.web.running import Running
from syncer.web.site import Site, site_of

Json = dict[str, Any]
FOLLOW_SECONDS = 30.0  # that an answer waits for books that follow from it


class Error(BaseModel):
    """Why something was not done, in a sentence."""

    error: str


_REFUSED: dict[int | str, Json] = {
    401: {"model": Error, "description": "No token, or one that is not known"},
    403: {"model": Error, "description": "The token may not do this, or asked from another site"},
    413: {"description": "Too much was sent"},
    422: {"model": Error, "description": "What was asked for does not exist or does not fit"},
    503: {"model": Error, "description": "The figures are being worked out, or the books are away"},
}
_bearer = HTTPBearer(auto_error=False, description="A token made on the page, under Settings")
Token = Annotated[Any, Security(_bearer)]


def part() -> APIRouter:
    """A part of the API."""
    return APIRouter(prefix="/api/v1", responses=_REFUSED)


def _with(scope: Scope) -> Callable[..., Awaitable[tuple[Site, str]]]:
    async def asked(request: Request, _: Token) -> tuple[Site, str]:
        site = site_of(request)
        return site, await site.door.program_of(request, scope)

    return asked


Reading = Annotated[tuple[Site, str], Depends(_with("read"))]
Deciding = Annotated[tuple[Site, str], Depends(_with("decide"))]
Syncing = Annotated[tuple[Site, str], Depends(_with("sync"))]
Year = Annotated[int, Query(ge=2009, le=2200)]
Word = Annotated[str, Query(max_length=300, pattern=r"^[^\x00-\x1f]*$")]
NoWord = Word | None


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]+$")]
Note = Annotated[str, Field(max_length=2_000)]


# ---- how


async def of_books(site: Site, make: Callable[[Books], Any]) -> Any:
    running = site.running()

    def made() -> Any:
        with running.database.told(), closing(running.pipeline.books()) as books:
            return make(books)

    return await asyncio.to_thread(made)


async def done_with(site: Site, do: Callable[[Running, Books], Any]) -> Any:
    running = site.running()
    return await of_books(site, lambda books: do(running, books))


async def follow(site: Site) -> Json:
    """Whether the books follow already, and what was wrong if not all of it could be."""
    follows, trouble = await site.brought_up(FOLLOW_SECONDS)
    return {"derived": follows, "problem": trouble}
