"""Books behind pages: the story's, and those of a few rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from syncer.web import passwords
from tests.web.house import House, copied


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id with less effort: a fifth of a second for each log-in adds up."""
    quick = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)


@pytest.fixture
def house(config: Path) -> Iterator[House]:
    """Empty books."""
    made = House(config)
    yield made
    made.close()


@pytest.fixture
def story(synced: Path, tmp_path: Path) -> Iterator[House]:
    """The whole story, which a test may change."""
    made = House(copied(synced, tmp_path))
    yield made
    made.close()


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.owner() as made:
        yield made
