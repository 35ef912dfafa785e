"""Where lots lie while a replay runs: per pool and asset, and those in transit."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from config.exact import ZERO
from syncer.lots.methods import METHODS, fifo
from syncer.lots.model import Holding, Slice


class Pools:
    """Holdings in acquisition order. A pool may span accounts; each holding names its own."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], list[Holding]] = defaultdict(list)
        self._units: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        self.transit: dict[str, list[tuple[str, Holding]]] = {}

    def add(self, pool: str, holding: Holding) -> None:
        insort(self._held[pool, holding.asset], holding, key=fifo)
        self._units[pool, holding.asset] += holding.left

    def has(self, pool: str, asset: str) -> Decimal:
        """How many units lie in a pool."""
        return self._units[pool, asset]

    def take(
        self, pool: str, asset: str, account: str, quantity: Decimal, rule: str
    ) -> tuple[list[Slice], Decimal]:
        """Slices by the rule, and what was short."""
        queue = self._held[pool, asset]
        order = queue if rule == "fifo" else sorted(queue, key=METHODS[rule])
        slices: list[Slice] = []
        for holding in order:
            if quantity <= ZERO:
                break
            part = min(quantity, holding.left)
            slices.append(holding.take(part))
            quantity -= part
            self._units[pool, asset] -= part
        self._drop_empty(queue, slices)
        self._settle(pool, asset, account, slices)
        return slices, quantity

    def take_from(self, pool: str, holding: Holding, quantity: Decimal) -> Slice:
        """A slice of one named holding."""
        one = holding.take(quantity)
        self._units[pool, holding.asset] -= quantity
        self._drop_empty(self._held[pool, holding.asset], [one])
        return one

    @staticmethod
    def _drop_empty(queue: list[Holding], used: list[Slice]) -> None:
        """Take out what is used up: mostly the front, as FIFO leaves it."""
        empty = sum(1 for one in used if not one.holding.left)
        front = 0
        while front < empty and not queue[front].left:
            front += 1
        del queue[:front]
        if front < empty:
            queue[:] = [h for h in queue if h.left]

    def _settle(self, pool: str, asset: str, account: str, slices: list[Slice]) -> None:
        """Units left `account`, but the pool's rule took lots shown elsewhere: swap the labels."""
        for one in slices:
            if one.holding.account != account:
                self._relabel(pool, asset, account, one.holding.account, one.quantity)

    def _relabel(self, pool: str, asset: str, old: str, new: str, quantity: Decimal) -> None:
        for holding in list(self._held[pool, asset]):
            if quantity <= ZERO:
                return
            if holding.account == old:
                part = min(quantity, holding.left)
                one = self.take_from(pool, holding, part)
                self.add(pool, piece(one, account=new))
                quantity -= part

    def open(self) -> Iterator[tuple[str, Holding]]:
        """(pool, holding) of every open holding, by pool, asset and time."""
        for pool, asset in sorted(self._held):
            for holding in self._held[pool, asset]:
                yield pool, holding


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
