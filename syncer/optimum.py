"""The heaviest matching of two sides, and what it would lose without one of its pairs.

Rows and columns have prices (Kuhn and Munkres): no pair weighs more than both its prices, those of
the matching weigh just as much, and who is alone costs nothing. Rows come in one by one, each by
the cheapest change of what was matched, so that only the neighbours of a change are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush

Weights = Sequence[dict[int, int]]  # by row and column, all above zero
Pair = tuple[int, int]
_FAR = 1 << 60


class Optimum:
    """`mates` are the columns of the rows that have one, `owners` the rows of those columns."""

    def __init__(self, weights: Weights) -> None:
        self.mates: dict[int, int] = {}
        self.owners: dict[int, int] = {}
        self._weights = weights
        self._rows: list[int] = []  # their prices
        self._columns: dict[int, int] = defaultdict(int)
        self._beside: dict[int, list[int]] = defaultdict(list)  # rows by column
        for row, options in enumerate(weights):
            self._rows.append(max((w - self._columns[c] for c, w in options.items()), default=0))
            self._rows[row] = max(self._rows[row], 0)
            self._take_in(row)
            for column in options:
                self._beside[column].append(row)
        self._to_nobody = self._ways_to_nobody()
        self._from_nobody, self._comes = self._ways_from_nobody()

    def _slack(self, row: int, column: int) -> int:
        """How much less a pair weighs than its prices."""
        return self._rows[row] + self._columns[column] - self._weights[row][column]

    # ---- the matching

    def _take_in(self, row: int) -> None:
        """By the shortest way along which each row takes the next one's column: to a column that is
        free, or to a row that is best left alone."""
        end, least = (row, -1), self._rows[row]
        heap, far, came = [(0, row)], {row: 0}, dict[int, int]()
        done: dict[int, int] = {}
        while heap and heap[0][0] < least:
            distance, here = heappop(heap)
            if here in done:
                continue
            done[here] = distance
            if distance + self._rows[here] < least:
                end, least = (here, -1), distance + self._rows[here]
            for column in self._weights[here]:
                to, owner = distance + self._slack(here, column), self.owners.get(column)
                if owner == here or to >= least:
                    continue
                if owner is None:
                    end, least = (here, column), to
                elif to < far.get(owner, _FAR):
                    far[owner], came[column] = to, here
                    heappush(heap, (to, owner))
        self._reprice(row, done, least)
        self._shift(row, end, came)

    def _reprice(self, row: int, done: dict[int, int], least: int) -> None:
        for one, distance in done.items():
            if distance < least:
                self._rows[one] -= least - distance
                if one != row:
                    self._columns[self.mates[one]] += least - distance

    def _shift(self, row: int, end: Pair, came: dict[int, int]) -> None:
        """Back from the end, each row gives its column to the one that came to it."""
        here, column = end
        while True:
            before = self.mates.pop(here, -1)
            if column >= 0:
                self.mates[here], self.owners[column] = column, here
            if here == row:
                return
            here, column = came[before], before

    # ---- what it would lose

    def without(self, row: int, alike: Collection[int] = ()) -> tuple[int, Pair | None]:
        """What the best matching loses in which this row has neither its column nor one of those
        `alike`, and a pair of that matching that concerns the row or its column, if any does."""
        goal = self.mates[row]
        least, other = self._by_way_of_nobody(row, goal, alike)
        options = [c for c in self._weights[row] if c != goal and c not in alike]
        heap = [(self._slack(row, c), c, c) for c in options]
        heapify(heap)
        done: set[int] = set()
        while heap and heap[0][0] < least:
            distance, column, first = heappop(heap)
            if column == goal:
                return distance, (row, first)
            owner = self.owners.get(column)
            if owner is None or column in done:
                continue
            done.add(column)
            for after in self._weights[owner]:
                to = distance + self._slack(owner, after)
                if after not in done and to < least:
                    heappush(heap, (to, after, first))
        return least, other

    def _by_way_of_nobody(
        self, row: int, goal: int, alike: Collection[int]
    ) -> tuple[int, Pair | None]:
        """The row goes elsewhere or stays alone, and another comes to its column, or none."""
        least, first = self._rows[row], -1
        for column in self._weights[row]:
            owner = self.owners.get(column)
            if owner == row or column in alike:
                continue
            to = self._slack(row, column) + (0 if owner is None else self._to_nobody[owner])
            if to < least:
                least, first = to, column
        comes = self._comes.get(goal, -1)
        other = (row, first) if first >= 0 else (comes, goal) if comes >= 0 else None
        return least + self._from_nobody[goal], other

    def _ways_to_nobody(self) -> list[int]:
        """By row, the cheapest way to take a free column, or to leave a row alone."""
        least = list(self._rows)
        for row, options in enumerate(self._weights):
            free = (self._slack(row, c) for c in options if c not in self.owners)
            least[row] = min((least[row], *free))
        heap = [(d, row) for row, d in enumerate(least)]
        heapify(heap)
        while heap:
            distance, row = heappop(heap)
            column = self.mates.get(row)
            if column is None or distance > least[row]:
                continue
            for other in self._beside[column]:
                to = distance + self._slack(other, column)
                if to < least[other]:
                    least[other] = to
                    heappush(heap, (to, other))
        return least

    def _ways_from_nobody(self) -> tuple[dict[int, int], dict[int, int]]:
        """By column, the cheapest way to have it taken by a row that is alone, or by one whose own
        column is taken so or left free; and who then comes to it, if it is not left free."""
        least = {column: self._columns[column] for column in self._beside}
        comes: dict[int, int] = {}
        heap = [(d, column, -1) for column, d in least.items()]
        for row, options in enumerate(self._weights):
            if row not in self.mates:
                heap += [(self._slack(row, column), column, row) for column in options]
        heapify(heap)
        done: set[int] = set()
        while heap:
            distance, column, row = heappop(heap)
            if column in done:
                continue
            done.add(column)
            least[column] = distance
            if row >= 0:
                comes[column] = row
            if (owner := self.owners.get(column)) is None:
                continue
            for after in self._weights[owner]:
                if after not in done:
                    heappush(heap, (distance + self._slack(owner, after), after, owner))
        return least, comes
