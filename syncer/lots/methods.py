"""Which lot a sale takes: each rule is a sort key, smallest first.

FIFO by acquisition date is the default of Reg. 1.1012-1(j)(2) and (3)(i); the others bind only
under an identification.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from syncer.lots.model import Holding

Key = Callable[[Holding], Any]


def _unit_basis(holding: Holding) -> Fraction:
    """Basis per unit; one that is not known counts as nothing."""
    return Fraction(holding.basis or 0) / Fraction(holding.whole)


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
