"""The JSON API: what pages show, as the command line prints it with `--json`; and what they do.

A program gives a token that the owner made, by what it may: `read`, `decide`, `sync`.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import JSONResponse, Response

from syncer.web.api import said, shown, taken_in
from syncer.web.api.asking import Reading

VERSION = "1"


def added_to(app: FastAPI) -> None:
    """With its OpenAPI, for who may read."""
    for one in (shown, said, taken_in):
        app.include_router(one.router)

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def described(_: Reading) -> Response:
        return JSONResponse(app.openapi())
