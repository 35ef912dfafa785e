"""A loss that sits behind a gain is not promised; the rule in force decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from syncer.harvest.market import Costs, Market
from syncer.harvest.opportunities import How, opportunities
from syncer.harvest.opportunity import Limits, Opportunity
from syncer.lots.model import Gift, Lot
from tests.harvest.years import two_years

D = Decimal
NOW = datetime(2025, 12, 1, 17, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
# 100,000 of ordinary income and 2,000 of short-term gain: a dollar of loss saves 22 cents
HOW = How(two_years(2025, ordinary_income=D(100_000), other_short_term=D(2_000)), ZONE)


def lot(id_: str, acquired: datetime, quantity: int, basis: int) -> Lot:
    return Lot(id_, "kraken", "kraken", "ETH", D(quantity), D(basis), acquired, "held", "e")


LOTS = [
    lot("l1", datetime(2024, 11, 1, 12, tzinfo=UTC), 2, 5000),
    lot("l2", datetime(2025, 11, 20, 12, tzinfo=UTC), 1, 4000),
]
PRICE = {"ETH": Market(D(3000), NOW)}
HIFO = {("kraken", "ETH"): "hifo"}


def found(lots: list[Lot], prices: dict[str, Market] = PRICE, **how: Any) -> list[Opportunity]:
    return opportunities(lots, prices, replace(HOW, **how), NOW)


def test_fifo_promises_no_loss_behind_a_gain() -> None:
    assert found(LOTS) == []  # the whole queue nets to +1000 - 1000 = 0


def test_hifo_in_force_reaches_the_loss() -> None:
    (one,) = found(LOTS, rules=HIFO, bought=frozenset("e"))
    assert (one.quantity, one.loss_short, one.loss_long) == (D(1), D(1000), D(0))
    assert (one.tax_saved, one.cost, one.net_benefit) == (D(220), D(0), D(220))
    assert [x.lot_id for x in one.wash_sale_buys] == ["l2"]  # a note; it blocks nothing


def test_costs_widen_the_loss_and_lower_the_benefit() -> None:
    limits = Limits(D(2000), D(50), D(500))
    (one,) = found(LOTS, rules=HIFO, limits=limits, costs=lambda account: Costs(D("0.4")))
    assert (one.loss_short, one.cost) == (D("1012.00"), D("12.00"))
    assert one.net_benefit == D("222.64") - D("12.00")
    assert one.reasons == (
        "below_min_loss_usd",
        "below_min_loss_percent",
        "below_min_benefit_usd",
    )


def test_unknown_income_gives_the_loss_without_a_tax() -> None:
    (one,) = found(LOTS, rules=HIFO, taxes=two_years(2025))
    assert (one.tax_saved, one.net_benefit) == (None, None)
    assert "tax_not_computable" in one.reasons


def test_holding_without_a_price_is_listed_with_the_reason() -> None:
    (one,) = found(LOTS, {})
    assert (one.quantity, one.value, one.reasons) == (D(3), None, ("no_price",))


def test_pool_of_two_accounts_gives_what_its_queue_gives() -> None:
    """The cheap lot of account b is first in the broker's queue, so a sale at a gains."""
    old = replace(lot("l1", datetime(2024, 1, 1, tzinfo=UTC), 1, 1000), account="b", pool="broker")
    new = replace(lot("l2", datetime(2025, 6, 1, tzinfo=UTC), 1, 4000), account="a", pool="broker")
    assert found([old, new]) == []


def test_nothing_is_promised_beyond_a_lot_whose_basis_is_not_known() -> None:
    unknown = replace(LOTS[0], basis_usd=None)
    (one,) = found([unknown, LOTS[1]])
    assert (one.quantity, one.loss, one.reasons) == (D(3), D(0), ("basis_not_known",))


def test_gift_below_its_value_loses_from_the_gifts_date() -> None:
    given = datetime(2025, 11, 1, tzinfo=UTC)
    gift = replace(LOTS[0], quantity=D(1), basis_usd=D(5000), gift=Gift(given, D(4000)))
    (one,) = found([gift])
    assert (one.loss_short, one.loss_long) == (D(1000), D(0))
