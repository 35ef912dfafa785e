"""Which lot a sale takes: each rule is a sort key, smallest first.

FIFO by acquisition date is the default of Reg. 1.1012-1(j)(2) and (3)(i); the others bind only
under an identification.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from config.exact import ZERO
from syncer.lots.model import Holding

Key = Callable[[Holding], Any]


def _unit_basis(holding: Holding) -> Decimal:
    """Basis per unit, fees included; one that is not known counts as nothing. At 100 digits the
    quotients of two lots are equal only if the ratios are."""
    return (holding.basis or ZERO) / holding.whole


def fifo(holding: Holding) -> Any:
    return (holding.acquired_at, holding.lot_id)


def lifo(holding: Holding) -> Any:
    return (-holding.acquired_at.timestamp(), holding.lot_id)  # only orders, no money


def hifo(holding: Holding) -> Any:
    return (-_unit_basis(holding), holding.acquired_at, holding.lot_id)


def lofo(holding: Holding) -> Any:
    return (_unit_basis(holding), holding.acquired_at, holding.lot_id)


METHODS: dict[str, Key] = {"fifo": fifo, "lifo": lifo, "hifo": hifo, "lofo": lofo}

__all__ = ["METHODS", "Key"]
