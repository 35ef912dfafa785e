"""A year at three brokers: every planted deviation is found and named, and nothing else is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncer.reconcile.model import AWAITED, NOT_THEIRS, REPORTED, RIGHTLY, Reconciliation
from syncer.reconcile.summary import unexplained
from tests.reconcile.brokers import World, found_by_product, history
from tests.reconcile.deviations import DEVIATIONS

# follow from others: a line that takes another lot has its own term and dates
WITH = {"transferred_in_order": {"wrong_term", "basis_unknown_to_broker"}}
WITH |= {"method_difference": {"wrong_term"}}


def _named(found: Reconciliation) -> set[tuple[str, str]]:
    return {(x.line.key, k) for x in found.lines for k in x.kinds if k != "rounding"}


def _check(world: World) -> None:
    found, disposals = found_by_product(world)
    allowed = {(key, k) for key, kind in world.named for k in WITH.get(kind, ())}
    named = _named(found)
    assert named - allowed == world.named
    assert unexplained(found.lines) == world.unexplained
    silent = {e for e, _ in world.silent}
    for one in disposals:
        wanted = (NOT_THEIRS, RIGHTLY) if one.event_id in silent else (REPORTED,)
        assert found.statuses[one.disposal_id] in wanted, one
        assert found.statuses[one.disposal_id] != AWAITED
    kinds = {kind for _, kind in world.silent}
    assert {g.kind for g in found.gaps if g.line is None} == kinds
    _rows_add_up(found, world)


def _rows_add_up(found: Reconciliation, world: World) -> None:
    """(d) of all rows of a line is the line's proceeds, or more where more was received."""
    sums: dict[str, Decimal] = {}
    for rows in found.reported.values():
        for row in rows:
            if row.line:
                sums[row.line] = sums.get(row.line, Decimal(0)) + (row.proceeds or Decimal(0))
    for result in found.lines:
        if result.pieces:
            assert sums[result.line.key] >= result.line.amount - Decimal("0.01"), result.line


@pytest.mark.parametrize("seed", range(3))
def test_a_plain_year_has_no_difference(seed: int) -> None:
    _check(history(seed, 120))


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_alone_is_named(name: str) -> None:
    world = history(len(name), 40)
    DEVIATIONS[name](world)
    _check(world)


@pytest.mark.parametrize("seed", range(6))
def test_all_deviations_together_are_named(seed: int) -> None:
    world = history(seed + 50, 150)
    order = list(DEVIATIONS.values())
    world.random.shuffle(order)
    for plant in order:
        plant(world)
    _check(world)
