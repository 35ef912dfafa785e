"""Books behind pages: the story's, and those of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.house import House, copied


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
