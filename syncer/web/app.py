"""The application: the page, the JSON API, `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from importlib import import_module
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from config.errors import SyncerError, UsageError
from config.sections import Web
from syncer.web import api
from syncer.web.access import Door, NotAllowed, NotLoggedIn
from syncer.web.desk import Desk, NotYet
from syncer.web.guard import Guard, Place
from syncer.web.metrics import exposition
from syncer.web.passwords import SecondFactor
from syncer.web.rendering import STATIC, version_of
from syncer.web.running import Running
from syncer.web.site import Site

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
PAGES = (
    *("entry", "overview", "harvest", "review", "ledger", "reconcile", "sources", "reports"),
    "settings",
)
KINDS = {"style.css": "text/css", "syncer.js": "text/javascript", "icon.svg": "image/svg+xml"}
SENTENCES = {404: "there is no such page", 405: "this cannot be done in this way"}
A_YEAR = "public, max-age=31536000, immutable"


def app_of(running: Callable[[], Running], token: str | None, web: Web) -> ASGIApp:
    """`running` is asked at each request, since settings may be read again; the token is that of
    `/metrics`."""
    app = FastAPI(
        title="Syncer",
        version=api.VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # they would lose the prefix
    )
    place = Place.of(web.public_url, web.hosts, web.proxies)
    first = running()
    door = Door(
        first.database, first.clock, SecondFactor(first.settings.state_folder), place.secure
    )
    app.state.site = Site(running, door, Desk(running), place)
    _watched(app, running, token)
    _told(app)
    _static(app)
    for name in PAGES:
        app.include_router(import_module(f"syncer.web.pages.{name}").router)
    api.added_to(app)
    named = TrustedHostMiddleware(app, allowed_hosts=[*LOCAL_NAMES, *_own(web), *place.hosts])
    return Guard(named, place)


def _own(web: Web) -> list[str]:
    """The address that it listens on, where that is one."""
    if web.host in ("0.0.0.0", "::"):  # noqa: S104
        return []
    return [f"[{web.host}]" if ":" in web.host else web.host]


# ---- for watchmen


def _watched(app: FastAPI, running: Callable[[], Running], token: str | None) -> None:
    """Without the token nobody learns more than up or down."""

    def knows_the_token(request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            return False
        return secrets.compare_digest(given.strip().encode(), token.encode())

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return PlainTextResponse("alive\n")

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> Response:
        problems = await run_in_threadpool(running().health.problems)
        shown = problems if knows_the_token(request) else []
        body = {"ready": not problems, "problems": shown}
        return JSONResponse(body, status_code=503 if problems else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if not knows_the_token(request):
            why = "give the token of [web] token_file as: Authorization: Bearer TOKEN\n"
            return PlainTextResponse(why, status_code=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            text = await run_in_threadpool(exposition, running().database)
        except SyncerError as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


# ---- what goes wrong


def _told(app: FastAPI) -> None:
    """In the words of who asks: a page for a person, a document for a program."""

    @app.exception_handler(NotLoggedIn)
    async def log_in(request: Request, _: Exception) -> Response:
        site: Site = request.app.state.site
        path = request.url.path.removeprefix(site.place.prefix)
        back = f"?to={quote(path)}" if request.method == "GET" and path != "/" else ""
        return RedirectResponse(site.path("login") + back, status_code=303)

    @app.exception_handler(NotAllowed)
    async def not_allowed(_: Request, error: Exception) -> Response:
        assert isinstance(error, NotAllowed)
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        return JSONResponse({"error": str(error)}, error.status, headers)

    @app.exception_handler(NotYet)
    async def not_yet(request: Request, _: Exception) -> Response:
        told = "the figures are being worked out; ask again in some seconds"
        if _is_program(request):
            return JSONResponse({"error": told}, 503, {"Retry-After": "2"})
        site: Site = request.app.state.site
        page = site.plain("working.html", 503)
        page.headers["Retry-After"] = page.headers["Refresh"] = "2"
        return page

    @app.exception_handler(SyncerError)
    async def said(request: Request, error: Exception) -> Response:
        status = 422 if isinstance(error, UsageError) else 503
        return _said(request, str(error), status)

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"][1:])
        return _said(request, f"{where}: {first['msg']}", 422)

    @app.exception_handler(HTTPException)
    async def not_so(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        sentence = SENTENCES.get(error.status_code, str(error.detail))
        answer = _said(request, sentence, error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(500)
    async def broken(request: Request, _: Exception) -> Response:
        """The traceback goes to the log."""
        return _said(request, "it broke unexpectedly; see the log", 500)


def _is_program(request: Request) -> bool:
    return "/api/" in request.url.path


def _said(request: Request, sentence: str, status: int) -> Response:
    if _is_program(request):
        return JSONResponse({"error": sentence}, status)
    site: Site = request.app.state.site
    return site.plain("error.html", status, sentence=sentence, nothing_done=status < 500)


# ---- files


def _static(app: FastAPI) -> None:
    """Three files of ours, by name and version; nothing else can be asked for."""

    @app.get("/static/{version}/{name}", include_in_schema=False)
    async def static(version: str, name: str) -> Response:
        if name not in KINDS:
            return PlainTextResponse("there is no such file\n", 404)
        body = STATIC.joinpath(name).read_bytes()
        keep = A_YEAR if version == version_of(name) else "no-store"
        return Response(body, media_type=KINDS[name], headers={"Cache-Control": keep})
