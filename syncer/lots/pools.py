"""Where lots lie while a replay runs: a queue per pool and asset, and those in transit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from config.exact import ZERO, cents
from syncer.lots.methods import METHODS, fifo
from syncer.lots.model import Holding, Slice, piece

COMPACT_AT = 1_000


class Queue:
    """The holdings of one asset in one pool.

    In acquisition order for FIFO; other rules get a heap when first asked for. What is used up is
    passed over and taken out in bulk, so that a long history costs the logarithm, not its length.
    """

    plain = True  # slices cost what their own lots cost

    def __init__(self) -> None:
        self.units = ZERO
        self._held: list[Holding] = []
        self._start = 0  # before it all is used up
        self._used_up = 0
        # by rule and account, of all accounts for None: (*key, number, holding)
        self._heaps: dict[tuple[str, str | None], list[Any]] = {}
        self._added = 0  # tells equal keys apart, in the order of the replay
        self.watch: Callable[[Holding], None] | None = None  # told of each holding that is added

    def __iter__(self) -> Iterator[Holding]:
        return (h for h in self._held[self._start :] if h.taken != h.whole)

    def fill(self, holdings: Iterable[Holding]) -> None:
        """Put lots into an empty queue."""
        self._held = sorted(holdings, key=fifo)
        self.units = sum((h.left for h in self._held), ZERO)
        self._added = len(self._held)

    def add(self, holding: Holding) -> None:
        held = self._held
        if not held or held[-1].acquired_at < holding.acquired_at:
            held.append(holding)
        else:
            place = bisect_right(held, fifo(holding), key=fifo)
            held.insert(place, holding)
            self._start = min(self._start, place)
        self.units += holding.whole - holding.taken
        self._added += 1
        if self._heaps:
            for (rule, account), heap in self._heaps.items():
                if account is not None and account != holding.account:
                    continue
                heappush(heap, (*METHODS[rule](holding), self._added, holding))
        if self.watch:
            self.watch(holding)

    def of_lot(self, one: Holding) -> Iterator[Holding]:
        """What is left of the pieces of the lot that a holding is a piece of, the last first."""
        held, at = self._held, one.acquired_at
        place = bisect_right(held, at, key=_acquired_at)
        while place and held[place - 1].acquired_at == at:
            place -= 1
            if held[place].lot_id == one.lot_id and held[place].left:
                yield held[place]

    def since(self, start: datetime) -> Iterator[Holding]:
        """What was acquired at or after an instant, the newest first."""
        for holding in reversed(self._held):
            if holding.acquired_at < start:
                return
            yield holding

    def take(self, quantity: Decimal, rule: str) -> tuple[list[Slice], Decimal]:
        """Slices by a rule, and what was short."""
        if rule == "fifo" and self.plain:
            return self._take_earliest(quantity)
        return self._take_top(self._heap(rule), quantity)

    def take_shown(self, account: str, quantity: Decimal, rule: str) -> tuple[list[Slice], Decimal]:
        """Slices of the lots shown in an account, by a rule, and what was short."""
        return self._take_top(self._heap(rule, account), quantity)

    def _take_earliest(self, quantity: Decimal) -> tuple[list[Slice], Decimal]:
        slices: list[Slice] = []
        held, start, wanted = self._held, self._start, quantity
        for place in range(start, len(held)):
            holding = held[place]
            left = holding.whole - holding.taken if holding.taken else holding.whole
            if left > quantity:
                slices.append(holding.take(quantity))
                quantity = ZERO
                break
            start = place + 1
            if left:
                slices.append(holding.take(left))
                quantity -= left
                if not quantity:
                    break
        self._used_up += start - self._start
        self._start = start
        self.units -= wanted - quantity
        if self._used_up >= COMPACT_AT and self._used_up * 2 > len(held):
            self._compact()
        return slices, quantity

    def _take_top(self, heap: list[Any], quantity: Decimal) -> tuple[list[Slice], Decimal]:
        slices: list[Slice] = []
        while quantity > ZERO and heap:
            holding: Holding = heap[0][-1]
            left = holding.whole - holding.taken if holding.taken else holding.whole
            if left > quantity:
                slices.append(self.cut(holding, quantity))
                return slices, ZERO
            heappop(heap)
            if left:
                slices.append(self.cut(holding, left))
                quantity -= left
        return slices, quantity

    def cut(self, holding: Holding, quantity: Decimal) -> Slice:
        """A slice of one of our holdings."""
        self.units -= quantity
        one = holding.take(quantity)
        if holding.taken == holding.whole:
            self._used_up += 1
            if self._used_up >= COMPACT_AT and self._used_up * 2 > len(self._held):
                self._compact()
        return one

    def _compact(self) -> None:
        self._held = list(self)
        self._start = self._used_up = 0
        for heap in self._heaps.values():
            heap[:] = [item for item in heap if item[-1].taken != item[-1].whole]
            heapify(heap)

    def _heap(self, rule: str, account: str | None = None) -> list[Any]:
        """The holdings by a rule, the first on top; some may be used up."""
        heap = self._heaps.get((rule, account))
        if heap is None:
            key = METHODS[rule]
            heap = self._heaps[rule, account] = [
                (*key(h), n - len(self._held), h)
                for n, h in enumerate(self)
                if account in (None, h.account)
            ]
            heapify(heap)
        return heap


class AverageQueue(Queue):
    """A queue whose slices cost the average of all that lies in it, once `averaging` is set."""

    plain = False

    def __init__(self) -> None:
        super().__init__()
        self.cost: Decimal | None = ZERO
        self.averaging = False

    def add(self, holding: Holding) -> None:
        super().add(holding)
        rest = holding.rest().basis
        self.cost = None if rest is None or self.cost is None else self.cost + rest

    def cut(self, holding: Holding, quantity: Decimal) -> Slice:
        before = self.units
        one = super().cut(holding, quantity)
        basis = one.basis
        if self.averaging and self.cost is not None:
            basis = self.cost if quantity == before else cents(self.cost * quantity / before)
        if self.cost is not None and basis is not None:
            self.cost -= basis
        return one._replace(basis=basis)


class Place(NamedTuple):
    """Where an account's lots of one asset lie; other accounts may share it."""

    pool: str
    queue: Queue
    shared: bool


class Pools:
    """All queues. A pool may span accounts; each holding names its own."""

    def __init__(self, queue: Callable[[], Queue] = Queue) -> None:
        self._new = queue
        self.queues: dict[tuple[str, str], Queue] = {}
        self.transit: dict[str, list[tuple[str, Holding]]] = {}

    def queue(self, pool: str, asset: str) -> Queue:
        found = self.queues.get((pool, asset))
        if found is None:
            found = self.queues[pool, asset] = self._new()
        return found

    def add(self, pool: str, holding: Holding) -> None:
        self.queue(pool, holding.asset).add(holding)

    def open(self) -> Iterator[tuple[str, Holding]]:
        """(pool, holding) of every open holding, by pool, asset and time."""
        for pool, asset in sorted(self.queues):
            for holding in self.queues[pool, asset]:
                yield pool, holding


def relabel(queue: Queue, account: str, slices: Iterable[Slice]) -> None:
    """An account of a shared pool gave up lots shown in another: what is shown in it lies there."""
    for one in slices:
        if one.holding.account != account:
            _swap_labels(queue, account, one, queue)


def relabel_pieces(queue: Queue, account: str, slices: Iterable[Slice]) -> None:
    """Which piece of one lot was taken is nothing: one of the account itself, if it has any."""
    for one in slices:
        if one.holding.account != account:
            _swap_labels(queue, account, one, queue.of_lot(one.holding))


def _swap_labels(queue: Queue, account: str, one: Slice, among: Iterable[Holding]) -> None:
    """As many units as a slice has, shown in `account` among these, lie where the slice was."""
    quantity, found = one.quantity, []
    for holding in among:
        if holding.account == account:
            part = min(quantity, holding.left)
            found.append((holding, part))
            quantity -= part
            if not quantity:
                break
    for holding, part in found:
        queue.add(piece(queue.cut(holding, part), one.holding.account))


def _acquired_at(holding: Holding) -> datetime:
    return holding.acquired_at
