"""Walks a feed through time, page by page, so that it can stop anywhere and go on.

A feed fetches rows of a window of time; inside a window it has a cursor of its own making (an
offset, an id, a token). A full page is never the end and an empty one neither: only the feed's
own word ends a window, and only the calendar ends the walk. Progress, as JSON beside the page:
`complete_to`, up to where everything is stored, `walk`, the place of one that is under way, and
`mark`, the cursor from which the next one starts where a venue's ids say more than its times.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from config.errors import DataError
from connectors.records import Page, RawRecord

DAY = 86_400
WEEK = 7 * DAY  # rows may arrive late by this much
QUIET = 50  # windows without rows in a row, after which progress is stored all the same
PENDING = 45 * DAY  # deposits and withdrawals may change their state for this long


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brought. `cursor` None: the window is read to its end; `share` is how much
    of it is, where that is known; `mark`, if any, is the cursor for the start of later walks."""

    records: Sequence[RawRecord]
    cursor: Any = None
    share: float = 0.0
    mark: Any = None


@dataclass(frozen=True, slots=True)
class Feed:
    """One stream of rows. Times are unix seconds, both ends of a window inclusive.

    `fetch(start, end, cursor)` asks once; `window` is the longest that the venue answers for, and
    nothing is older than `born`; `keeps` is for how many seconds the venue is sure to list rows.
    An `optional` feed adds detail only, or is about to be retired: where the venue never gave it,
    nothing is missing.
    """

    name: str
    fetch: Callable[[int, int, Any], Awaitable[Batch]]
    overlap: int = WEEK
    window: int | None = None
    born: int = 0
    optional: bool = False
    keeps: int | None = None


async def walk(feed: Feed, cursor: str | None, end: int, again: int | None) -> AsyncIterator[Page]:
    """The pages up to `end`, from where the cursor stands, or from `again` on if that is earlier.

    The end is pinned, so that rows which arrive meanwhile shift no page.
    """
    state = json.loads(cursor) if cursor else {}
    complete, mark = state.get("complete_to"), state.get("mark")
    place = state.get("walk") if again is None else None
    resumed = place is not None and "at" in place
    if place is None or not resumed:
        place = _begin(feed, complete, end, again, mark)
    elif place["at"] < min(feed.born, place["end"]):  # what the venue listed then it lists no more
        place = {**place, "at": min(feed.born, place["end"]), "cursor": None}
    quiet = 0
    while True:
        stop = min(place["at"] + feed.window, place["end"]) if feed.window else place["end"]
        try:
            batch = await feed.fetch(place["at"], stop, place["cursor"])
        except DataError:
            if not resumed or place["cursor"] is None:
                raise
            batch = await feed.fetch(place["at"], stop, None)  # an old cursor may be forgotten
        resumed = False
        share = _share(place, stop, batch)
        place = _next(place, stop, batch)
        done = place["at"] >= place["end"] and place["cursor"] is None
        mark = mark if batch.mark is None else batch.mark
        told: dict[str, Any] = {"complete_to": place["end"] if done else complete, "mark": mark}
        told |= {} if done else {"walk": place}
        quiet = quiet + 1 if not batch.records else 0
        if quiet % QUIET and not done:
            continue  # a window without rows is not worth a transaction of its own
        yield Page(feed.name, tuple(batch.records), json.dumps(told, sort_keys=True), share)
        if done:
            complete = place["end"]
            if complete >= end:
                return
            # an older walk ended where it was pinned
            place = _begin(feed, complete, end, None, mark)


def lost(feed: Feed, cursor: str | None, end: int) -> tuple[int, int] | None:
    """From when to when nothing was read and the venue may list nothing any more, if anywhere. A
    first walk skips only what is older than `born`; the day that slips away meanwhile was hardly
    listed any more when it began."""
    if not feed.keeps or not cursor:
        return None
    state, kept = json.loads(cursor), end - feed.keeps
    complete, at = state.get("complete_to"), (state.get("walk") or {}).get("at")
    if complete is None:
        return (at, feed.born) if at is not None and at + DAY < feed.born else None
    reached = max(complete, at or 0)
    return (reached, kept) if reached < kept else None


def _begin(
    feed: Feed, complete: int | None, end: int, again: int | None, mark: Any
) -> dict[str, Any]:
    """With an overlap, earlier if asked, never later than what is whole."""
    usual = min(complete, end) - feed.overlap if complete else 0
    start = usual if again is None else min(usual, again)
    at = min(max(start, feed.born, 0), end)
    return {"start": at, "at": at, "end": end, "cursor": mark if again is None else None}


def _next(place: dict[str, Any], stop: int, batch: Batch) -> dict[str, Any]:
    if batch.cursor is not None:
        return {**place, "cursor": batch.cursor}
    return {**place, "at": stop, "cursor": None}


def _share(place: dict[str, Any], stop: int, batch: Batch) -> float:
    whole = place["end"] - place["start"]
    part = 1.0 if batch.cursor is None else batch.share
    reached = place["at"] - place["start"] + part * (stop - place["at"])
    return float(reached / whole) if whole else 1.0
