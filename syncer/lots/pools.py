"""Where lots lie while a replay runs: a queue per pool and asset, and those in transit."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import Any

from config.exact import ZERO
from syncer.lots.methods import METHODS, fifo
from syncer.lots.model import Holding, Slice

COMPACT_AT = 1_000


class Queue:
    """The holdings of one asset in one pool.

    In acquisition order for FIFO; other rules get a heap when first asked for. What is used up is
    passed over and taken out in bulk, so that a long history costs the logarithm, not its length.
    """

    def __init__(self) -> None:
        self.units = ZERO
        self._held: list[Holding] = []
        self._start = 0  # before it all is used up
        self._heaps: dict[str, list[tuple[Any, int, Holding]]] = {}
        self._added = 0  # tells equal keys apart, in the order of the replay

    def __iter__(self) -> Iterator[Holding]:
        return (h for h in self._held[self._start :] if h.left)

    def add(self, holding: Holding) -> None:
        place = bisect_right(self._held, fifo(holding), key=fifo)
        self._held.insert(place, holding)
        self._start = min(self._start, place)
        self.units += holding.left
        self._added += 1
        for rule, heap in self._heaps.items():
            heappush(heap, (METHODS[rule](holding), self._added, holding))

    def take(self, quantity: Decimal, rule: str) -> tuple[list[Slice], Decimal]:
        """Slices by a rule, and what was short."""
        slices: list[Slice] = []
        while quantity > ZERO:
            holding = self._first(rule)
            if holding is None:
                break
            part = min(quantity, holding.left)
            slices.append(self.cut(holding, part))
            quantity -= part
        return slices, quantity

    def cut(self, holding: Holding, quantity: Decimal) -> Slice:
        """A slice of one of our holdings."""
        self.units -= quantity
        return holding.take(quantity)

    def _first(self, rule: str) -> Holding | None:
        return self._earliest() if rule == "fifo" else self._top(rule)

    def _earliest(self) -> Holding | None:
        while self._start < len(self._held):
            if self._held[self._start].left:
                return self._held[self._start]
            self._start += 1
            if self._start == COMPACT_AT:
                self._held = [h for h in self._held if h.left]
                self._start = 0
        return None

    def _top(self, rule: str) -> Holding | None:
        heap = self._heaps.get(rule)
        if heap is None:
            key = METHODS[rule]
            heap = self._heaps[rule] = [
                (key(h), n - len(self._held), h) for n, h in enumerate(self)
            ]
            heapify(heap)
        while heap and not heap[0][2].left:
            heappop(heap)
        return heap[0][2] if heap else None


class Pools:
    """All queues. A pool may span accounts; each holding names its own."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], Queue] = defaultdict(Queue)
        self.transit: dict[str, list[tuple[str, Holding]]] = {}

    def add(self, pool: str, holding: Holding) -> None:
        self._queues[pool, holding.asset].add(holding)

    def has(self, pool: str, asset: str) -> Decimal:
        """How many units lie in a pool."""
        return self._queues[pool, asset].units

    def take(
        self, pool: str, asset: str, account: str, quantity: Decimal, rule: str
    ) -> tuple[list[Slice], Decimal]:
        """Slices by the rule, and what was short."""
        queue = self._queues[pool, asset]
        slices, short = queue.take(quantity, rule)
        for one in slices:
            if one.holding.account != account:
                _swap_labels(queue, account, one.holding.account, one.quantity)
        return slices, short

    def open(self) -> Iterator[tuple[str, Holding]]:
        """(pool, holding) of every open holding, by pool, asset and time."""
        for pool, asset in sorted(self._queues):
            for holding in self._queues[pool, asset]:
                yield pool, holding


def _swap_labels(queue: Queue, old: str, new: str, quantity: Decimal) -> None:
    """Units left account `old`, but the pool's rule took a lot shown in `new`: what is shown in
    `old` lies in `new` from now on."""
    for holding in list(queue):
        if quantity <= ZERO:
            return
        if holding.account == old:
            part = min(quantity, holding.left)
            queue.add(piece(queue.cut(holding, part), account=new))
            quantity -= part


def piece(one: Slice, account: str, asset: str | None = None) -> Holding:
    """A slice as a holding of its own: same lot, same date, elsewhere."""
    source = one.holding
    return Holding(
        lot_id=source.lot_id,
        account=account,
        asset=asset or source.asset,
        acquired_at=source.acquired_at,
        whole=one.quantity,
        basis=one.basis,
        source_event=source.source_event,
        gift=one.gift,
        inherited=source.inherited,
    )
