"""Characters that no database keeps: a venue may send them, and loses no row by it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from config.settings import Settings
from connectors.records import Balance, RawRecord
from syncer.pipeline import Pipeline
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate

pytestmark = pytest.mark.both_engines
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NUL, HALF, PAIR = chr(0), "\ud83d", "\U0001f600"


def _deposit(refid: str, asset: str) -> str:
    row = {"refid": refid, "type": "deposit", "time": "1735700000", "amount": "2", "fee": "0"}
    return json.dumps({**row, "asset": asset})


def test_a_sentence_or_a_name_with_such_a_character_is_kept(pipeline: Pipeline) -> None:
    with pipeline.database.write() as connection:
        run = records.start_pull(connection, "k", NOW)
        records.end_pull(connection, run, NOW, 0, "failed", f"it said {NUL}{HALF}")
        balance = Balance("k", f"kraken:{NUL}", Decimal(1), NOW)
        records.write_balances(connection, "k", [(balance, Decimal(1))], {}, {})
    with pipeline.database.read() as connection:
        assert records.last_pulls(connection)["k"][1] == "it said \ufffd\ufffd"
        assert records.reported_balances(connection)[0].asset == "kraken:\ufffd"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(database)
    account = {"name": "k", "kind": "exchange", "venue": "kraken"}
    settings = Settings(account=[account], prices={"sources": ()})  # type: ignore[arg-type]
    return Pipeline(settings, database, lambda: NOW)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (f"A{NUL}B", "A\ufffdB"),
        (f"A{HALF}B", "A\ufffdB"),
        (f"A{HALF}", "A\ufffd"),
        (f"A{PAIR}", f"A{PAIR}"),
        (r"A\u0000", r"A\u0000"),  # as a person wrote it, no character of its own
        (r"A\ud800", r"A\ud800"),
    ],
)
def test_what_cannot_be_kept_is_replaced_and_the_row_is_read(
    pipeline: Pipeline, sent: str, kept: str
) -> None:
    told = RawRecord("k", "ledgers", f"L{sent}", NOW, _deposit(sent, sent))
    with pipeline.database.write() as connection:
        assert records.write_records(connection, [told], NOW) == 1
    asyncio.run(pipeline.derive())
    digest = pipeline.stored_digest()
    with pipeline.database.write() as connection:
        assert records.write_records(connection, [told], NOW) == 0
    with pipeline.database.read() as connection:
        (stored,) = records.latest(connection)
    assert stored.native_id == f"L{kept}"
    (event,) = pipeline.books().events
    assert [leg.asset for leg in event.legs] == [f"kraken:{kept}"]
    assert pipeline.rebuild() == digest
