"""Why an event is what it is: found near the event, or wherever else it is; and without a look
through all that is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import Settings, load
from connectors.records import Page, RawRecord
from syncer.clock import system_clock
from syncer.events import Event
from syncer.explain import Explained, explain
from syncer.pipeline import Pipeline
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.conftest import Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity,txid\n"
MOVED = (
    "2025-01-02T12:00:00Z,buy,k,USD,60000,BTC,1,\n"
    "2025-01-05T12:00:00Z,withdrawal,k,BTC,0.5,,,0xabc123\n"
    "2025-01-25T12:00:00Z,deposit,w,,,BTC,0.5,0xabc123\n"
)


class Story:
    """Stored books and their events."""

    def __init__(self, config: Path) -> None:
        self.settings: Settings = load(config)
        self.database = Database(self.settings.database_url)
        pipeline = Pipeline(self.settings, self.database, system_clock())
        with closing(pipeline.books()) as books:
            self.events: list[Event] = list(books.events)

    def told(self, event: Event) -> Explained:
        return explain(self.database, self.settings, event)


@pytest.fixture
def story(synced: Path, at_story_end: None) -> Iterator[Story]:
    made = Story(synced)
    yield made
    made.database.close()


def _one_of_each(events: list[Event]) -> list[Event]:
    return list({(e.kind, e.rule, len(e.parts)): e for e in events}.values())


def test_what_is_near_is_all_that_a_look_through_everything_finds(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = _one_of_each(story.events)
    assert len(some) > 8
    with monkeypatch.context() as patch:
        patch.setattr(records, "groups", lambda _: pytest.fail("looked through everything"))
        near = [story.told(e) for e in some]
    monkeypatch.setattr(records, "groups_between", lambda *_: set())
    assert near == [story.told(e) for e in some]
    assert all(one.raw for one in near)


def test_a_half_that_came_much_later_is_found_too(
    run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "j.csv").write_text(HEAD + MOVED)
    assert run("import", str(tmp_path / "j.csv"), config=config).code == 0
    story = Story(config)
    (joined,) = [e for e in story.events if e.kind == "transfer"]
    monkeypatch.setattr(records, "groups", lambda _: pytest.fail("looked through everything"))
    assert len(story.told(joined).raw) == 2
    story.database.close()


def test_the_account_of_an_end_that_nobody_reads_is_not_looked_for(
    run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "j.csv").write_text(HEAD + MOVED.rpartition("2025-01-25")[0])
    config.write_text(config.read_text() + '[[account]]\nname = "cold"\nkind = "manual"\n')
    assert run("import", str(tmp_path / "j.csv"), config=config).code == 0
    before = Story(config)
    (open_,) = [e for e in before.events if e.kind == "withdrawal"]
    before.database.close()
    words = (f"unmatched_withdrawal:{open_.event_id}", "transfer", "--with", "cold")
    assert run("review", "answer", *words, config=config).code == 0
    story = Story(config)
    (moved,) = [e for e in story.events if e.kind == "transfer"]
    monkeypatch.setattr(records, "groups", lambda _: pytest.fail("looked through everything"))
    assert (moved.parts, len(story.told(moved).raw)) == ((open_.event_id, "cold"), 1)
    story.database.close()


def test_each_coin_of_one_transaction_is_explained_by_all_of_its_rows(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(
        config.read_text() + '[[account]]\nname = "k"\nkind = "exchange"\nvenue = "kraken"\n'
    )
    settings = load(config)
    database = Database(settings.database_url)
    migrate(database)
    said = [_deposit("L1", "XXBT"), _deposit("L2", "XETH")]
    with database.write() as connection:
        records.write_page(connection, "k", Page("ledgers", tuple(said), "1"), NOW)
    pipeline = Pipeline(settings, database, lambda: NOW)
    asyncio.run(pipeline.derive())
    with closing(pipeline.books()) as books:
        events = list(books.events)
    database.close()
    story = Story(config)
    monkeypatch.setattr(records, "groups", lambda _: pytest.fail("looked through everything"))
    assert [len(story.told(e).raw) for e in events] == [2, 2]
    story.database.close()


def _deposit(native_id: str, asset: str) -> RawRecord:
    row = {"asset": asset, "amount": "1", "fee": "0", "type": "deposit", "refid": "T"}
    return RawRecord("k", "ledgers", native_id, None, json.dumps({**row, "time": "1750000000.5"}))
