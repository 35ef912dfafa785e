"""A database of its own on the server of the tests, for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.conftest import Run
from tests.databases import Server
from tests.store.books import BUY, take

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def url(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"only_{abs(hash(request.node.name)):x}"
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    migrate(made)
    yield made
    made.close()


@pytest.fixture
def books(run: Run, config: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNCER_NOW", NOW.isoformat())
    config.write_text(f'{config.read_text()}\n[database]\nurl = "{url}"\n')
    take(run, config, BUY)
    return config


@pytest.fixture
def other(url: str, database: Database) -> Iterator[Database]:
    """The same from another process, as far as the server can tell."""
    made = Database(url)
    yield made
    made.close()
