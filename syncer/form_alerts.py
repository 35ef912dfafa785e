"""Tells a person of new differences with brokers' forms, and each month of those to come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from config.settings import Settings
from connectors.notify import channel_of
from syncer.alerts import forms
from syncer.alerts.states import Message
from syncer.books import Books
from syncer.store import alerts, jobs
from syncer.store.database import Database

MONTHLY = "expected-forms"  # the job whose last run says whether this month's was


def tell_new_gaps(database: Database, settings: Settings, books: Books, now: datetime) -> int:
    """State and message in one transaction, a message a year; how many gaps are new."""
    years = sorted({f.year for f in books.forms})
    gaps = {year: [g for g in books.reconciliation(year).gaps if g.line] for year in years}
    with database.write() as connection:
        states = alerts.alert_states(connection)
        everything = [g for found in gaps.values() for g in found]
        changed, new = forms.moved(states, everything, now)
        for state in changed:
            alerts.save_alert(connection, state)
        for year, found in gaps.items():
            if mine := [g for g in found if g in new]:
                alert_id = f"{forms.RULE}:{year}:{now:%Y-%m-%dT%H:%M:%SZ}"
                told = forms.message(year, mine, alert_id, settings.alerts.detail)
                _put(connection, settings, told, now)
    return len(new)


def tell_of_the_month(database: Database, settings: Settings, books: Books, now: datetime) -> bool:
    """Once a month: what the forms of the running year will say; whether that was due."""
    local = now.astimezone(settings.zone)
    month = f"{local:%Y-%m}"
    with database.read() as connection:
        last = next((j.succeeded_at for j in jobs.jobs(connection) if j.name == MONTHLY), None)
    if last is not None and f"{last.astimezone(settings.zone):%Y-%m}" == month:
        return False
    gaps = books.expected_reconciliation(local.year).gaps
    told = forms.of_the_month(local.year, month, gaps, settings.alerts.detail)
    with database.write() as connection:
        jobs.start_job(connection, MONTHLY, now)
        if told is not None:
            _put(connection, settings, told, now)
        jobs.end_job(connection, MONTHLY, now, None)
    return True


def _put(connection: Connection, settings: Settings, told: Message, now: datetime) -> None:
    channels = [channel_of(u) for u in settings.alerts.urls]
    alerts.put_in_outbox(connection, told, channels, now)
