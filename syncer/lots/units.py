"""How many units lie in each account while lots are kept for all accounts together (before 2025).

Under the universal way a sale in one account may use up a lot that is shown in another, so units
and lots part ways until the change-over.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from config.exact import ZERO


class Units:
    """Counted apart from lots; never less than none."""

    def __init__(self) -> None:
        self.here: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        self._moving: dict[str, list[tuple[str, str, Decimal]]] = defaultdict(list)

    def add(self, account: str, asset: str, quantity: Decimal) -> None:
        self.here[account, asset] += quantity

    def take(self, account: str, asset: str, quantity: Decimal) -> Decimal:
        """Take out what is there, at most `quantity`; how much that was."""
        found = min(quantity, self.here[account, asset])
        self.here[account, asset] -= found
        return found

    def depart(self, event: str, account: str, asset: str, quantity: Decimal) -> None:
        """Units on their way to an account."""
        self._moving[event].append((account, asset, quantity))

    def arrive(self, event: str) -> None:
        for account, asset, quantity in self._moving.pop(event, ()):
            self.add(account, asset, quantity)
