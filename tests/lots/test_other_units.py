"""A coin in another form, of which there is another number of units: basis and date carry over."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from connectors.records import Entry
from syncer.events import Event, Leg
from syncer.ledger.group import drafts
from syncer.ledger.rules import Treatments, classify
from syncer.lots.engine import replay
from syncer.lots.model import dealt
from syncer.lots.terms import Terms

D = Decimal


def _event(name: str, kind: str, day: int, *legs: tuple[str, str, str | None]) -> Event:
    at = datetime(2025, 1, day, 12, tzinfo=UTC)
    made = (Leg("w", a, D(q), "principal", D(u) if u else None) for a, q, u in legs)
    return Event(name, kind, at, tuple(made), "r", "", "sure", parts=(name,))


def test_two_lots_are_staked_and_a_part_of_the_token_is_sold() -> None:
    """0.3 ETH for 600.00 and 0.7 for 1750.00 become 0.92 rETH: 0.276 with 600.00 and 0.644 with
    1750.00. Of them 0.46 are sold: all of the first, 0.184 / 0.644 of the second, 500.00."""
    events = [
        _event("e1", "buy", 1, ("USD", "-600", "600"), ("ETH", "0.3", "600")),
        _event("e2", "buy", 2, ("USD", "-1750", "1750"), ("ETH", "0.7", "1750")),
        _event("e3", "wrap", 3, ("ETH", "-1", None), ("RETH", "0.92", None)),
        _event("e4", "sell", 4, ("RETH", "-0.46", "1500"), ("USD", "1500", "1500")),
    ]
    done = replay(events, Terms(ZoneInfo("UTC")))
    assert [(f"{d.quantity.normalize()}", d.basis_usd, d.acquired_at) for d in done.disposals] == [
        ("0.276", D("600.00"), events[0].at),
        ("0.184", D("500.00"), events[1].at),
    ]
    (left,) = done.lots
    assert (left.asset, left.quantity, left.basis_usd) == ("RETH", D("0.46"), D("1250.00"))


@given(
    parts=st.lists(st.integers(1, 10**12), min_size=1, max_size=6),
    units=st.integers(1, 10**24),
)
def test_parts_add_up_to_all_units(parts: list[int], units: int) -> None:
    quantities, came = [D(p).scaleb(-6) for p in parts], D(units).scaleb(-18)
    found = dealt(quantities, sum(quantities, D(0)), came)
    assert sum(found) == came
    assert all(f >= 0 for f in found)


def _entries(kind: str, *moves: tuple[str, str]) -> list[Entry]:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    return [
        Entry("s", "g", "w", asset, D(q), at, "principal", kind, f"{asset}") for asset, q in moves
    ]


def test_what_the_law_leaves_open_is_what_the_settings_say_and_says_so() -> None:
    stake = _entries("liquid_staking", ("ETH", "-1"), ("ethereum:0xreth", "0.92"))
    pool = _entries("liquidity", ("ETH", "-1"), ("USDC", "-2000"), ("ethereum:0xlp", "1"))
    one = _entries("liquidity", ("ETH", "-1"), ("ethereum:0xlp", "1.5"))
    wrap = _entries("wrap", ("ETH", "-1"), ("WETH", "1"))
    lend = _entries("lending", ("USDC", "-5"), ("ethereum:0xa", "5"))
    names = ("stake", "pool", "one", "wrap", "lend")
    drafted = dict(zip(names, (drafts(e)[0] for e in (stake, pool, one, wrap, lend)), strict=True))
    kinds = {}
    for way in ("carry", "exchange", "review"):
        how = Treatments(wrap=way, lending=way, liquidity=way, liquid_staking=way)
        found = {name: classify(draft, how) for name, draft in drafted.items()}
        kinds[way] = [found[n].kind for n in names]
        assert all(way in e.rests_on[0] for e in found.values())
    assert kinds == {
        "carry": ["wrap", "unknown", "wrap", "wrap", "wrap"],
        "exchange": ["trade"] * 5,
        "review": ["unknown"] * 5,
    }
    default = classify(drafted["stake"], Treatments())
    assert default.rests_on == ("[treatment] liquid_staking = exchange",)
