"""Who may use the page: the owner's password, browsers that are logged in, tokens, set-up links.

What lets somebody in is kept as a hash: neither the database nor a backup lets anybody in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.store.columns import table
from syncer.store.upsert import insert
from syncer.store.web_tables import ApiTokenRow, OwnerRow, SetupLinkRow, WebSessionRow

_owner, _session = table(OwnerRow), table(WebSessionRow)
_token, _link = table(ApiTokenRow), table(SetupLinkRow)


def hash_of(secret: str) -> str:
    """Of a random secret of 256 bits, which needs no salt and no patience."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# ---- the owner


def owner(connection: Connection) -> OwnerRow | None:
    row = connection.execute(sa.select(_owner)).mappings().first()
    return OwnerRow(**row) if row else None


def set_owner(connection: Connection, password_hash: str, now: datetime) -> None:
    """A new password without a second factor; everybody is logged out, programs too, and no link
    holds: who came in once does not stay in."""
    values = {"role": "owner", "password_hash": password_hash, "set_at": now}
    fresh = {"second_factor": False, "last_code": None}
    upsert = insert(connection, _owner).values({**values, **fresh})
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["role"], set_={**values, **fresh})
    )
    end_sessions(connection)
    connection.execute(sa.delete(_token))
    connection.execute(sa.delete(_link))


def keep_hash(connection: Connection, password_hash: str) -> None:
    """Of the same password, made in a way that is better today."""
    connection.execute(sa.update(_owner).values(password_hash=password_hash))


def set_second_factor(connection: Connection, on: bool) -> None:
    connection.execute(sa.update(_owner).values(second_factor=on, last_code=None))


def use_code(connection: Connection, step: int) -> bool:
    """Whether a code of the second factor is of a later half minute than the last that was used:
    no code counts twice."""
    fresh = _owner.c.last_code.is_(None) | (sa.cast(_owner.c.last_code, sa.BigInteger) < step)
    done = connection.execute(sa.update(_owner).where(fresh).values(last_code=str(step)))
    return done.rowcount == 1


# ---- browsers


def start_session(connection: Connection, token: str, now: datetime) -> None:
    row = {"token_hash": hash_of(token), "created_at": now, "seen_at": now}
    connection.execute(sa.insert(_session).values(row))


def session(connection: Connection, token: str) -> WebSessionRow | None:
    query = sa.select(_session).where(_session.c.token_hash == hash_of(token))
    row = connection.execute(query).mappings().first()
    return WebSessionRow(**row) if row else None


def see_session(connection: Connection, token: str, now: datetime) -> None:
    here = _session.c.token_hash == hash_of(token)
    connection.execute(sa.update(_session).where(here).values(seen_at=now))


def end_session(connection: Connection, token: str) -> None:
    connection.execute(sa.delete(_session).where(_session.c.token_hash == hash_of(token)))


def end_sessions(connection: Connection, but: str | None = None) -> None:
    """Everywhere, or everywhere else."""
    query = sa.delete(_session)
    if but is not None:
        query = query.where(_session.c.token_hash != hash_of(but))
    connection.execute(query)


def forget_sessions(connection: Connection, seen: datetime, created: datetime) -> None:
    """Those that were last seen, or made, before."""
    old = (_session.c.seen_at < seen) | (_session.c.created_at < created)
    connection.execute(sa.delete(_session).where(old))


def count_sessions(connection: Connection) -> int:
    return int(connection.scalar(sa.select(sa.func.count()).select_from(_session)) or 0)


# ---- programs


def add_token(
    connection: Connection, name: str, token: str, scopes: Iterable[str], now: datetime
) -> bool:
    """Whether the name was free."""
    row = {
        "name": name,
        "token_hash": hash_of(token),
        "scopes": " ".join(scopes),
        "created_at": now,
    }
    put = insert(connection, _token).values(row).on_conflict_do_nothing(index_elements=["name"])
    done = connection.execute(put, execution_options={"preserve_rowcount": True})
    return done.rowcount == 1


def tokens(connection: Connection) -> list[ApiTokenRow]:
    query = sa.select(_token).order_by(_token.c.name)
    return [ApiTokenRow(**row) for row in connection.execute(query).mappings()]


def token(connection: Connection, given: str) -> ApiTokenRow | None:
    query = sa.select(_token).where(_token.c.token_hash == hash_of(given))
    row = connection.execute(query).mappings().first()
    return ApiTokenRow(**row) if row else None


def use_token(connection: Connection, name: str, now: datetime) -> None:
    connection.execute(sa.update(_token).where(_token.c.name == name).values(used_at=now))


def take_token_back(connection: Connection, name: str) -> bool:
    """Whether there was one."""
    return connection.execute(sa.delete(_token).where(_token.c.name == name)).rowcount == 1


# ---- links


def add_link(connection: Connection, secret: str, now: datetime, holds: timedelta) -> None:
    """The only one that holds from now on."""
    connection.execute(sa.delete(_link))
    row = {"token_hash": hash_of(secret), "expires_at": now + holds}
    connection.execute(sa.insert(_link).values(row))


def link_holds(connection: Connection, secret: str, now: datetime) -> bool:
    here = (_link.c.token_hash == hash_of(secret)) & (_link.c.expires_at > now)
    return connection.execute(sa.select(_link).where(here)).first() is not None


def use_link(connection: Connection, secret: str, now: datetime) -> bool:
    """Whether it held; it does so once."""
    here = (_link.c.token_hash == hash_of(secret)) & (_link.c.expires_at > now)
    return connection.execute(sa.delete(_link).where(here)).rowcount == 1
