"""How many units lie in each account while lots are kept for all accounts together (before 2025).

Under the universal way a sale in one account may use up a lot that is shown in another, so units
and lots part ways until the change-over. Units follow the ledger: an account that gave more than
came in, out of lots shown elsewhere, has less than none until what is missing is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from config.exact import ZERO
from syncer.lots.model import Holding


class Moving(NamedTuple):
    """Units on their way; `lots` are those shown in them, which a sale elsewhere may use up."""

    source: str
    target: str
    asset: str
    quantity: Decimal
    lots: list[Holding]


class Units:
    """Counted apart from lots."""

    def __init__(self) -> None:
        self.here: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        self.moving: dict[str, list[Moving]] = {}

    def add(self, account: str, asset: str, quantity: Decimal) -> None:
        self.here[account, asset] += quantity

    def take(self, account: str, asset: str, quantity: Decimal) -> Decimal:
        """Take units out; how many of them were not there."""
        there = max(ZERO, self.here[account, asset])
        self.here[account, asset] -= quantity
        return max(ZERO, quantity - there)

    def forget(self, account: str, asset: str, short: Decimal) -> Decimal:
        """What left without a lot anywhere is told once, as a shortage, and not charged to what
        comes in later; how much of it the account did not have."""
        never_there = min(short, max(ZERO, -self.here[account, asset]))
        self.here[account, asset] += never_there
        return never_there

    def depart(self, event: str, moving: list[Moving]) -> None:
        self.moving[event] = moving

    def arrive(self, event: str) -> None:
        for one in self.moving.pop(event, ()):
            self.add(one.target, one.asset, one.quantity)

    def owned(self) -> Mapping[tuple[str, str], Decimal]:
        """Units by (account, asset); those on their way where they go to."""
        owned = dict(self.here)
        for one in (m for moving in self.moving.values() for m in moving):
            place = (one.target, one.asset)
            owned[place] = owned.get(place, ZERO) + one.quantity
        return owned

    def on_the_way(self) -> dict[int, str]:
        """By id of a lot on its way, the account that it left."""
        rows = (m for moving in self.moving.values() for m in moving)
        return {id(lot): m.source for m in rows for lot in m.lots}
