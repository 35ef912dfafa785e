"""What one venue does wrong that no other does."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.venues.binanceus import LocalBinanceUs
from tests.venues.bitstamp import LocalBitstamp
from tests.venues.contract import difference, pulled_from
from tests.venues.life import DAY_MS

NOTHING = (set(), set(), [])


class NoPages(LocalBinanceUs):
    """Whatever page is asked for, the first one comes."""

    kinds = ("deposit",)

    def _listed(self, name: str, field: str, within: str | None = None) -> Any:
        answer = super()._listed(name, field, within)

        async def first(request: web.Request) -> web.Response:
            asked = {k: v for k, v in request.query.items() if k not in ("offset", "page")}
            found: web.Response = await answer(
                request.clone(rel_url=request.rel_url.with_query(asked))
            )
            return found

        return first


async def test_a_page_that_comes_again_is_the_end_of_all_pages(tmp_path: Path) -> None:
    local = NoPages(random.Random(2))
    local.live(400, 80 * DAY_MS)
    with pulled_from(local, tmp_path) as pulled:
        result = await pulled.pull()
        assert result.sentence is None
        assert result.proof is not None
        assert result.proof.gaps > 0  # what could not be read shows in the balances
        windows = sum(1 for path in local.calls if path.endswith("deposit/hisrec"))
        assert windows < 60
        lost, extra, other = difference(pulled)
        assert (len(lost) > 0, extra, other) == (True, set(), [])


class Numbered(LocalBitstamp):
    """Crypto transactions with ids, one count for each direction."""

    def tell(self, happening: Any) -> None:
        before = len(self.crypto)
        super().tell(happening)
        for row in self.crypto[before:]:
            row["id"] = sum(1 for r in self.crypto if r["direction"] == row["direction"])


async def test_a_deposit_and_a_withdrawal_of_one_number_are_two(tmp_path: Path) -> None:
    local = Numbered(random.Random(2))
    local.live(200, 80 * DAY_MS)
    numbers = [row["id"] for row in local.crypto]
    assert len(set(numbers)) < len(numbers)
    with pulled_from(local, tmp_path) as pulled:
        assert (await pulled.pull()).sentence is None
        assert difference(pulled) == NOTHING
