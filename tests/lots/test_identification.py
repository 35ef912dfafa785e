"""What binds a sale: orders before it, the lots of one sale, and from 2027 on the broker's word."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from syncer.events import Event, Leg
from syncer.lots.engine import replay
from syncer.lots.model import Disposal
from syncer.lots.terms import NamedLot, SaleIdentification, StandingOrder, Terms

D = Decimal
ZONE = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def buy(day: str, usd: str) -> Event:
    legs = (
        Leg("k", "USD", -D(usd), "principal", D(usd)),
        Leg("k", "BTC", D(1), "principal", D(usd)),
    )
    return Event(f"b{day}", "buy", at(day), legs, "", "", "sure")


def sell(when: str, units: str = "1") -> Event:
    usd = D(100) * D(units)
    legs = (Leg("k", "USD", usd, "principal", usd), Leg("k", "BTC", -D(units), "principal", usd))
    return Event(f"s{when}", "sell", at(when), legs, "", "", "sure")


CHEAP, DEAR = buy("2024-01-01", "10"), buy("2024-02-01", "90")


def order(
    rule: str, start: str, given: str | None = None, asset: str | None = None
) -> StandingOrder:
    return StandingOrder("k", asset, rule, at(start), "proved", at(given) if given else None)


def named(
    recorded: str, before: str, day: str = "2024-02-01", given: str | None = None
) -> SaleIdentification:
    lot = NamedLot(at(day), D(1))
    told = at(given) if given else None
    return SaleIdentification("k", "BTC", (lot,), at(recorded), at(before), "proved", told, 1)


def sold(terms: Terms, *sales: Event) -> list[Disposal]:
    return list(replay([CHEAP, DEAR, *sales], terms).disposals)


def test_an_order_binds_sales_after_it_and_not_the_one_at_its_instant() -> None:
    terms = Terms(ZONE, orders=[order("hifo", "2025-03-01")])
    (same,) = sold(terms, sell("2025-03-01"))
    (later,) = sold(terms, sell("2025-03-02"))
    assert (same.basis_usd, same.identification) == (D("10.00"), "none")
    assert (later.basis_usd, later.identification) == (D("90.00"), "proved")


def test_the_newest_order_binds_and_one_for_the_asset_goes_first() -> None:
    orders = [
        order("hifo", "2025-01-01"),
        order("fifo", "2025-02-01"),
        order("lifo", "2025-02-01", asset="BTC"),
    ]
    (one,) = sold(Terms(ZONE, orders=orders), sell("2025-03-01"))
    assert one.basis_usd == D("90.00")
    (one,) = sold(Terms(ZONE, orders=orders[:2]), sell("2025-03-01"))
    assert one.basis_usd == D("10.00")


def test_the_lots_of_one_sale_bind_the_first_sale_in_their_time_only() -> None:
    terms = Terms(ZONE, sales=[named("2025-03-01", "2025-03-05")])
    before, first = sold(terms, sell("2025-02-28", "0.5"), sell("2025-03-02", "0.5"))
    assert (before.basis_usd, before.identification) == (D("5.00"), "none")
    assert (first.basis_usd, first.identification) == (D("45.00"), "proved")
    _, second = sold(terms, sell("2025-03-02", "0.5"), sell("2025-03-03", "0.5"))
    assert (second.basis_usd, second.identification) == (D("5.00"), "none")
    (late,) = sold(terms, sell("2025-03-06"))
    assert late.basis_usd == D("10.00")


def test_what_the_named_lots_leave_follows_the_standing_order() -> None:
    third = buy("2024-03-01", "50")
    terms = Terms(
        ZONE,
        orders=[order("hifo", "2025-01-01")],
        sales=[named("2025-03-01", "2025-03-05", "2024-01-01")],
    )
    found = replay([CHEAP, DEAR, third, sell("2025-03-02", "2")], terms).disposals
    assert [d.basis_usd for d in found] == [D("10.00"), D("90.00")]


@pytest.mark.parametrize(
    ("given", "basis", "gaps"),
    [
        (None, "10.00", ("identification_not_given_to_broker",)),
        ("2027-02-02", "10.00", ("identification_not_given_to_broker",)),  # told after the sale
        ("2026-06-01", "90.00", ()),
    ],
)
def test_from_2027_the_broker_must_have_been_told(
    given: str | None, basis: str, gaps: tuple[str, ...]
) -> None:
    for terms in (
        Terms(ZONE, orders=[order("hifo", "2025-01-01", given)], brokers=frozenset("k")),
        Terms(
            ZONE,
            sales=[named("2027-01-10", "2027-03-01", given=given)],
            brokers=frozenset("k"),
        ),
    ):
        (one,) = sold(terms, sell("2027-02-01"))
        assert (one.basis_usd, one.gaps) == (D(basis), gaps)


def test_until_the_end_of_2026_and_in_a_wallet_the_own_books_suffice() -> None:
    orders = [order("hifo", "2025-01-01")]
    at_a_broker = Terms(ZONE, orders=orders, brokers=frozenset("k"))
    (last,) = sold(at_a_broker, sell("2027-01-01T04:59:59"))  # New Year's Eve in New York
    (first,) = sold(at_a_broker, sell("2027-01-01T05:00:00"))
    (own,) = sold(Terms(ZONE, orders=orders), sell("2027-02-01"))
    assert [d.basis_usd for d in (last, first, own)] == [D("90.00"), D("10.00"), D("90.00")]


def test_a_newer_order_that_the_broker_does_not_know_leaves_the_one_it_knows() -> None:
    orders = [order("lifo", "2025-01-01", "2026-01-01"), order("fifo", "2026-06-01")]
    (one,) = sold(Terms(ZONE, orders=orders, brokers=frozenset("k")), sell("2027-02-01"))
    assert (one.basis_usd, one.gaps) == (D("90.00"), ("identification_not_given_to_broker",))


def test_a_wish_changes_no_sale_and_says_why() -> None:
    (one,) = sold(Terms(ZONE, wish="hifo"), sell("2025-03-01"))
    assert (one.basis_usd, one.gaps) == (D("10.00"), ("method_not_identified",))
