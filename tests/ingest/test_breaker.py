"""A source that fails again and again rests, ever longer; one message says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.settings import Settings
from syncer.ingest.breaker import Rest, Run, rest_after
from syncer.pipeline import Pipeline
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.tables import OutboxRow, table

T = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def runs(*outcomes: str) -> list[Run]:
    """An hour apart, newest first."""
    return [Run(T - timedelta(hours=n), o, f"sentence {n}") for n, o in enumerate(outcomes)]


def test_three_failures_are_bad_luck() -> None:
    assert rest_after(runs("failed", "failed", "failed", "done")) is None
    assert rest_after(runs("done", "failed", "failed", "failed", "failed")) is None
    assert rest_after([]) is None


def test_from_the_fourth_on_the_rest_doubles_up_to_six_hours() -> None:
    minutes = []
    for count in (4, 5, 6, 7, 8, 9, 20):
        rest = rest_after(runs(*["failed"] * count))
        assert rest is not None
        minutes.append((rest.until - T).total_seconds() / 60)
    assert minutes == [15, 30, 60, 120, 240, 360, 360]


def test_a_refused_key_rests_at_once() -> None:
    rest = rest_after(runs("refused", "done"))
    assert rest == Rest(T + timedelta(hours=6), T, "sentence 0", refused=True)


@pytest.mark.both_engines
def test_one_message_for_a_row_of_failures(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(database)
    settings = Settings(alerts={"urls": ["json://127.0.0.1:9/a", "json://127.0.0.1:9/b"]})
    pipeline = Pipeline(settings, database, lambda: T)

    def fail(hours: int, outcome: str = "failed") -> None:
        at = T + timedelta(hours=hours)
        with database.write() as connection:
            run = records.start_pull(connection, "kraken", at)
            sentence = None if outcome == "done" else "kraken could not be reached"
            records.end_pull(connection, run, at, 0, outcome, sentence)

    def messages() -> list[tuple[str, str]]:
        for rest in filter(None, [pipeline.rest_of("kraken")]):
            pipeline.tell_of_rest("kraken", rest)
        outbox = table(OutboxRow)
        with database.read() as connection:
            return [tuple(r) for r in connection.execute(sa.select(outbox.c.title, outbox.c.body))]

    for hour in range(3):
        fail(hour)
    assert messages() == []
    for hour in range(3, 9):
        fail(hour)
        assert [title for title, _ in messages()] == ["Syncer: kraken cannot be read"] * 2
    fail(9, "done")
    for hour in range(10, 16):
        fail(hour)
        messages()
    assert len(messages()) == 4
    database.close()
