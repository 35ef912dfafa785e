"""Who asks: the owner by a cookie, a program by a token. Log-in, log-out, the set-up link."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from fastapi import Request
from starlette.responses import Response

from config.sections import Web
from syncer.store import access
from syncer.store.database import Database
from syncer.web import passwords
from syncer.web.passwords import SecondFactor, Throttle

_log = logging.getLogger("syncer")
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)  # no row is written for every request
LINK_HOLDS = timedelta(hours=24)
SCOPES = ("read", "decide", "sync")
Scope = Literal["read", "decide", "sync"]
T = TypeVar("T")


class NotLoggedIn(Exception):
    """A page was asked for that is the owner's."""


class NotAllowed(Exception):
    """A program lacks a token, or its token lacks a scope."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


class Door:
    """Lets the owner and programs in. `clock` is that of the service."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        second_factor: SecondFactor,
        secure: bool,
    ) -> None:
        self._database, self._clock, self._factor = database, clock, second_factor
        self._secure = secure
        self.throttle = Throttle()
        self.cookie = "__Host-syncer" if secure else "syncer"

    async def _write(self, work: Callable[..., T], *given: object) -> T:
        def done() -> T:
            with self._database.write() as connection:
                return work(connection, *given)

        return await asyncio.to_thread(done)

    async def _read(self, work: Callable[..., T], *given: object) -> T:
        def done() -> T:
            with self._database.read() as connection:
                return work(connection, *given)

        return await asyncio.to_thread(done)

    # ---- the owner

    async def has_owner(self) -> bool:
        return await self._read(access.owner) is not None

    async def owner_of(self, request: Request) -> str:
        """The session's token. Raises NotLoggedIn."""
        token, now = request.cookies.get(self.cookie, ""), self._clock()
        found = await self._read(access.session, token) if token else None
        if found is None or now - found.seen_at > IDLE or now - found.created_at > LONGEST:
            raise NotLoggedIn
        if not timedelta() <= now - found.seen_at < SEEN_EVERY:
            await self._write(access.see_session, token, now)
        return token

    async def log_in(self, request: Request, password: str, code: str) -> str | None:
        """A new session's token, or None: the password or the code is wrong."""
        owner = await self._read(access.owner)
        if owner is None or not await passwords.is_right(password, owner.password_hash):
            return None
        if owner.second_factor and not await self._is_fresh_code(code):
            return None
        if passwords.needs_a_new_hash(owner.password_hash):
            await self._write(access.keep_hash, await passwords.hash_of(password))
        self.throttle.succeeded(address_of(request))
        return await self._begin()

    async def _is_fresh_code(self, code: str) -> bool:
        secret = await asyncio.to_thread(self._factor.secret)
        step = passwords.step_of(secret, code, self._clock().timestamp()) if secret else None
        return step is not None and await self._write(access.use_code, step)

    async def _begin(self) -> str:
        token, now = secrets.token_urlsafe(32), self._clock()
        await self._write(access.forget_sessions, now - IDLE, now - LONGEST)
        await self._write(access.start_session, token, now)
        return token

    async def log_out(self, token: str, everywhere: bool) -> None:
        if everywhere:
            await self._write(access.end_sessions)
        else:
            await self._write(access.end_session, token)

    def remember(self, response: Response, token: str) -> None:
        response.set_cookie(
            self.cookie,
            token,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def forget(self, response: Response) -> None:
        response.delete_cookie(
            self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    # ---- the set-up link and the password

    async def link_holds(self, secret: str) -> bool:
        return await self._read(access.link_holds, secret, self._clock())

    async def set_password(self, secret: str, password: str) -> str | None:
        """By a link, which holds once: the first session's token, or None if it does not hold."""
        if not await self._write(access.use_link, secret, self._clock()):
            return None
        hashed = await passwords.hash_of(password)
        await asyncio.to_thread(self._factor.forget)
        await self._write(access.set_owner, hashed, self._clock())
        return await self._begin()

    async def change_password(self, token: str, old: str, new: str) -> bool:
        """Whether the old one was right; everybody else is logged out."""
        owner = await self._read(access.owner)
        if owner is None or not await passwords.is_right(old, owner.password_hash):
            return False
        hashed = await passwords.hash_of(new)
        await self._write(access.keep_hash, hashed)
        await self._write(access.end_sessions, token)
        return True

    # ---- the second factor

    async def has_second_factor(self) -> bool:
        owner = await self._read(access.owner)
        return bool(owner and owner.second_factor)

    async def begin_second_factor(self, password: str, secret: str, code: str) -> bool:
        """Whether the password is right and the code that of the secret: then one is asked for at
        each log-in."""
        owner = await self._read(access.owner)
        if owner is None or not await passwords.is_right(password, owner.password_hash):
            return False
        if passwords.step_of(secret, code, self._clock().timestamp()) is None:
            return False
        await asyncio.to_thread(self._factor.keep, secret)
        await self._write(access.set_second_factor, True)
        return True

    async def end_second_factor(self, password: str) -> bool:
        """Whether the password was right."""
        owner = await self._read(access.owner)
        if owner is None or not await passwords.is_right(password, owner.password_hash):
            return False
        await self._write(access.set_second_factor, False)
        await asyncio.to_thread(self._factor.forget)
        return True

    # ---- programs

    async def program_of(self, request: Request, scope: Scope) -> str:
        """The name of a token, or of the owner where a page asks. Raises NotAllowed."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            try:
                await self.owner_of(request)
            except NotLoggedIn:
                why = "give a token that you made on the page: Authorization: Bearer TOKEN"
                raise NotAllowed(why, 401) from None
            return "owner"
        found = await self._read(access.token, given.strip())
        if found is None:
            raise NotAllowed("this token is not known; make one on the page, under Settings", 401)
        if scope not in found.scopes.split():
            raise NotAllowed(f"this token may not {scope}", 403)
        now = self._clock()
        if found.used_at is None or now - found.used_at > SEEN_EVERY:
            await self._write(access.use_token, found.name, now)
        return f"token {found.name}"

    async def make_token(self, name: str, scopes: Iterable[str]) -> str | None:
        """A new token, which is shown once; None if there is one of this name."""
        token = "syncer_" + secrets.token_urlsafe(32)
        made = await self._write(access.add_token, name, token, tuple(scopes), self._clock())
        return token if made else None

    async def end_token(self, name: str) -> bool:
        return await self._write(access.take_token_back, name)


def address_of(request: Request) -> str:
    return request.client.host if request.client else "nowhere"


def new_link(database: Database, web: Web, now: datetime) -> str:
    """The only set-up link that holds from now on: whoever opens it sets the password."""
    secret = secrets.token_urlsafe(32)
    with database.write() as connection:
        access.add_link(connection, secret, now, LINK_HOLDS)
    return f"{address_of_page(web)}setup/{secret}"


def first_link(database: Database, web: Web, now: datetime) -> str | None:
    """A set-up link as long as there is no owner."""
    with database.read() as connection:
        if access.owner(connection) is not None:
            return None
    return new_link(database, web, now)


def address_of_page(web: Web) -> str:
    """Where the person opens it; on this machine if the settings name no other place."""
    if web.public_url:
        return web.public_url.rstrip("/") + "/"
    host = f"[{web.host}]" if ":" in web.host else web.host
    anywhere = web.host in ("0.0.0.0", "::")  # noqa: S104
    return f"http://{'127.0.0.1' if anywhere else host}:{web.port}/"
