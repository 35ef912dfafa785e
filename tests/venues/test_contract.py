"""One contract for all venues: every row, exactly once, proved, whatever the network does."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.exchanges.binanceus_histories import HISTORIES
from connectors.exchanges.venues import VENUES
from syncer.ingest.pull import Again
from tests.venues.contract import difference, pulled_from
from tests.venues.known import LOCAL
from tests.venues.life import DAY_MS
from tests.venues.local import FAULTS

YEAR = 365 * DAY_MS
NOTHING = (set(), set(), [])
every_venue = pytest.mark.parametrize("name", sorted(LOCAL))


def test_every_venue_with_a_file_has_a_local_one() -> None:
    assert set(LOCAL) == set(VENUES)


@every_venue
async def test_first_load_brings_every_row_once_and_balances_prove_it(
    name: str, tmp_path: Path
) -> None:
    local = LOCAL[name](random.Random(7))
    local.live(700, YEAR)
    with pulled_from(local, tmp_path) as pulled:
        result = await pulled.pull()
        assert result.sentence is None
        assert difference(pulled) == NOTHING
        assert result.proof is not None
        assert (result.proof.gaps, result.proof.unread, result.proof.unproved) == (0, 0, ())
        count = pulled.revisions()
        for again in (Again(), Again(full=True)):
            assert (await pulled.pull(again)).new_records == 0
        assert pulled.revisions() == count == result.new_records


PAGES: dict[str, dict[str, Any]] = {
    "binanceus": {
        "FILLS": 11,
        "HISTORIES": {
            name: replace(one, most=7) if "limit" in one.paging else one
            for name, one in HISTORIES.items()
        },
    },
    "bitstamp": {"PAGE": 11},
    "coinbase": {"PAGE": 7},
    "cryptocom": {"PAGE": 11, "TRANSFERS": 5, "REWARDS": 7},
    "gemini": {"TRADES": 11, "TRANSFERS": 7, "HISTORY": 11},
    "kraken": {},
}


@every_venue
async def test_small_pages_bring_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that every list is longer than a page, and the edges of pages cut shared milliseconds."""
    module = importlib.import_module(f"connectors.exchanges.{name}")
    for constant, size in PAGES[name].items():
        monkeypatch.setattr(module, constant, size)
    local = LOCAL[name](random.Random(8))
    local.live(400, 60 * DAY_MS)
    with pulled_from(local, tmp_path) as pulled:
        result = await pulled.pull()
        assert (result.sentence, result.proof and result.proof.gaps) == (None, 0)
        assert difference(pulled) == NOTHING


@pytest.mark.parametrize("name", ["cryptocom", "gemini"])
async def test_more_than_a_page_at_one_instant_is_told_and_passed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can ask for what is behind such a page; what is older and newer must still come."""
    module = importlib.import_module(f"connectors.exchanges.{name}")
    for constant, size in PAGES[name].items():
        monkeypatch.setattr(module, constant, size)
    local = LOCAL[name](random.Random(9))
    local.kinds = local.life.kinds = ("trade",)
    local.live(60, 20 * DAY_MS)
    now, local.now = local.now, local.now - 5 * DAY_MS
    local.live(30, 0)
    crowded, local.now = local.now, now
    with pulled_from(local, tmp_path) as pulled:
        result = await pulled.pull()
        assert result.sentence is None
        assert result.proof is not None
        assert result.proof.unread > 0
        at = {h.number: h.at for h in local.life.happenings}
        lost, _, _ = difference(pulled)
        shift = 9_000_000 if name == "gemini" else 0
        trades = [int(native_id) - shift for stream, native_id in lost if stream == "trades"]
        assert {at[number] for number in trades} <= {crowded}


@every_venue
async def test_faulted_pulls_lose_nothing_and_double_nothing(name: str, tmp_path: Path) -> None:
    local = LOCAL[name](random.Random(f"faults {name}"))
    local.live(300, YEAR)
    chance = random.Random(1)
    with pulled_from(local, tmp_path) as pulled:
        for _ in range(9):
            local.fault_rate, local.busy = chance.choice((0.05, 0.3)), 0.1
            local.now += chance.randint(60_000, 3 * DAY_MS)
            local.live(chance.randint(0, 40), 6 * DAY_MS)
            local.settle()
            await pulled.pull()
        local.fault_rate, local.busy = 0.0, 0.0  # a row between walk and report is a true gap
        local.now += 60_000
        last = await pulled.pull()
        assert local.faults > 5
        assert (last.sentence, last.proof and last.proof.gaps) == (None, 0)
        assert difference(pulled) == NOTHING


@every_venue
@pytest.mark.parametrize("number", range(len(FAULTS) + 3))
async def test_each_fault_ends_in_a_sentence_and_the_next_pull_makes_good(
    name: str, number: int, tmp_path: Path
) -> None:
    local = LOCAL[name](random.Random(3))
    faults = FAULTS + local.own_faults
    if number >= len(faults):
        return
    local.live(60, YEAR)
    with pulled_from(local, tmp_path) as pulled:
        local.forced = faults[number]
        failed = await pulled.pull()
        if local.forced.harmless:
            assert failed.sentence is None
        else:
            assert failed.sentence
            assert name in failed.sentence
            assert "broke the pull" not in failed.sentence
        local.forced = None
        assert (await pulled.pull()).sentence is None
        assert difference(pulled) == NOTHING


@every_venue
async def test_a_missing_row_is_a_gap_that_clears_by_itself(name: str, tmp_path: Path) -> None:
    local = LOCAL[name](random.Random(5))
    local.live(50, YEAR)
    whole = local.held
    with pulled_from(local, tmp_path) as pulled:
        local.held = lambda: {**whole(), "BTC": whole()["BTC"] + 1}  # type: ignore[method-assign]
        gap = await pulled.pull()
        assert gap.sentence is None
        assert gap.proof is not None
        assert gap.proof.gaps == 1
        local.held = whole  # type: ignore[method-assign]
        done = await pulled.pull()
        assert done.proof is not None
        assert done.proof.gaps == 0
