"""What every page needs: who asks, the service, figures, templates, a note for the next page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse

from config.errors import SyncerError, UsageError
from syncer.web.access import Door, address_of
from syncer.web.desk import Desk, Shown
from syncer.web.guard import Place
from syncer.web.rendering import render
from syncer.web.running import Running
from syncer.web.uploads import Upload

if TYPE_CHECKING:
    from syncer.reports.papers import Papers

FOLLOW_SECONDS = 8.0  # that a person waits for books that follow from what they said
AT_ONCE = 2  # threads that look rows up
MOST_UPLOADS = 3  # that wait in memory
OWNER = "owner"  # who decided, in the log of decisions
MENU = (
    ("", "Overview"),
    ("harvest", "Harvest"),
    ("reconcile", "Reconcile"),
    ("review", "Review"),
    ("ledger", "Ledger"),
    ("reports", "Reports"),
    ("sources", "Sources"),
    ("settings", "Settings"),
)


T = TypeVar("T")
_log = logging.getLogger("syncer")
BROKEN = "the books could not be brought up to it: it broke unexpectedly; see the log"


@dataclass
class Site:
    """One for the life of the service."""

    running: Callable[[], Running]
    door: Door
    desk: Desk
    place: Place
    notes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # by session
    uploads: dict[str, Upload] = field(default_factory=dict)  # by session, one each
    papers: dict[int, Papers] = field(default_factory=dict)  # made since the start, by year
    making: dict[int, tuple[object, asyncio.Task[str | None]]] = field(default_factory=dict)
    year_charts: dict[bool, tuple[datetime, str]] = field(default_factory=dict)  # dark or not
    _looking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def path(self, *parts: str) -> str:
        """An address of ours, under the proxy's prefix; each part is escaped."""
        return f"{self.place.prefix}/" + "/".join(quote(p, safe="") for p in parts)

    async def looked_up(self, look: Callable[[], T]) -> T:
        """Rows of the ledger, in a thread; more threads would only hold each other up."""
        async with self._looking:
            return await asyncio.to_thread(look)

    def page(self, visit: Visit, template: str, code: int = 200, **context: Any) -> HTMLResponse:
        """A page of the owner."""
        notes = [] if visit.by_script else self.notes.pop(visit.token, [])
        shown = [x for x in context.values() if isinstance(x, Shown)]
        told = {
            "notes": notes,
            "menu": MENU,
            "here": template.partition(".")[0].partition("_")[0],
            "owner": True,
            "old": [x for x in shown if x.is_old],
            "troubles": sorted({x.trouble for x in shown if x.trouble}),
            **self._common(),
            **context,
        }
        return HTMLResponse(render(template, told), code)

    def plain(self, template: str, code: int = 200, **context: Any) -> HTMLResponse:
        """A page before anybody is logged in."""
        told = {"notes": [], "menu": (), "here": "", "owner": False, "old": [], "troubles": []}
        return HTMLResponse(render(template, {**told, **self._common(), **context}), code)

    def _common(self) -> dict[str, Any]:
        running = self.running()
        return {"prefix": self.place.prefix, "zone": running.settings.zone, "now": running.clock()}

    def note(self, visit: Visit, sentence: str, kind: str = "done") -> None:
        """Shown on the person's next page, once."""
        self.notes.setdefault(visit.token, []).append((kind, sentence))
        while len(self.notes) > 100:  # sessions that never came back
            self.notes.pop(next(iter(self.notes)))

    def check_patience(self, request: Request) -> None:
        """Raises UsageError after too many tries of a password."""
        if not self.door.throttle.may_try(address_of(request)):
            raise UsageError("too many tries; wait half a minute")

    def was_right(self, request: Request) -> None:
        """The password: earlier slips do not count."""
        self.door.throttle.succeeded(address_of(request))

    def keep_upload(self, visit: Visit, upload: Upload) -> None:
        """Until its columns are named; those of sessions that never went on go first."""
        self.uploads.pop(visit.token, None)
        self.uploads[visit.token] = upload
        while len(self.uploads) > MOST_UPLOADS:
            self.uploads.pop(next(iter(self.uploads)))

    def to(self, *parts: str, query: str = "") -> RedirectResponse:
        """After a change, so that a reload does not make it again."""
        return RedirectResponse(self.path(*parts) + query, status_code=303)

    async def follow(self, visit: Visit) -> None:
        """The books follow what a person said; if that takes long, the next page says so."""
        follows, trouble = await self.brought_up(FOLLOW_SECONDS)
        if trouble:
            self.note(visit, trouble, "trouble")
        elif not follows:
            self.note(visit, "The books are being brought up to what you said.", "wait")

    async def brought_up(self, patience: float) -> tuple[bool, str | None]:
        """Whether the books follow within some seconds, and what of it could not be."""
        deriving = asyncio.create_task(_derived(self.running()))
        await asyncio.wait([deriving], timeout=patience)
        self.desk.forget()
        return deriving.result() if deriving.done() else (False, None)


async def _derived(running: Running) -> tuple[bool, str | None]:
    try:
        return True, await running.derive()
    except SyncerError as error:
        return False, str(error)
    except Exception:
        # what the person said is kept; the traceback goes to the log
        _log.exception("the books could not be brought up")
        return False, BROKEN


@dataclass(frozen=True, slots=True)
class Visit:
    """The owner, in one browser."""

    token: str
    site: Site
    by_script: bool = False  # only a part of the page is shown


def site_of(request: Request) -> Site:
    found: Site = request.app.state.site
    return found


async def visit_of(request: Request) -> Visit:
    """Raises NotLoggedIn."""
    site = site_of(request)
    by_script = request.headers.get("sec-fetch-dest") == "empty"
    return Visit(await site.door.owner_of(request), site, by_script)


Owner = Annotated[Visit, Depends(visit_of)]
Anybody = Annotated[Site, Depends(site_of)]
