"""Who may use the page: its owner, where they are logged in, tokens of programs, as hashes; and
settings that were changed there."""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from sqlmodel import SQLModel

from syncer.store.columns import instant, one_of, row_id, text


class OwnerRow(SQLModel, table=True):
    """The one person who may log in. The second factor's secret is in a file, not here."""

    __tablename__ = "owner"
    __table_args__ = (one_of("role", "owner"),)

    role: str = text(primary_key=True, default="owner")
    password_hash: str = text()
    second_factor: bool = False
    last_code: Optional[str] = text(nullable=True)  # the half minute of the last code
    set_at: datetime = instant()


class WebSessionRow(SQLModel, table=True):
    """One browser that is logged in."""

    __tablename__ = "web_session"

    token_hash: str = text(primary_key=True)
    created_at: datetime = instant()
    seen_at: datetime = instant()


class ApiTokenRow(SQLModel, table=True):
    """A program that may ask, and for what."""

    __tablename__ = "api_token"

    id: Optional[int] = row_id()
    name: str = text(unique=True)
    token_hash: str = text(unique=True)
    scopes: str = text()  # words with spaces between
    created_at: datetime = instant()
    used_at: Optional[datetime] = instant(nullable=True)


class SetupLinkRow(SQLModel, table=True):
    """A link by which a password is set, once, before it expires."""

    __tablename__ = "setup_link"

    token_hash: str = text(primary_key=True)
    expires_at: datetime = instant()


class EditRow(SQLModel, table=True):
    """Append-only: a setting that was changed on the page, or with no value given back."""

    __tablename__ = "setting"

    id: Optional[int] = row_id()
    at: datetime = instant()
    who: str = text()
    name: str = text()
    value: Optional[str] = text(nullable=True)
