"""Settings: what is set and where, changes, channels with a test, password, programs, sessions."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from config.errors import SyncerError, UsageError
from connectors import notify
from syncer import alert_views
from syncer.origins import all_set, change
from syncer.store import access
from syncer.web import passwords
from syncer.web.access import SCOPES
from syncer.web.forms import sent
from syncer.web.running import Running
from syncer.web.site import OWNER, Owner, Site

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/settings")
async def settings(owner: Owner) -> Response:
    running = owner.site.running()
    told = await asyncio.to_thread(_told, running)
    return owner.site.page(owner, "settings.html", scopes=SCOPES, token=None, **told)


def _told(running: Running) -> dict[str, Any]:
    rows = all_set(running.settings, running.path, running.database)
    sections: dict[str, list[Any]] = {}
    for one in rows:
        sections.setdefault(one.name.partition(".")[0], []).append(one)
    urls = running.settings.alerts.urls
    with running.database.read() as connection:
        owner = access.owner(connection)
        return {
            "sections": sections,
            "channels": [notify.masked(u) for u in urls],
            "messages": alert_views.messages(connection, running.settings),
            "alerts": [a for a in alert_views.states(connection) if a["state"] != "clear"],
            "tokens": access.tokens(connection),
            "sessions": access.count_sessions(connection),
            "second_factor": bool(owner and owner.second_factor),
            "path": running.path,
        }


@router.post("/settings/change")
async def change_one(owner: Owner, name: Text, value: Text = "", back: Text = "") -> Response:
    """Nothing as a value takes it back to what the file says."""
    new = None if back else value.strip()
    if trouble := await changed(owner.site, name, new, OWNER):
        owner.site.note(owner, f"It is kept, and holds from the next start: {trouble}", "trouble")
    await owner.site.follow(owner)
    owner.site.note(owner, f"{name}: as the file says." if back else f"{name} = {new}")
    return owner.site.to("settings")


async def changed(site: Site, name: str, value: str | None, who: str) -> str | None:
    """Why the service goes on with what was set before, if it does. Raises UsageError for what
    cannot be set, and nothing is changed."""
    running = site.running()
    await asyncio.to_thread(
        change, running.path, running.database, name, value, who, running.clock()
    )
    try:
        await running.reload()
    except SyncerError as error:
        return str(error)
    return None


# ---- channels


@router.post("/settings/test")
async def test_channels(owner: Owner) -> Response:
    site = owner.site
    async for channel, trouble in alert_views.tried(site.running().settings):
        kind = "trouble" if trouble else "done"
        site.note(owner, f"{channel}: {trouble or 'delivered'}", kind)
    return site.to("settings")


@router.post("/settings/snooze")
async def snooze(owner: Owner, key: Text, days: Annotated[int, Form(ge=0, le=366)] = 7) -> Response:
    """Nothing is said of an alert for some days; none lets it speak again."""
    running = owner.site.running()

    until = running.clock() + timedelta(days=days) if days else None
    await asyncio.to_thread(alert_views.silence, running.database, key, until)
    owner.site.note(owner, f"{key}: {'silent for some days' if days else 'it speaks again'}.")
    return owner.site.to("settings")


# ---- who may come in


@router.post("/settings/password")
async def password(
    request: Request, owner: Owner, old: Text = "", new: Text = "", again: Text = ""
) -> Response:
    if trouble := passwords.why_not(new, again):
        raise UsageError(trouble)
    owner.site.check_patience(request)
    if not await owner.site.door.change_password(owner.token, old, new):
        raise UsageError("the old password is wrong")
    owner.site.was_right(request)
    owner.site.note(owner, "The password is changed; every other browser is logged out.")
    return owner.site.to("settings")


@router.get("/settings/second-factor")
async def second_factor(owner: Owner) -> Response:
    """A new secret each time; it holds once a code of it is told."""
    import segno

    secret = passwords.new_secret()
    picture = segno.make(passwords.uri_of(secret), error="m")
    image = picture.svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
    return owner.site.page(owner, "settings_second_factor.html", secret=secret, image=image)


@router.post("/settings/second-factor")
async def begin_second_factor(
    request: Request, owner: Owner, secret: Text, code: Text, password: Text = ""
) -> Response:
    owner.site.check_patience(request)
    if not await owner.site.door.begin_second_factor(password, secret, code):
        raise UsageError(
            "the password is wrong, or the code is not that of this secret; look at the clock of "
            "the device"
        )
    owner.site.was_right(request)
    owner.site.note(owner, "From now on a log-in needs a code of your authenticator.")
    return owner.site.to("settings")


@router.post("/settings/second-factor/end")
async def end_second_factor(request: Request, owner: Owner, password: Text) -> Response:
    owner.site.check_patience(request)
    if not await owner.site.door.end_second_factor(password):
        raise UsageError("the password is wrong")
    owner.site.was_right(request)
    owner.site.note(owner, "A log-in needs no code any more.")
    return owner.site.to("settings")


@router.post("/settings/token")
async def make_token(request: Request, owner: Owner) -> Response:
    form = await sent(request)
    name = form.fields.get("name", "")
    scopes = [s for s in SCOPES if s in form.all_of("scope")]
    if not (0 < len(name) <= 60 and name.isprintable()) or not scopes:
        raise UsageError("a token needs a name, and at least one thing that it may do")
    token = await owner.site.door.make_token(name, scopes)
    if token is None:
        raise UsageError(f"there is a token {name} already")
    told = await asyncio.to_thread(_told, owner.site.running())
    return owner.site.page(owner, "settings.html", scopes=SCOPES, token=(name, token), **told)


@router.post("/settings/token/end")
async def end_token(owner: Owner, name: Text) -> Response:
    if not await owner.site.door.end_token(name):
        raise UsageError(f"there is no token {name}")
    owner.site.note(owner, f"The token {name} lets nobody in any more.")
    return owner.site.to("settings")
