"""The lots that a sale now would take, in the order of the rule that binds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncer.harvest.order import in_order, prefix
from syncer.lots.model import Gift, Lot

D = Decimal
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def lot(name: str, year: int, basis: int, gift: Gift | None = None) -> Lot:
    acquired = datetime(year, 1, 2, 12, tzinfo=UTC)
    return Lot(name, "a", "a", "BTC", D(1), D(basis), acquired, "held", "e", gift)


def tax_with(short: Decimal, long: Decimal) -> Decimal:
    return short * D("0.24") + long * D("0.15")


def order(lots: list[Lot], rule: str, price: int) -> list[str]:
    return [x.lot_id for x in in_order(lots, rule, D(price), tax_with, NOW, ZONE)]


def test_tax_min_weighs_term_against_basis() -> None:
    lots = [lot("long", 2020, 100), lot("short", 2025, 130)]
    # at 200: 100 at 15% is 15.00, 70 at 24% is 16.80; at 180: 80 is 12.00, 50 is 12.00
    assert order(lots, "tax_min", 200) == ["long", "short"]
    assert order(lots, "tax_min", 170) == ["short", "long"]
    assert order(lots, "hifo", 200) == ["short", "long"]


def test_tax_min_measures_a_gifts_loss_from_its_value() -> None:
    given = Gift(datetime(2025, 3, 1, 12, tzinfo=UTC), D(50))
    lots = [lot("gift", 2020, 100, given), lot("bought", 2023, 90)]
    # at 60 the gift has neither gain nor loss, the other a loss of 30
    assert order(lots, "tax_min", 60) == ["bought", "gift"]
    parts = prefix(in_order(lots, "tax_min", D(60), tax_with, NOW, ZONE), D(2), D(60), NOW, ZONE)
    assert parts is not None
    assert [(p.gain, p.term) for p in parts] == [(D("-30.00"), "long"), (D("0.00"), "long")]
