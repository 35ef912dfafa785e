"""A loss that sits behind a gain is not promised; the rule in force decides."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncer.harvest.opportunities import Limits, Market, opportunities
from syncer.lots.model import Lot

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
