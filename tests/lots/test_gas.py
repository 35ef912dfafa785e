"""Gas is paid from coins that were there, also where the same coin comes in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from syncer.events import Event, Leg
from syncer.lots.engine import replay
from syncer.lots.terms import Terms

D = Decimal


def event(name: str, kind: str, day: int, *legs: Leg, beside: bool = False) -> Event:
    at = datetime(2025, 1, day, 12, tzinfo=UTC)
    return Event(name, kind, at, legs, "r", "", "sure", parts=(name,), fees_beside=beside)


def leg(asset: str, quantity: str, usd: str, role: str = "principal") -> Leg:
    return Leg("w", asset, D(quantity), role, D(usd))  # type: ignore[arg-type]


HISTORY = (
    event("eth", "buy", 2, leg("USD", "-1000", "1000"), leg("ETH", "1", "1000")),
    event("tok", "buy", 3, leg("USD", "-100", "100"), leg("UNI", "10", "100")),
)
SWAP = (leg("UNI", "-10", "300"), leg("ETH", "0.1", "300"), leg("ETH", "-0.01", "30", "fee"))


@pytest.mark.parametrize(
    ("beside", "kind", "basis", "gain", "received"),
    [
        # 0.01 of the old ETH: basis 1000 x 0.01 = 10.00, worth 30.00; all 0.1 ETH stay, 300.00
        (True, "fee", "10.00", "20.00", ("0.1", "300.00")),
        # 0.01 of the ETH just received: 30.00 for 30.00; 0.09 ETH stay with 270.00
        (False, "fee_withheld", "30.00", "0.00", ("0.09", "270.00")),
    ],
)
def test_gas_and_withheld_fee_in_the_coin_received(
    beside: bool, kind: str, basis: str, gain: str, received: tuple[str, str]
) -> None:
    found = replay(
        [*HISTORY, event("swap", "trade", 9, *SWAP, beside=beside)], Terms(ZoneInfo("UTC"))
    )
    uni, fee = found.disposals
    assert (uni.proceeds_usd, uni.basis_usd) == (D("270.00"), D("100.00"))
    assert (fee.kind, fee.basis_usd, fee.gain_usd) == (kind, D(basis), D(gain))
    new = found.lots[-1]
    assert (new.source_event, new.quantity, new.basis_usd) == (
        "swap",
        D(received[0]),
        D(received[1]),
    )


def test_what_several_coins_bring_adds_up_to_the_cent() -> None:
    legs = (leg("A", "-1", "1"), leg("B", "-1", "1"), leg("C", "-1", "1"), leg("USD", "10", "10"))
    bought = [event(x, "buy", 2, leg("USD", "-1", "1"), leg(x, "1", "1")) for x in ("A", "B", "C")]
    found = replay([*bought, event("s", "sell", 9, *legs)], Terms(ZoneInfo("UTC")))
    assert [d.proceeds_usd for d in found.disposals] == [D("3.33"), D("3.34"), D("3.33")]


def test_lots_of_a_pool_may_lie_in_two_accounts() -> None:
    """FIFO runs over the pool; the account that sold has less afterwards, the other the same."""

    def at(account: str, one: Leg) -> Leg:
        return Leg(account, one.asset, one.quantity, one.role, one.usd)

    events = [
        event("old", "buy", 2, at("a", leg("USD", "-10", "10")), at("a", leg("BTC", "1", "10"))),
        event("new", "buy", 3, at("b", leg("USD", "-20", "20")), at("b", leg("BTC", "1", "20"))),
        event("s", "sell", 9, at("b", leg("BTC", "-1", "50")), at("b", leg("USD", "50", "50"))),
    ]
    found = replay(events, Terms(ZoneInfo("UTC"), pools={"a": "broker", "b": "broker"}))
    (sold,) = found.disposals
    assert (sold.account, sold.basis_usd) == ("b", D("10.00"))
    assert [(x.account, x.quantity, x.basis_usd) for x in found.lots] == [("a", D(1), D("20.00"))]


def test_fee_of_the_instant_waits_for_the_coins_that_pay_it() -> None:
    """Bare dates: a transfer to w and a fee at w fall on the same noon."""
    move = event(
        "1move",
        "transfer",
        9,
        Leg("a", "ETH", D(-1), "principal"),
        Leg("w", "ETH", D(1), "principal"),
    )
    buy = event(
        "buy",
        "buy",
        2,
        Leg("a", "USD", D(-1000), "principal", D(1000)),
        Leg("a", "ETH", D(1), "principal", D(1000)),
    )
    gas = event("0gas", "fee", 9, leg("ETH", "-0.01", "30", "fee"))
    found = replay([move, buy, gas], Terms(ZoneInfo("UTC")))
    (fee,) = found.disposals
    assert (fee.basis_usd, fee.gaps) == (D("10.00"), ())
    assert [(x.account, x.quantity) for x in found.lots] == [("w", D("0.99"))]


def test_many_trades_of_one_instant_are_replayed_in_reasonable_time() -> None:
    bought = event("buy", "buy", 2, leg("USD", "-1000", "1000"), leg("ETH", "1000", "1000"))
    sold = [
        event(f"s{n}", "sell", 9, leg("ETH", "-1", "1"), leg("USD", "1", "1")) for n in range(1000)
    ]
    found = replay([bought, *sold], Terms(ZoneInfo("UTC")))
    assert sum(d.gain_usd or D(0) for d in found.disposals) == D(0)
    assert found.lots == ()
