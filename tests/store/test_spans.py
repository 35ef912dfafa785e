"""From when to when an account tells: by what happened in it, not by what strangers sent to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from config import settings as configuration
from syncer.store.database import Database
from syncer.store.spans import spans
from tests.conftest import Run

JOURNAL = (
    "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
    "2025-02-02T12:00:00Z,buy,b,USD,1,BTC,1\n"
    "2025-01-02T12:00:00Z,buy,a,USD,1,BTC,1\n"
    "2025-04-02T12:00:00Z,buy,a,USD,1,BTC,1\n"
    "2025-03-02T12:00:00Z,buy,a,USD,1,BTC,1\n"
    "2025-05-02T12:00:00Z,buy,c,USD,1,BTC,1\n"
)


def _at(month: int) -> datetime:
    return datetime(2025, month, 2, 12, tzinfo=UTC)


@pytest.mark.both_engines
def test_spam_says_nothing_of_how_far_an_account_reaches(
    run: Run, config: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.csv"
    journal.write_text(JOURNAL, encoding="utf-8")
    assert run("import", str(journal), config=config).code == 0
    database = Database(configuration.load(config).database_url)
    with database.read() as connection:
        before = spans(connection)
    with database.write() as connection:
        for month in (4, 5):
            told = {"at": _at(month).isoformat(timespec="microseconds")}
            connection.execute(sa.text("UPDATE event SET kind = 'spam' WHERE at = :at"), told)
    with database.read() as connection:
        after = spans(connection)
    database.close()
    assert before == {"a": (_at(1), _at(4)), "b": (_at(2), _at(2)), "c": (_at(5), _at(5))}
    assert after == {"a": (_at(1), _at(3)), "b": (_at(2), _at(2))}
