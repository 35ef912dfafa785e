"""Several coins on one side of an exchange, and money beside coins.

The numbers, at 100 dollars a unit of any coin: 1 BTC and 5 ETH for 150 dollars cost 25 and 125; a
fee of 6 adds 1 and 5. 1 BTC and 50 dollars for 2 ETH: the BTC brings 200 - 50 = 150, the ETH costs
200. 1 BTC and 50 dollars spent: the BTC brings what it was worth, 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connectors.records import Entry, Role
from syncer.events import event_id
from syncer.ledger.decisions import Decision
from syncer.ledger.derive import Derived, finish, name_events
from syncer.ledger.review import queue
from syncer.ledger.rules import Treatments
from syncer.ledger.values import Asked, Quote
from syncer.lots.terms import Terms

D = Decimal
AT = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Hundred:
    """A market where every listed coin is worth a hundred dollars."""

    def get(self, key: Asked, /) -> Quote | None:
        return None if ":" in key[0] else Quote(D(100), "a market")


def _done(
    *moved: tuple[str, str], kind: str = "trade", answer: str | None = None, fee: str = ""
) -> Derived:
    """Ten of each coin were there, of a basis of 10 dollars each."""
    rows: list[tuple[str, str, Role]] = [(a, q, "principal") for a, q in moved]
    rows += [("USD", fee, "fee")] if fee else []
    entries = [Entry("k", "1", "k", a, D(q), AT, role, kind, f"{a}{role}") for a, q, role in rows]
    held = [
        Entry("k", a, "k", coin, D(q), AT.replace(year=2024), "principal", "trade", coin)
        for a in ("BTC", "ETH")
        for coin, q in ((a, "10"), ("USD", "-100"))
    ]
    said = [Decision(f"unknown_event:{event_id('k', '1')}", answer, AT)] if answer else []
    events = name_events([*held, *entries], said, Treatments())
    return finish(entries, events, Hundred(), Terms(ZoneInfo("America/New_York")))


def _bought(done: Derived) -> dict[str, Decimal | None]:
    return {x.asset: x.basis_usd for x in done.lots if x.acquired_at == AT}


def _sold(done: Derived) -> Sequence[tuple[str, str, Decimal | None]]:
    return [(d.asset, d.kind, d.proceeds_usd) for d in done.disposals]


def test_several_coins_for_money_cost_what_was_paid() -> None:
    done = _done(("BTC", "1"), ("ETH", "5"), ("USD", "-150"))
    assert _bought(done) == {"BTC": D("25.00"), "ETH": D("125.00")}
    done = _done(("BTC", "1"), ("ETH", "5"), ("USD", "-150"), fee="-6")
    assert _bought(done) == {"BTC": D("26.00"), "ETH": D("130.00")}
    odd = _bought(_done(("BTC", "1"), ("ETH", "1"), ("LTC", "1"), ("USD", "-100")))
    assert sorted(v for v in odd.values() if v) == [D("33.33"), D("33.33"), D("33.34")]


def test_one_without_a_price_among_several_leaves_a_gap_and_no_guess() -> None:
    done = _done(("BTC", "1"), ("k:FOO", "5"), ("USD", "-150"))
    assert _bought(done)["k:FOO"] is None
    assert "no_price" in done.events[-1].gaps


def test_money_that_was_paid_beside_a_coin_is_not_what_the_coin_brought() -> None:
    done = _done(("BTC", "-1"), ("USD", "-50"), ("ETH", "2"), answer="exchange")
    assert _sold(done) == [("BTC", "swap", D("150.00"))]
    assert _bought(done) == {"ETH": D("200.00")}
    back = _done(("BTC", "-1"), ("USD", "50"), ("ETH", "2"), answer="exchange")
    assert _sold(back) == [("BTC", "swap", D("250.00"))]
    change = _done(("BTC", "1"), ("USD", "-150"), ("EUR", "0.1"), answer="exchange")
    assert _bought(change) == {"BTC": D("140.00")}


def test_more_money_than_the_coin_is_worth_is_a_gap_that_is_asked_about() -> None:
    done = _done(("BTC", "-1"), ("USD", "-150"), ("ETH", "1"), answer="exchange")
    assert "no_price" in done.events[-1].gaps
    asked = queue(done.events, done.disposals, ())
    assert [(i.kind, i.asset) for i in asked] == [("no_price", "BTC"), ("no_price", "ETH")]


def test_what_was_spent_brings_its_own_worth() -> None:
    done = _done(("BTC", "-1"), ("USD", "-50"), kind="unknown:x", answer="spend")
    assert _sold(done) == [("BTC", "spend", D("100.00"))]


@pytest.mark.parametrize("answer", ["exchange", None])
def test_two_coins_for_one_share_what_it_is_worth(answer: str | None) -> None:
    kind = "unknown:x" if answer else "trade"
    done = _done(("BTC", "-1"), ("ETH", "-3"), ("LTC", "2"), kind=kind, answer=answer)
    assert _sold(done) == [("BTC", "swap", D("50.00")), ("ETH", "swap", D("150.00"))]
    assert _bought(done) == {"LTC": D("200.00")}
