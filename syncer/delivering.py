"""Delivers what is in the outbox to the channels that a person set: at least once, and one broken
channel never holds another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, time

from config.errors import SyncerError
from config.settings import Settings
from connectors import notify
from syncer.alerts.delivery import Manners, Waiting, digest_of, to_send, with_reference
from syncer.store import alerts
from syncer.store.database import Database

Clock = Callable[[], datetime]


def manners_of(settings: Settings) -> Manners:
    told = settings.alerts
    quiet = None
    if told.quiet_hours:
        start, end = (time.fromisoformat(x) for x in told.quiet_hours.split("-"))
        quiet = (start, end) if start != end else None
    digest = time.fromisoformat(settings.schedule.digest)
    return Manners(settings.zone, quiet, told.daily_budget, digest)


async def deliver(database: Database, settings: Settings, clock: Clock) -> list[str]:
    """A sentence for each message that a channel did not take; it waits, ever longer."""
    urls = {notify.channel_of(url): url for url in settings.alerts.urls}
    due = await asyncio.to_thread(_due, database, list(urls), clock())
    each = [
        _to_channel(database, settings, url, [w for w in due if w.channel == channel], clock)
        for channel, url in urls.items()
    ]
    return [sentence for found in await asyncio.gather(*each) for sentence in found]


def _due(database: Database, channels: Sequence[str], now: datetime) -> list[Waiting]:
    with database.write() as connection:
        alerts.give_up(connection, channels, now)
        return alerts.waiting(connection, now)


async def _to_channel(
    database: Database, settings: Settings, url: str, due: Sequence[Waiting], clock: Clock
) -> list[str]:
    if not due:
        return []
    now, manners, channel = clock(), manners_of(settings), due[0].channel
    since = manners.day_of(now)
    today = await asyncio.to_thread(_delivered_since, database, channel, since)
    alone, digest, later = to_send(due, today, manners, now)
    if later:
        await asyncio.to_thread(_put_off, database, later, manners.next_digest(now))
    detail, sentences = settings.alerts.detail, list[str]()
    for one in alone:
        words = one.title, with_reference(one, detail)
        sentences += await _send(database, url, [one], words, clock)
        if notify.TOO_SLOW in sentences:  # what else waits is tried at the next look
            return sentences
    if digest:
        sentences += await _send(database, url, digest, digest_of(digest, detail), clock)
    return sentences


def _delivered_since(database: Database, channel: str, since: datetime) -> int:
    with database.read() as connection:
        return alerts.delivered_since(connection, channel, since)


def _put_off(database: Database, later: Sequence[Waiting], until: datetime) -> None:
    with database.write() as connection:
        alerts.put_off(connection, later, until)


async def _send(
    database: Database, url: str, some: Sequence[Waiting], words: tuple[str, str], clock: Clock
) -> list[str]:
    sentence = None
    try:
        await notify.send(url, *words)
    except SyncerError as error:
        sentence = str(error)
    except Exception as error:  # whatever a channel's own code raises holds no other one
        sentence = f"a notification channel broke ({type(error).__name__}); it is tried again"
    await asyncio.to_thread(_record, database, some, clock(), sentence)
    return [sentence] if sentence else []


def _record(
    database: Database, some: Sequence[Waiting], now: datetime, sentence: str | None
) -> None:
    with database.write() as connection:
        for one in some:
            alerts.record_delivery(connection, one, now, sentence)
