"""Alerts and messages as `--json` prints them, and the message that tries a channel."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from config.settings import Settings
from connectors import notify
from syncer import views
from syncer.alerts.delivery import reference
from syncer.store import alerts as stored

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
