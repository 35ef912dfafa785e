"""Set-up by a link, log-in, log-out: the pages before the others."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from syncer.web import passwords
from syncer.web.access import address_of
from syncer.web.passwords import why_not
from syncer.web.site import Anybody, Owner

router = APIRouter(include_in_schema=False)
LATER = "Too many tries. Wait half a minute, then try again."
GONE = (
    "This link does not hold: it was used, it is older than a day, or a newer one was made. Make "
    "another where Syncer is installed: syncer web link"
)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/setup/{secret}")
async def setup(site: Anybody, secret: str) -> Response:
    if not await site.door.link_holds(secret):
        return site.plain("setup.html", 404, secret=None, trouble=GONE)
    return site.plain("setup.html", secret=secret, trouble=None, shortest=passwords.SHORTEST)


@router.post("/setup/{secret}")
async def set_up(
    request: Request, site: Anybody, secret: str, password: Text = "", again: Text = ""
) -> Response:
    if not site.door.throttle.may_try(address_of(request)):
        return site.plain("setup.html", 429, secret=None, trouble=LATER)
    if not await site.door.link_holds(secret):
        return site.plain("setup.html", 404, secret=None, trouble=GONE)
    if trouble := why_not(password, again):
        told = {"secret": secret, "trouble": trouble, "shortest": passwords.SHORTEST}
        return site.plain("setup.html", 422, **told)
    token = await site.door.set_password(secret, password)
    if token is None:
        return site.plain("setup.html", 404, secret=None, trouble=GONE)
    response = site.to("")
    site.door.remember(response, token)
    return response


@router.get("/login")
async def login(site: Anybody, to: str = "") -> Response:
    return await _form(site, to)


@router.post("/login")
async def log_in(
    request: Request, site: Anybody, password: Text = "", code: Text = "", to: Text = ""
) -> Response:
    if not site.door.throttle.may_try(address_of(request)):
        return await _form(site, to, LATER, 429)
    token = await site.door.log_in(request, password, code)
    if token is None:
        return await _form(site, to, "The password or the code is wrong.", 403)
    response = site.to()
    response.headers["location"] = _within(site, to)
    site.door.remember(response, token)
    return response


async def _form(site: Anybody, to: str, trouble: str | None = None, status: int = 200) -> Response:
    return site.plain(
        "login.html",
        status,
        to=to,
        trouble=trouble,
        has_owner=await site.door.has_owner(),
        second_factor=await site.door.has_second_factor(),
    )


def _within(site: Anybody, to: str) -> str:
    """A path of ours, and nothing that leads elsewhere."""
    ours = to.startswith("/") and not to.startswith("//") and to.isascii() and to.isprintable()
    return site.place.prefix + (to if ours and "\\" not in to else "/")


@router.post("/logout")
async def log_out(owner: Owner, everywhere: Text = "") -> Response:
    await owner.site.door.log_out(owner.token, bool(everywhere))
    response = owner.site.to("login")
    owner.site.door.forget(response)
    return response
