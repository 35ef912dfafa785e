"""Alerts and messages as `--json` prints them; silence for one, and a try of every channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from config.errors import SyncerError, UsageError
from config.settings import Settings
from connectors import notify
from syncer import views
from syncer.alerts.delivery import reference
from syncer.store import alerts as stored
from syncer.store.database import Database

MOST_MESSAGES = 30
TEST = ("Syncer: a test message", "This channel works. Nothing needs to be done.")


def states(connection: Connection) -> list[dict[str, Any]]:
    return [
        {
            "key": one.key,
            "state": one.state,
            "since": views.instant(one.since),
            "size_usd": views.usd(one.loss),
            "messages": one.fired,
            "last_told_at": views.instant(one.last_fired_at),
            "snoozed_until": views.instant(one.snoozed_until),
        }
        for _, one in sorted(stored.alert_states(connection).items())
    ]


def messages(connection: Connection, settings: Settings) -> list[dict[str, Any]]:
    """The newest, with how each was delivered; channels without what is secret in them."""
    kinds = {notify.channel_of(u): notify.masked(u) for u in settings.alerts.urls}
    kinds[stored.NOWHERE] = "none"
    return [
        {
            "id": r.alert_id,
            "reference": reference(r.alert_id, settings.alerts.detail),
            "channel": kinds.get(r.channel, "taken out"),
            "created_at": views.instant(r.created_at),
            "delivered_at": views.instant(r.delivered_at),
            "attempts": r.attempts,
            "sentence": r.sentence,
            "title": r.title,
        }
        for r in stored.outbox(connection, MOST_MESSAGES)
    ]


def silence(database: Database, key: str, until: datetime | None) -> None:
    """Nothing is said of an alert until then; nothing lets it speak. Raises UsageError if there is
    none."""
    with database.write() as connection:
        state = stored.alert_states(connection).get(key)
        if state is None:
            raise UsageError(f"there is no alert {key}; see: syncer alerts")
        stored.snooze(connection, state, until)


async def tried(settings: Settings) -> AsyncIterator[tuple[str, str | None]]:
    """A test message to every channel; each without its secret, and what is wrong with it. Raises
    UsageError if there is none."""
    urls = settings.alerts.urls
    notify.check_urls(urls)
    if not urls:
        raise UsageError('[alerts] urls names no channel, for example ["ntfy://my-topic"]')
    for url in urls:
        try:
            await notify.send(url, *TEST)
            yield notify.masked(url), None
        except SyncerError as error:
            yield notify.masked(url), str(error)
