"""Venues that opened when the made-up lives begin, so that no test walks empty years."""

from __future__ import annotations

import pytest

from connectors.exchanges import binanceus, cryptocom
from tests.venues.local import START


@pytest.fixture(autouse=True)
def _opened_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    for venue in (binanceus, cryptocom):
        monkeypatch.setattr(venue, "OPENED", START // 1000)
