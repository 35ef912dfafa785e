"""Netting, carryover, brackets: the worked numbers of the rules, and identities."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UsageError
from config.tax_law import tax_year
from syncer.tax.federal import Taxpayer, federal_tax, state_tax
from syncer.tax.netting import Carryover, carryover, net
from syncer.tax.year import Years

D = Decimal
money = st.integers(-(10**7), 10**7).map(lambda n: D(n).scaleb(-2))


@pytest.mark.parametrize(
    ("income", "short", "long", "limit", "line_21", "carried"),
    [
        # Pub. 550, Bob and Shelly; the rest by the Capital Loss Carryover Worksheet
        ("26000", "-7000", "0", "3000", "3000", ("4000", "0")),
        ("26000", "0", "-7000", "3000", "3000", ("0", "4000")),
        ("26000", "-2000", "0", "3000", "2000", ("0", "0")),
        ("50000", "-1000", "-6000", "3000", "3000", ("0", "4000")),
        ("50000", "-2000", "-5000", "3000", "3000", ("0", "4000")),
        ("50000", "-10000", "4000", "3000", "3000", ("3000", "0")),
        ("50000", "2000", "-9000", "3000", "3000", ("0", "4000")),
        ("-1000", "-5000", "-4000", "3000", "3000", ("3000", "4000")),
        ("-5000", "-5000", "-4000", "3000", "3000", ("5000", "4000")),
        ("50000", "-4000", "-2000", "1500", "1500", ("2500", "2000")),
    ],
)
def test_carryover_worksheet(
    income: str, short: str, long: str, limit: str, line_21: str, carried: tuple[str, str]
) -> None:
    year = net(D(short), D(long), Carryover(), D(limit))
    assert year.line_21 == D(line_21)
    assert carryover(year, D(income)) == Carryover(D(carried[0]), D(carried[1]))


@pytest.mark.parametrize(
    ("year", "status", "ordinary", "long", "tax"),
    [
        (2025, "single", "40000", "20000", "6309.00"),
        (2026, "single", "40000", "20000", "6134.50"),
        (2026, "single", "40000", "9450", "4552.00"),
    ],
)
def test_long_term_gains_stack_on_top(
    year: int, status: str, ordinary: str, long: str, tax: str
) -> None:
    who = Taxpayer(status, D(ordinary))
    found = federal_tax(who, D(0), net(D(0), D(long), Carryover(), D(3000)), tax_year(year))
    assert found == D(tax)


def test_joint_with_the_20_percent_rate_and_niit() -> None:
    who = Taxpayer("joint", D(500_000), magi=D(250_000))
    year = net(D(0), D(200_000), Carryover(), D(3000))
    assert federal_tax(who, D(0), year, tax_year(2026)) == D("147227.00")
    # MAGI by default: 700,000 - 250,000 = 450,000 over; 3.8% of the 200,000 gain is 7,600
    who = Taxpayer("joint", D(500_000))
    assert federal_tax(who, D(0), year, tax_year(2026)) == D("154827.00")


def test_loss_lowers_ordinary_tax_by_at_most_the_limit() -> None:
    who = Taxpayer("single", D(60_000), state_rate=D("0.05"))
    year = net(D(-10_000), D(0), Carryover(), D(3000))
    # 57,000: 1,192.50 + 12% x 36,550 = 4,386.00 + 22% x 8,525 = 1,875.50
    assert federal_tax(who, D(0), year, tax_year(2025)) == D("7454.00")
    assert state_tax(who, D(0), year) == D("2850.00")


def test_no_tax_is_guessed_without_ordinary_income() -> None:
    year = net(D(5), D(0), Carryover(), D(3000))
    assert federal_tax(Taxpayer("single"), D(0), year, tax_year(2025)) is None


def test_year_without_a_table_is_refused_with_what_to_add() -> None:
    with pytest.raises(UsageError, match=r"no tax figures for 2027 .* add config/tax_years/2027"):
        tax_year(2027)


def test_losses_carry_from_year_to_year_by_themselves() -> None:
    years = Years(
        gains={2022: (D(-9000), D(0)), 2025: (D(1000), D(-500))},
        income={},
        who=lambda year: Taxpayer("single", D(50_000)),
        law=tax_year,
        limit=lambda status: D(3000),
    )
    # 2022 uses 3,000, 2023 uses 3,000, 2024 uses 3,000: nothing is left for 2025
    assert years.result(2024).brought == Carryover(D(3000), D(0))
    assert years.result(2025).brought == Carryover()
    assert years.result(2025).netting.line_16 == D(500)


def test_carryover_that_a_person_states_starts_the_chain() -> None:
    years = Years(
        gains={2020: (D(-90_000), D(0)), 2024: (D(0), D(0))},
        income={},
        who=lambda year: Taxpayer("single", D(50_000)),
        law=tax_year,
        limit=lambda status: D(3000),
        start=2024,
        brought=Carryover(D(4000), D(100)),
    )
    assert years.result(2024).brought == Carryover(D(4000), D(100))
    assert years.result(2025).brought == Carryover(D(1000), D(100))


@given(money, money, money.map(abs), money.map(abs))
def test_schedule_d_identities(short: D, long: D, in_short: D, in_long: D) -> None:  # type: ignore[valid-type]
    year = net(short, long, Carryover(in_short, in_long), D(3000))
    assert year.line_16 == short + long - in_short - in_long
    assert 0 <= year.line_21 <= 3000
    carried = carryover(year, None)
    # with income enough, a loss is deducted or carried, never lost and never doubled
    assert carried.short + carried.long == max(D(0), -year.line_16) - year.line_21
    assert carried.short == 0 or year.line_7 < 0
    assert carried.long == 0 or year.line_15 < 0
