"""`/healthz`, `/readyz` and `/metrics`. Without the token nobody learns more than up or down."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware

from config.errors import SyncerError
from syncer.web.health import Health
from syncer.web.metrics import exposition

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def app_of(health: Callable[[], Health], token: str | None, hosts: tuple[str, ...]) -> FastAPI:
    """`health` is asked at each request, since settings may be read again; `hosts` are names under
    which the page may be asked for, beside those of this machine (against DNS rebinding)."""
    app = FastAPI(title="Syncer", docs_url=None, redoc_url=None, openapi_url=None)

    def knows_the_token(request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            return False
        return secrets.compare_digest(given.strip().encode(), token.encode())

    @app.middleware("http")
    async def with_headers(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await answer(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(SyncerError)
    async def said(request: Request, error: Exception) -> Response:
        told = str(error) if knows_the_token(request) else "something is wrong; see the log"
        return PlainTextResponse(told + "\n", status_code=503)

    @app.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("alive\n")

    @app.get("/readyz")
    async def readyz(request: Request) -> Response:
        problems = await run_in_threadpool(health().problems)
        shown = problems if knows_the_token(request) else []
        body = {"ready": not problems, "problems": shown}
        return JSONResponse(body, status_code=503 if problems else 200)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not knows_the_token(request):
            why = "give the token of [web] token_file as: Authorization: Bearer TOKEN\n"
            return PlainTextResponse(why, status_code=401, headers={"WWW-Authenticate": "Bearer"})
        text = await run_in_threadpool(exposition, health().database)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_NAMES, *hosts])
    return app
