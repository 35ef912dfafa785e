"""The heaviest matching, and what it loses without a pair, against trying every choice."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.optimum import Optimum, Pair, Weights

WEIGHTS = st.lists(
    st.dictionaries(st.integers(0, 4), st.integers(1, 12) | st.integers(200, 300), max_size=4),
    max_size=5,
)


def _heaviest(weights: Weights, without: Collection[Pair] = (), row: int = 0) -> int:
    """By trying every choice; `without` are pairs that may not be."""
    if row == len(weights):
        return 0
    best = _heaviest(weights, without, row + 1)
    for column, weight in weights[row].items():
        if (row, column) not in without:
            taken = [(r, column) for r in range(row + 1, len(weights))]
            best = max(best, weight + _heaviest(weights, [*without, *taken], row + 1))
    return best


@settings(max_examples=150, deadline=None)
@given(weights=WEIGHTS, alike=st.sets(st.integers(0, 4)))
def test_no_other_matching_weighs_more_and_a_loss_is_what_the_next_best_weighs_less(
    weights: Weights, alike: set[int]
) -> None:
    found = Optimum(weights)
    heaviest = _heaviest(weights)
    assert sum(weights[r][c] for r, c in found.mates.items()) == heaviest
    assert {c: r for r, c in found.mates.items()} == found.owners
    for row, column in found.mates.items():
        other = alike & weights[row].keys() - {column}
        loss, instead = found.without(row, other)
        gone = [(row, c) for c in chain([column], other)]
        assert loss == heaviest - _heaviest(weights, gone)
        if instead is None:  # both are left alone then
            assert loss == weights[row][column]
        else:
            assert instead not in gone
            assert instead[1] in weights[instead[0]]
            assert (instead[0] == row) != (instead[1] == column)


def test_a_long_way_round_is_the_next_best() -> None:
    """Without a-1 the best is a-2, b-3, c-1: three pairs move."""
    weights = [{1: 10, 2: 9}, {2: 10, 3: 9}, {3: 10, 1: 9}]
    found = Optimum(weights)
    assert found.mates == {0: 1, 1: 2, 2: 3}
    assert found.without(0) == (3, (0, 2))
