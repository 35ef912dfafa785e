"""tax_min against every way there is: no choice of lots costs less."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from config.exact import ZERO
from config.tax_law import tax_year
from syncer.lots.minimise import Offer, least_taxed
from syncer.tax.federal import Taxpayer, federal_tax
from syncer.tax.netting import Carryover, net

D = Decimal
LAW = tax_year(2025)
gains = st.integers(-9_000, 9_000).map(D)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(gains, max_size=4),
    st.lists(gains, max_size=4),
    st.integers(1, 6),
    gains,
    gains,
    st.sampled_from((0, 40_000, 47_000, 600_000)),
)
def test_no_choice_of_lots_costs_less(
    short: list[Decimal],
    long: list[Decimal],
    units: int,
    short_so_far: Decimal,
    long_so_far: Decimal,
    income: int,
) -> None:
    who = Taxpayer(ordinary_income=D(income))

    def tax(more_short: Decimal, more_long: Decimal) -> Decimal:
        year = net(
            short_so_far + more_short,
            long_so_far + more_long,
            Carryover(),
            LAW.loss_limit["single"],
        )
        return federal_tax(who, ZERO, year, LAW) or ZERO

    lots = [("short", g) for g in short] + [("long", g) for g in long]
    count = min(units, len(lots))
    every = [
        tax(
            sum((g for t, g in some if t == "short"), ZERO),
            sum((g for t, g in some if t == "long"), ZERO),
        )
        for some in combinations(lots, count)
    ]
    offers = [[Offer(("short", g), D(1), g) for g in sorted(short)]]
    offers.append([Offer(("long", g), D(1), g) for g in sorted(long)])
    chosen = least_taxed(offers[0], offers[1], D(units), tax)
    assert sum(part for _, part in chosen) == count
    taken = {t: sum((g * q for (u, g), q in chosen if u == t), ZERO) for t in ("short", "long")}
    assert tax(taken["short"], taken["long"]) == min(every)


def test_lot_sold_in_part_comes_last() -> None:
    short, long = [Offer("s", D(2), D(1))], [Offer("l", D(2), D(1))]
    chosen = least_taxed(short, long, D(3), lambda short, long: short * 2 + long)
    assert chosen == [("l", D(2)), ("s", D(1))]
    chosen = least_taxed(short, long, D(3), lambda short, long: short + long * 2)
    assert chosen == [("s", D(2)), ("l", D(1))]
