"""What looks at holdings saw stays: all of it for days, then by the hour, then by the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from syncer.store import openings
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.tables import OpeningRow

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.both_engines


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(made)
    yield made
    made.close()


def _seen(at: datetime, account: str = "a", counts: bool = True) -> OpeningRow:
    return OpeningRow(
        at=at,
        account=account,
        asset="BTC",
        price=Decimal("0.000000000000000001"),
        loss_short_usd=Decimal("1.23"),
        loss_long_usd=Decimal(0),
        counts=counts,
    )


def _note(database: Database, *rows: OpeningRow) -> None:
    with database.write() as connection:
        openings.note(connection, rows)


def test_a_look_comes_back_as_it_was_noted_and_once(database: Database) -> None:
    _note(database, _seen(NOW), _seen(NOW, "b", counts=False))
    _note(database, _seen(NOW))
    with database.read() as connection:
        (of_a,) = openings.history(connection, "a", "BTC", NOW)
        assert (of_a.price, of_a.at) == (Decimal("0.000000000000000001"), NOW)
        assert [x.account for x in openings.looks(connection, NOW)] == ["a"]
        assert openings.looks(connection, NOW + timedelta(seconds=1)) == []


def test_old_looks_are_thinned_to_one_an_hour_and_then_to_one_a_day(database: Database) -> None:
    every = timedelta(minutes=15)
    days = 70
    times = [NOW - every * n for n in range(4 * 24 * days)]
    _note(database, *(_seen(at) for at in times))
    with database.write() as connection:
        assert openings.thin_out(connection, NOW) > 0
        assert openings.thin_out(connection, NOW) == 0  # once more changes nothing
        left = [x.at for x in openings.history(connection, "a", "BTC", times[-1])]
    recent = [at for at in left if at >= NOW - openings.ALL_FOR]
    hourly = [at for at in left if NOW - openings.HOURLY_FOR <= at < NOW - openings.ALL_FOR]
    assert len(recent) == 4 * 24 * 3 + 1
    assert len(hourly) == 57 * 24
    assert {at.minute for at in hourly} == {45}
    assert len(left) - len(recent) - len(hourly) == 11  # of ten days and a half
