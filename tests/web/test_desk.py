"""Figures that were worked out before something changed are said to be old, or not shown at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from syncer.books import Books
from syncer.harvesting import Found, WhatIf
from syncer.ledger.decisions import Decision
from syncer.planning import Planned
from syncer.store import decisions, records
from syncer.web.desk import Desk
from syncer.written import told_prices
from tests.web.house import House, later


def _decide(house: House, subject: str = "unmatched_deposit:x") -> None:
    with house.database.write() as connection:
        decisions.add_decision(connection, Decision(subject, "mine", house.at), "owner")
    house.pipeline._deriving.anew()


def _counting(may_end: threading.Event) -> Callable[[Books, datetime], int]:
    def made(books: Books, _: datetime) -> int:
        found = len(books.decisions)
        may_end.wait(10)
        return found

    return made


async def test_figures_begun_before_a_change_are_said_to_be_old(house: House) -> None:
    desk, slow = Desk(house.running), threading.Event()
    asked = asyncio.create_task(desk.figures("n", _counting(slow)))
    await asyncio.sleep(0.3)  # it has read the books
    await asyncio.to_thread(_decide, house)
    joined = asyncio.create_task(desk.figures("n", _counting(slow)))
    await asyncio.sleep(0.1)
    slow.set()
    assert (await asked).value == 0
    assert ((await joined).value, (await joined).is_old) == (0, True)
    while (shown := await desk.figures("n", _counting(slow))).is_old:
        await asyncio.sleep(0.05)
    assert shown.value == 1


async def test_after_a_persons_word_nothing_of_before_is_shown(house: House) -> None:
    desk, slow = Desk(house.running), threading.Event()
    asked = asyncio.create_task(desk.figures("n", _counting(slow)))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(_decide, house)
    desk.forget()
    at_once = threading.Event()
    at_once.set()
    shown = await desk.figures("n", _counting(at_once))
    assert (shown.value, shown.is_old) == (1, False)
    slow.set()
    await asked
    again = await desk.figures("n", _counting(at_once))
    assert (again.value, again.is_old) == (1, False)


async def test_a_pull_that_ended_makes_what_tells_of_balances_anew(house: House) -> None:
    desk, made = Desk(house.running), list[bool]()

    async def ask(with_pulls: bool) -> None:
        def noted(*_: object) -> None:
            made.append(with_pulls)

        await desk.figures(str(with_pulls), noted, with_pulls=with_pulls)

    for with_pulls in (True, False):
        await ask(with_pulls)
    with house.database.write() as connection:
        pull = records.start_pull(connection, "k", house.at)
        records.end_pull(connection, pull, house.at, 0, "done", None)
    for with_pulls in (True, False):
        await ask(with_pulls)
        await asyncio.sleep(0.3)
    assert made == [True, False, True]


async def test_prices_of_before_are_said_to_be_old_and_not_shown_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, looks = Desk(house.running), list[datetime]()
    real = house.pipeline.harvest

    async def slow() -> object:
        looks.append(house.at)
        await asyncio.sleep(0.3)
        return await real()

    monkeypatch.setattr(house.pipeline, "harvest", slow)
    first = await desk.openings()
    assert (first.is_old, first.at) == (False, house.at)
    later(house, minutes=2)
    assert ((await desk.openings()).is_old, len(looks)) == (True, 2)
    await asyncio.sleep(0.5)
    assert ((await desk.openings()).is_old, len(looks)) == (False, 2)
    later(house, minutes=11)
    fresh = await desk.openings()  # waits
    assert (fresh.is_old, fresh.at, len(looks)) == (False, house.at, 3)


async def test_plans_are_searched_once_for_the_prices_that_are_shown(
    story: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds of search for each look at the page, and again for each reload."""
    desk, asked = Desk(story.running), list[object]()
    look = story.pipeline.harvest
    found = await look(WhatIf(told_prices(["BTC=50000", "ETH=2000"])))
    real = story.pipeline.plans

    may_end = asyncio.Event()

    async def at_half() -> Found:
        if asked:
            await may_end.wait()
        return found

    async def noted(_: object, **known: Any) -> list[Planned]:
        asked.append(known["known"])
        return await real([None], **known)  # the quickest

    monkeypatch.setattr(story.pipeline, "harvest", at_half)
    monkeypatch.setattr(story.pipeline, "plans", noted)
    first = await desk.plans()
    assert (await desk.plans()).value is first.value
    assert asked == [found.prices]
    later(story, minutes=9)
    old = await desk.plans()
    assert old.value is first.value
    assert old.at == first.at  # of the prices, which are being asked for
    assert (await desk.openings()).is_old
    may_end.set()
    async with asyncio.timeout(20):
        while (again := await desk.plans()).value is first.value:
            await asyncio.sleep(0.05)
    assert (again.at, again.is_old, len(asked)) == (story.at, False, 2)
    later(story, minutes=11)
    assert (await desk.plans()).at == story.at  # waits
