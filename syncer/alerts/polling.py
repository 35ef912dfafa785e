"""How soon to look at prices again: sooner while they move. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from config.exact import ZERO

SOONEST = timedelta(minutes=1)
# from which move between two looks on, and into how many parts the usual time is cut
_STEPS = ((Decimal("0.05"), 15), (Decimal("0.02"), 5), (Decimal("0.01"), 2))


def next_look(
    usual: timedelta, before: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> timedelta:
    """At most the usual time, and never sooner than a minute unless that is usual."""
    moves = (abs(after[a] - p) / p for a, p in before.items() if a in after and p)
    move = max(moves, default=ZERO)
    parts = next((parts for least, parts in _STEPS if move >= least), 1)
    return max(usual / parts, min(usual, SOONEST))
