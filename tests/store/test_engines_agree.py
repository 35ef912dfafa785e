"""The story of the demo, on SQLite and on PostgreSQL: pulled anew, and moved. `make soak` does so
with 100,000 events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import Settings, load
from syncer.clock import system_clock
from syncer.demo.sandbox import Addresses
from syncer.demo.show import write_settings
from syncer.files import import_file
from syncer.pipeline import Pipeline
from syncer.store.copying import copy_rows
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.bench.histories import in_order
from tests.bench.ours import _write
from tests.conftest import Run
from tests.databases import Server

pytestmark = pytest.mark.files_of_sqlite("it compares with files")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    yield server.url("story")
    server.drop("story")


@pytest.fixture
def expected(synced: Path, at_story_end: None) -> str:
    settings = load(synced)
    database = Database(settings.database_url)
    digest = Pipeline(settings, database, system_clock()).rebuild()
    database.close()
    return digest


def test_the_story_pulled_into_postgresql_gives_the_same_books(
    sandbox: Addresses, tmp_path: Path, url: str, expected: str, run: Run
) -> None:
    config = write_settings(tmp_path, sandbox)
    config.write_text(f'{config.read_text()}\n[database]\nurl = "{url}"\n')
    for words in (["sync"], ["import", str(tmp_path / "form-1099-da-2025.csv")]):
        done = run(*words, config=config)
        assert done.code == 0, done.err
    again = run("sync", config=config)
    assert again.code == 0
    assert re.search(r"\b0 new", again.out), again.out
    assert expected in run("rebuild", config=config).out


def test_the_story_moved_to_postgresql_gives_the_same_books(
    synced: Path, url: str, expected: str
) -> None:
    settings = load(synced)
    source, target = Database(settings.database_url), Database(url)
    migrate(target)
    rows = copy_rows(source, target)
    assert rows["raw_record"] > 50
    pipeline = Pipeline(settings, target, system_clock())
    assert pipeline.stored_digest() == expected
    assert pipeline.rebuild() == expected
    source.close()
    target.close()


def test_a_generated_history_gives_the_same_books(tmp_path: Path, url: str) -> None:
    _write(tmp_path / "history.csv", in_order(400, 8), "h")
    digests = set()
    for place in (f"sqlite:///{tmp_path / 'x.db'}", url):
        database = Database(place)
        migrate(database)
        pipeline = Pipeline(Settings(prices={"sources": ()}), database, system_clock())  # type: ignore[arg-type]
        import_file(database, tmp_path / "history.csv", NOW)
        asyncio.run(pipeline.derive())
        digests |= {pipeline.stored_digest(), pipeline.rebuild()}
        database.close()
    assert len(digests) == 1
