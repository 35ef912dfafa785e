"""A loss that sits behind a gain is not promised; the rule in force decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncer.harvest.opportunities import Limits, Market, opportunities
from syncer.lots.model import Gift, Lot

D = Decimal
NOW = datetime(2025, 12, 1, 17, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")


def lot(id_: str, acquired: datetime, quantity: int, basis: int) -> Lot:
    return Lot(id_, "kraken", "kraken", "ETH", D(quantity), D(basis), acquired, "held", "e")


LOTS = [
    lot("l1", datetime(2024, 11, 1, 12, tzinfo=UTC), 2, 5000),
    lot("l2", datetime(2025, 11, 20, 12, tzinfo=UTC), 1, 4000),
]
PRICE = {"ETH": Market(D(3000), NOW)}


def saved(short: D, long: D) -> D:  # type: ignore[valid-type]
    """A flat 20% on the net, losses included."""
    return D(10_000) + (short + long) / 5


def test_fifo_promises_no_loss_behind_a_gain() -> None:
    found = opportunities(LOTS, PRICE, saved, Limits(), NOW, ZONE, {})
    assert found == []  # the whole queue nets to +1000 - 1000 = 0


def test_hifo_in_force_reaches_the_loss() -> None:
    rules = {("kraken", "ETH"): "hifo"}
    (one,) = opportunities(LOTS, PRICE, saved, Limits(), NOW, ZONE, rules)
    assert (one.quantity, one.loss_short, one.loss_long) == (D(1), D(1000), D(0))
    assert (one.tax_saved, one.cost, one.net_benefit) == (D(200), D(0), D(200))
    assert [x.lot_id for x in one.wash_sale_buys] == ["l2"]  # a note; it blocks nothing


def test_costs_widen_the_loss_and_lower_the_benefit() -> None:
    rules = {("kraken", "ETH"): "hifo"}
    limits = Limits(D(2000), D(50), D(500), D("0.4"))
    (one,) = opportunities(LOTS, PRICE, saved, limits, NOW, ZONE, rules)
    assert (one.loss_short, one.cost) == (D("1012.00"), D("12.00"))
    assert one.net_benefit == D("202.40") - D("12.00")
    assert one.reasons == (
        "below_min_loss_usd",
        "below_min_loss_percent",
        "below_min_benefit_usd",
    )


def test_unknown_income_gives_the_loss_without_a_tax() -> None:
    rules = {("kraken", "ETH"): "hifo"}
    (one,) = opportunities(LOTS, PRICE, lambda s, x: None, Limits(), NOW, ZONE, rules)
    assert (one.tax_saved, one.net_benefit) == (None, None)
    assert "tax_not_computable" in one.reasons


def test_holding_without_a_price_is_listed_with_the_reason() -> None:
    (one,) = opportunities(LOTS, {}, saved, Limits(), NOW, ZONE, {})
    assert (one.quantity, one.value, one.reasons) == (D(3), None, ("no_price",))


def test_pool_of_two_accounts_gives_what_its_queue_gives() -> None:
    """The cheap lot of account b is first in the broker's queue, so a sale at a gains."""
    old = replace(lot("l1", datetime(2024, 1, 1, tzinfo=UTC), 1, 1000), account="b", pool="broker")
    new = replace(lot("l2", datetime(2025, 6, 1, tzinfo=UTC), 1, 4000), account="a", pool="broker")
    assert opportunities([old, new], PRICE, saved, Limits(), NOW, ZONE, {}) == []


def test_nothing_is_promised_beyond_a_lot_whose_basis_is_not_known() -> None:
    unknown = replace(LOTS[0], basis_usd=None)
    (one,) = opportunities([unknown, LOTS[1]], PRICE, saved, Limits(), NOW, ZONE, {})
    assert (one.quantity, one.loss, one.reasons) == (D(3), D(0), ("basis_not_known",))


def test_gift_below_its_value_loses_from_the_gifts_date() -> None:
    given = datetime(2025, 11, 1, tzinfo=UTC)
    gift = replace(LOTS[0], quantity=D(1), basis_usd=D(5000), gift=Gift(given, D(4000)))
    (one,) = opportunities([gift], PRICE, saved, Limits(), NOW, ZONE, {})
    assert (one.loss_short, one.loss_long) == (D(1000), D(0))
