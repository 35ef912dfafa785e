"""Under the universal way no unit is lost at the change-over, wherever sales took their lots."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from config.exact import ZERO
from syncer.events import Event, Leg
from syncer.lots.engine import replay
from syncer.lots.terms import StandingOrder, Terms

START = datetime(2024, 6, 1, tzinfo=UTC)
D = Decimal
ZONE = ZoneInfo("America/New_York")
ACCOUNTS = ("a", "b", "c")
WRAPPED = {"ETH": "WETH", "WETH": "ETH"}

Balances = dict[tuple[str, str], Decimal]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], Balances]:
    """Events that take no more than is there, over New Year 2025, some of one instant; and what
    the ledger holds afterwards, units on their way where they go to."""
    held: Balances = defaultdict(lambda: ZERO)
    arriving: list[tuple[datetime, tuple[str, str], Decimal]] = []
    events, at = [], START
    for number in range(draw(st.integers(1, 30))):
        at += timedelta(days=draw(st.sampled_from((0, 1, 20))))
        for one in [x for x in arriving if x[0] < at]:
            held[one[1]] += one[2]
            arriving.remove(one)
        account, coin = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(tuple(WRAPPED)))
        kind = draw(st.sampled_from(("buy", "sell", "transfer", "wrap", "gift_out")))
        units, usd = Decimal(draw(st.integers(1, 400))) / 100, Decimal(draw(st.integers(1, 999)))
        arrived = None
        if kind != "buy":
            units = min(units, held[account, coin])
            if not units:
                continue
            held[account, coin] -= units
        if kind == "buy":
            legs = [Leg(account, "USD", -usd, "principal", usd), _leg(account, coin, units, usd)]
            held[account, coin] += units
        elif kind == "sell":
            legs = [Leg(account, "USD", usd, "principal", usd), _leg(account, coin, -units, usd)]
        elif kind == "wrap":
            legs = [_leg(account, coin, -units), _leg(account, WRAPPED[coin], units)]
            held[account, WRAPPED[coin]] += units
        elif kind == "transfer":
            target = draw(st.sampled_from([x for x in ACCOUNTS if x != account]))
            legs = [_leg(account, coin, -units), _leg(target, coin, units)]
            arrived = at + timedelta(hours=draw(st.sampled_from((0, 1, 48, 24 * 90))))
            arriving.append((arrived, (target, coin), units))
        else:
            legs = [_leg(account, coin, -units)]
        found = Event(f"e{number:03}", kind, at, tuple(legs), "s", "s", "sure", arrived_at=arrived)
        events.append(found)
    for _, place, quantity in arriving:
        held[place] += quantity
    return events, {place: units for place, units in held.items() if units}


def _leg(account: str, coin: str, units: Decimal, usd: Decimal | None = None) -> Leg:
    return Leg(account, coin, units, "principal", usd)


def test_sale_of_units_that_an_account_never_had_is_told() -> None:
    def at(day: int) -> datetime:
        return START + timedelta(days=day)

    money = Leg("a", "USD", -D(5), "principal", D(5))
    bought = Event("e1", "buy", at(0), (money, _leg("a", "ETH", D(5), D(5))), "s", "s", "sure")
    paid = Leg("b", "USD", D(9), "principal", D(9))
    sold = Event("e2", "sell", at(1), (paid, _leg("b", "ETH", -D(2), D(9))), "s", "s", "sure")
    result = replay([bought, sold], Terms(ZONE, before_2025="universal"))
    assert result.gaps == {"e2": ("oversold",)}
    assert [d.basis_usd for d in result.disposals] == [D(2)]  # of the one queue all the same
    assert "ETH" in result.unallocated


@settings(max_examples=200, deadline=None)
@given(
    histories(),
    st.sampled_from(("fifo", "lifo", "hifo")),
    st.sampled_from(({}, {"a": "P", "b": "P"})),
)
def test_each_account_holds_what_the_ledger_says(
    history: tuple[list[Event], Balances], rule: str, pools: dict[str, str]
) -> None:
    events, held = history
    orders = [StandingOrder(a, None, rule, START - timedelta(days=1), "proved") for a in ACCOUNTS]
    terms = Terms(ZONE, pools=pools, orders=orders, before_2025="universal")
    result = replay(events, terms)
    assert [d for d in result.disposals if "oversold" in d.gaps] == []
    found: Balances = defaultdict(lambda: ZERO)
    for lot in result.lots:
        found[lot.account, lot.asset] += lot.quantity
    assert dict(found) == held
