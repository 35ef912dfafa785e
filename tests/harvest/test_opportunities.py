"""A loss that sits behind a gain is not promised; the rule in force decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from syncer.harvest.identifying import if_identified
from syncer.harvest.market import Costs, Market
from syncer.harvest.opportunities import How, opportunities
from syncer.harvest.opportunity import Limits, Opportunity
from syncer.lots.model import Gift, Lot
from syncer.tax.netting import Carryover
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
RICH = two_years(2025, ordinary_income=D(100_000), other_short_term=D(50_000))
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


def test_tax_min_takes_the_lots_that_the_engine_takes_at_the_limit_of_a_loss() -> None:
    """Of two lots that save nothing this year the one with the greater loss is worth more later:
    40,000 short-term rather than 4,000 long-term."""
    lots = [lot("old", datetime(2024, 2, 1, tzinfo=UTC), 1, 14_000),
            lot("new", datetime(2025, 3, 1, tzinfo=UTC), 1, 50_000)]  # fmt: skip
    taxes = two_years(2025, Carryover(D(5000), D(0)), ordinary_income=D(100_000))
    rules = {("kraken", "ETH"): "tax_min"}
    sale = found(lots, {"ETH": Market(D(10_000), NOW)}, taxes=taxes, rules=rules)[0]
    if sale.quantity == 1:
        assert (sale.loss_short, sale.loss_long) == (D(40_000), D(0))
    else:
        assert (sale.loss_short, sale.loss_long) == (D(40_000), D(4000))


def test_what_pays_nothing_this_year_is_no_smaller_than_the_smallest_sale() -> None:
    """0.01 of a coin loses 8 dollars, and what comes after it gains."""
    small = replace(lot("s", datetime(2025, 1, 1, tzinfo=UTC), 1, 9), quantity=D("0.01"))
    big = lot("b", datetime(2025, 2, 1, tzinfo=UTC), 1, 50)
    price = {"ETH": Market(D(100), NOW)}
    least = replace(HOW, costs=lambda account: Costs(min_sale=D(5)), taxes=two_years(2025))
    (one,) = opportunities([small, big], price, least, NOW)
    assert one.quantity >= D("0.05")
    assert one.loss > 0


def test_named_lots_are_no_more_than_the_account_holds() -> None:
    """Account a holds one of the pool's five: it is offered one unit of what loses most."""
    old, middle, dear = (
        replace(lot(f"l{day}", datetime(2025, 2, day, tzinfo=UTC), 2, basis), pool="broker")
        for day, basis in ((1, 2000), (2, 7000), (3, 8000))
    )
    at_a = replace(old, account="a", quantity=D(1), basis_usd=D(1000))
    lots = [at_a, *(replace(x, account="b") for x in (middle, dear))]
    offers = if_identified(lots, PRICE, replace(HOW, taxes=RICH), NOW, [])
    assert [(o.sale.account, o.sale.quantity, o.sale.loss) for o in offers] == [
        ("b", D(4), D(3000)), ("a", D(1), D(1000)),
    ]  # fmt: skip


def test_twins_that_cost_a_fraction_of_a_cent_are_told_apart() -> None:
    at = datetime(2025, 3, 1, 12, tzinfo=UTC)
    twins = [lot("x", at, 100_000_000, 2000), lot("y", at, 100_000_000, 4000)]
    twins = [replace(t, asset="SHIB") for t in twins]
    prices = {"SHIB": Market(D("0.00003"), NOW)}
    (offer,) = if_identified(twins, prices, HOW, NOW, found(twins, prices))
    assert "--lot 2025-03-01T12:00:00Z:100000000@0.00004 " in offer.command


def test_a_told_magi_goes_down_with_the_gains() -> None:
    """150,000 and 80,000 of short-term gain, MAGI 240,000: 60,000 less saves the brackets' 16,658
    and all of the NIIT, 3.8% of 40,000."""
    who = {"ordinary_income": D(150_000), "other_short_term": D(80_000), "magi": D(240_000)}
    year = two_years(2026, **who)
    untold = two_years(2026, **{k: v for k, v in who.items() if k != "magi"})
    assert year.tax_saved(D(-60_000), D(0)) == D(16_658) + D(1520)
    assert untold.tax_saved(D(-60_000), D(0)) == D(16_658) + D(1140)
    assert year.now.moved(D(-60_000), D(0)).tax(D(0), D(0)) == year.now.tax(D(-60_000), D(0))
