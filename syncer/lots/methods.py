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

Key = Callable[[Holding], tuple[Any, ...]]


def _unit_basis(holding: Holding) -> Decimal:
    """Basis per unit, fees included; one that is not known counts as nothing. At 100 digits the
    quotients of two lots are equal only if the ratios are."""
    return (holding.basis or ZERO) / holding.whole


# Lots of one instant are told apart by what they are, so that the same history gives the same
# slices from whatever source it was read; ids differ between sources.


def fifo(holding: Holding) -> tuple[Any, ...]:
    return holding.acquired_at, holding.basis or ZERO, holding.whole, holding.lot_id


def lifo(holding: Holding) -> tuple[Any, ...]:
    newest = -holding.acquired_at.timestamp()  # only orders, no money
    return newest, holding.basis or ZERO, holding.whole, holding.lot_id


def hifo(holding: Holding) -> tuple[Any, ...]:
    return (
        -_unit_basis(holding),
        holding.acquired_at,
        holding.basis or ZERO,
        holding.whole,
        holding.lot_id,
    )


def lofo(holding: Holding) -> tuple[Any, ...]:
    return (
        _unit_basis(holding),
        holding.acquired_at,
        holding.basis or ZERO,
        holding.whole,
        holding.lot_id,
    )


METHODS: dict[str, Key] = {"fifo": fifo, "lifo": lifo, "hifo": hifo, "lofo": lofo}

__all__ = ["METHODS", "Key"]
