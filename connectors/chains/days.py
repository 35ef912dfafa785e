"""Blocks near the ends of UTC days, found by time: what a balance does by itself, or hides, is
looked at once a day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.chains.rpc import Rpc, as_int

DAY, NEAR = 86_400, 60  # seconds; a block so shortly before midnight stands for the day's end


@dataclass(frozen=True, slots=True)
class DayEnd:
    """The last block that was looked at before a midnight."""

    number: int
    at: datetime


class Days:
    """Of one pull: what was asked once is known."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._times: dict[int, int] = {}

    async def at(self, numbers: Sequence[int]) -> list[DayEnd]:
        """Blocks with their times."""
        wanted = [n for n in numbers if n not in self._times]
        self._times |= zip(wanted, await _times(self._rpc, wanted), strict=True)
        return [DayEnd(n, datetime.fromtimestamp(self._times[n], UTC)) for n in numbers]

    async def between(self, low: int, high: int) -> list[DayEnd]:
        """For each midnight between two blocks, a block less than a minute before it, or the last
        one before it. Interpolated, as blocks come at an even pace."""
        first, last = (int(end.at.timestamp()) // DAY for end in await self.at((low, high)))
        found: dict[int, int] = {}
        waiting = [day * DAY for day in range(first + 1, last + 1)]
        halve = False
        while waiting:
            guesses = self._look(waiting, found, halve)
            waiting = [m for m in waiting if m not in found]
            await self.at(sorted(guesses))
            halve = not halve  # where the pace is uneven, every other look halves the way
        return await self.at(sorted(set(found.values()) - {low}))

    def _look(self, waiting: Sequence[int], found: dict[int, int], halve: bool) -> set[int]:
        """Note which midnights are found, and return the blocks to look at for the others."""
        numbers = sorted(self._times)
        stamps = [self._times[n] for n in numbers]
        wanted: set[int] = set()
        for midnight in waiting:
            place = bisect_left(stamps, midnight)
            before, after = numbers[place - 1], numbers[place]
            if after - before == 1 or midnight - self._times[before] <= NEAR:
                found[midnight] = before
            else:
                wanted.add(self._guess(midnight, before, after, halve))
        return wanted

    def _guess(self, midnight: int, before: int, after: int, halve: bool) -> int:
        """A block between two, a little before the midnight if the pace is even."""
        if halve:
            return (before + after) // 2
        start, end = self._times[before], self._times[after]
        wanted = before + (after - before) * (midnight - NEAR // 2 - start) // (end - start)
        return min(max(wanted, before + 1), after - 1)


async def _times(rpc: Rpc, numbers: Sequence[int]) -> list[int]:
    blocks = await rpc.batch([("eth_getBlockByNumber", [hex(n), False]) for n in numbers])
    return [as_int(block["timestamp"]) for block in blocks]
