"""Walking a feed: windows by the calendar, overlap, stopping and going on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.errors import DataError
from connectors.exchanges.walk import DAY, QUIET, WEEK, Batch, Feed, lost, walk
from connectors.records import Page, RawRecord

NOW = 2_000 * DAY


def record(number: int) -> RawRecord:
    return RawRecord("x", "s", str(number), None, "{}")


class Asked:
    """A feed that notes what it is asked for; `answers` are (records, cursor), by turn."""

    def __init__(self, *answers: tuple[list[RawRecord], Any] | Exception) -> None:
        self.answers, self.asked = list(answers), list[tuple[int, int, Any]]()

    async def fetch(self, start: int, end: int, cursor: Any) -> Batch:
        self.asked.append((start, end, cursor))
        answer = self.answers.pop(0) if self.answers else ([], None)
        if isinstance(answer, Exception):
            raise answer
        return Batch(answer[0], answer[1])


async def pages(
    feed: Feed, cursor: str | None = None, end: int = NOW, again: int | None = None
) -> list[Page]:
    return [page async for page in walk(feed, cursor, end, again)]


def place(page: Page) -> Any:
    return json.loads(page.next_cursor)


async def test_windows_are_walked_by_the_calendar_and_an_empty_one_is_not_the_end() -> None:
    asked = Asked(([record(1)], None), ([], None), ([record(2)], "more"), ([record(3)], None))
    feed = Feed("s", asked.fetch, window=10 * DAY, born=NOW - 30 * DAY)
    found = await pages(feed)
    starts = [NOW - 30 * DAY, NOW - 20 * DAY, NOW - 10 * DAY, NOW - 10 * DAY]
    assert [start for start, _, _ in asked.asked] == starts
    assert [cursor for _, _, cursor in asked.asked] == [None, None, None, "more"]
    assert [r.native_id for page in found for r in page.records] == ["1", "2", "3"]
    assert place(found[-1]) == {"complete_to": NOW, "mark": None}


async def test_the_next_walk_starts_before_the_last_one_ended() -> None:
    asked = Asked()
    feed = Feed("s", asked.fetch, overlap=WEEK)
    await pages(feed, json.dumps({"complete_to": NOW - DAY}))
    assert asked.asked == [(NOW - DAY - WEEK, NOW, None)]


@pytest.mark.parametrize(
    ("again", "start"), [(0, 0), (NOW - 60 * DAY, NOW - 60 * DAY), (NOW - 3, NOW - DAY - WEEK)]
)
async def test_reading_again_never_starts_later_than_it_would_anyway(
    again: int, start: int
) -> None:
    asked = Asked()
    feed = Feed("s", asked.fetch)
    await pages(feed, json.dumps({"complete_to": NOW - DAY}), again=again)
    assert asked.asked[0][0] == start


async def test_a_walk_that_was_stopped_goes_on_and_then_catches_up() -> None:
    asked = Asked(([record(1)], "b"), ([record(2)], None), ([record(3)], None))
    feed = Feed("s", asked.fetch)
    first = walk(feed, None, NOW - DAY, None)
    stopped = (await anext(first)).next_cursor
    await first.aclose()
    found = await pages(feed, stopped)
    assert [cursor for _, _, cursor in asked.asked] == [None, "b", None]
    assert asked.asked[1][1] == NOW - DAY  # to the end that was pinned
    assert asked.asked[2][:2] == (NOW - DAY - WEEK, NOW)  # and from there to the present
    assert place(found[-1])["complete_to"] == NOW


async def test_a_cursor_that_the_venue_has_forgotten_starts_its_window_anew() -> None:
    asked = Asked(DataError("no such cursor"), ([record(1)], None))
    stopped = json.dumps({"walk": {"start": 0, "at": 0, "end": NOW, "cursor": "old"}})
    found = await pages(Feed("s", asked.fetch), stopped)
    assert [cursor for _, _, cursor in asked.asked] == ["old", None]
    assert [r.native_id for r in found[0].records] == ["1"]
    with pytest.raises(DataError):
        await pages(Feed("s", Asked(DataError("refused")).fetch))


async def test_a_clock_that_ran_ahead_makes_no_hole() -> None:
    asked = Asked()
    await pages(Feed("s", asked.fetch), json.dumps({"complete_to": NOW + 365 * DAY}))
    assert asked.asked == [(NOW - WEEK, NOW, None)]


async def test_many_windows_without_rows_store_progress_now_and_then() -> None:
    asked = Asked()
    feed = Feed("s", asked.fetch, window=DAY, born=NOW - 120 * DAY)
    found = await pages(feed)
    assert len(asked.asked) == 120
    assert len(found) == 120 // QUIET + 1


async def test_a_resumed_walk_does_not_ask_for_what_the_venue_no_longer_lists() -> None:
    stopped = json.dumps({"walk": {"start": 0, "at": 5 * DAY, "end": NOW - DAY, "cursor": "old"}})
    asked = Asked()
    await pages(Feed("s", asked.fetch, born=NOW - 90 * DAY), stopped)
    assert asked.asked[0] == (NOW - 90 * DAY, NOW - DAY, None)
    asked = Asked()
    await pages(Feed("s", asked.fetch, born=NOW - 12 * 3600), stopped)
    assert asked.asked[0] == (NOW - DAY, NOW - DAY, None)


@pytest.mark.parametrize(
    ("state", "hole"),
    [
        ({}, None),
        ({"complete_to": NOW - 89 * DAY}, None),
        ({"complete_to": NOW - 120 * DAY}, (NOW - 120 * DAY, NOW - 90 * DAY)),
        # what a walk that was stopped had read already is no hole
        (
            {"complete_to": NOW - 180 * DAY, "walk": {"at": NOW - 95 * DAY}},
            (NOW - 95 * DAY, NOW - 90 * DAY),
        ),
        ({"complete_to": NOW - 80 * DAY, "walk": {"at": 0}}, None),
        # a first walk that was stopped: an hour later the edge has moved on by an hour
        ({"walk": {"at": NOW - 90 * DAY - 3600}}, None),
        ({"walk": {"at": NOW - 100 * DAY}}, (NOW - 100 * DAY, NOW - 90 * DAY)),
    ],
)
def test_a_hole_is_what_no_walk_has_read_and_the_venue_lists_no_more(
    state: dict[str, Any], hole: tuple[int, int] | None
) -> None:
    feed = Feed("s", Asked().fetch, born=NOW - 90 * DAY, keeps=90 * DAY)
    assert lost(feed, json.dumps(state), NOW) == hole
    if "complete_to" not in state:  # all of it is asked for
        assert lost(Feed("s", Asked().fetch, keeps=90 * DAY), json.dumps(state), NOW) is None
    assert lost(Feed("s", Asked().fetch), json.dumps(state), NOW) is None
