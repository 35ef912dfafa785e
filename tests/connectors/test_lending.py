"""Aave V3: shares that grow, debts that are no coins. A stand-in with the events of its source."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from syncer.events import Event
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from tests.chains.anvil import ETHER, Anvil, anvil, vyper
from tests.chains.proxy import Proxy
from tests.chains.reading import Found, read_wallet
from tests.chains.zoo import signer
from tests.connectors.test_bridges import calls, says
from tests.connectors.test_spam import USDC
from tests.serving import serving

D = Decimal
POOL = "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2"
DAY, UNIT = 86_400, 10**6


class Lender:
    """A wallet with 1,000 dollars, and a pool that lends 9,000 of somebody else."""

    def __init__(self, node: Anvil) -> None:
        self.node, self.maker, self.me = node, node.accounts[0], signer(11).address
        node.become(self.me)
        node.send(self.maker, self.me, ETHER)
        self.usdc = node.at(USDC, node.deploy(self.maker, vyper("Coin"), 6), {})
        self.usdc.send(self.maker, "mint", self.maker, 10_000 * UNIT)
        self.pool = node.at(POOL, node.deploy(self.maker, vyper("LenderPool")), {})
        self.share, self.debt = (
            node.deploy(self.maker, vyper("LenderPart"), POOL, USDC) for _ in range(2)
        )
        self.pool.send(self.maker, "list_asset", USDC, self.share.address, self.debt.address)
        for one in (self.maker, self.me):
            self.usdc.send(one, "approve", POOL, 2**255)
        self.pool.send(self.maker, "supply", USDC, 9_000 * UNIT, self.maker, 0)
        self.usdc.send(self.maker, "transfer", self.me, 1_000 * UNIT)

    def send(self, function: str, *args: object) -> str:
        return self.pool.send(self.me, function, *args)

    def days(self, count: int, millionths: int = 100) -> None:
        """Each at its noon, growing by so much."""
        for _ in range(count):
            self.node("evm_increaseTime", DAY)
            self.pool.send(self.maker, "grow", millionths)

    @property
    def asset(self) -> str:
        return f"ethereum:{self.share.address.lower()}"


@pytest.fixture
def lender() -> Iterator[Lender]:
    with anvil(chain_id=1) as node:
        yield Lender(node)


def events(found: Found, lending: str = "carry") -> dict[str, Event]:
    named = name_events(found.entries, (), Treatments(lending=lending))
    return {e.txid: e for e in named if e.txid}


def interest(found: Found) -> list[tuple[str, Decimal]]:
    """By day."""
    rows = [e for e in found.entries if e.kind == "income:interest"]
    return [(f"{e.at:%m-%d}", e.quantity) for e in sorted(rows, key=lambda e: e.at)]


async def test_what_is_lent_comes_back_with_interest_told_day_by_day(lender: Lender) -> None:
    lent = lender.send("supply", USDC, 500 * UNIT, lender.me, 0)
    lender.days(3)
    back = lender.send("withdraw", USDC, 200 * UNIT, lender.me)
    lender.days(1)
    found = await read_wallet(lender.node.url, [lender.me])
    found.proved()
    assert found.moved(lent) == {"USDC": D(-500), lender.asset: D(500)}
    # 200 are paid out, 0.15 of them earned: the Transfer of the share says 199.849985
    assert found.moved(back) == {"USDC": D(200), lender.asset: D(-200)}
    assert interest(found) == [
        ("01-02", D("0.05")),
        ("01-03", D("0.050005")),
        ("01-04", D("0.05001")),
        ("01-05", D("0.030015")),
    ]
    named = events(found)
    assert [(named[h].kind, named[h].rule) for h in (lent, back)] == [("wrap", "lent")] * 2
    assert events(found, "exchange")[lent].kind == "trade"
    assert events(found, "review")[lent].kind == "unknown"


async def test_all_of_it_can_be_taken_back_with_all_that_it_earned(lender: Lender) -> None:
    lender.send("supply", USDC, 500 * UNIT, lender.me, 0)
    lender.days(2)
    first = await read_wallet(lender.node.url, [lender.me])
    lender.node("evm_increaseTime", 3_600)
    lender.pool.send(lender.maker, "grow", 100)
    held = lender.share.read("balanceOf", lender.me)
    back = lender.send("withdraw", USDC, held, lender.me)
    found = await read_wallet(lender.node.url, [lender.me], before=first)
    assert found.proved() == {
        "USDC": D(500) + D(held) / UNIT,
        "ETH": found.sums()["ETH"],
    }
    assert found.moved(back)[lender.asset] == -D(held) / UNIT
    # what it earned until it left is told before it leaves, though a day has not passed
    earned = [e for e in found.entries if e.kind == "income:interest"]
    left = next(e for e in found.entries if e.group == back.lower())
    assert sum(e.quantity for e in earned) == D(held) / UNIT - 500
    assert max(e.at for e in earned) <= left.at


async def test_interest_that_is_more_than_what_is_taken_back_is_not_what_is_taken(
    lender: Lender,
) -> None:
    lender.send("supply", USDC, 500 * UNIT, lender.me, 0)
    lender.days(2, 10_000)
    back = lender.send("withdraw", USDC, 1 * UNIT, lender.me)  # it says Mint, not Burn
    found = await read_wallet(lender.node.url, [lender.me])
    found.proved()
    assert found.moved(back) == {"USDC": D(1), lender.asset: D(-1)}


async def test_a_loan_is_no_income_and_a_debt_no_coin(lender: Lender) -> None:
    lender.send("supply", USDC, 1_000 * UNIT, lender.me, 0)
    taken = lender.send("borrow", USDC, 300 * UNIT, 2, 0, lender.me)
    lender.days(2)
    paid = lender.send("repay", USDC, 100 * UNIT, 2, lender.me)
    found = await read_wallet(lender.node.url, [lender.me])
    assert set(found.proved()) == {"ETH", "USDC", lender.asset}
    assert found.moved(taken) == {"USDC": D(300)}
    assert found.moved(paid) == {"USDC": D(-100)}
    named = events(found)
    assert [(named[h].kind, named[h].rule) for h in (taken, paid)] == [
        ("deposit", "loan"),
        ("withdrawal", "loan"),
    ]
    # and the debt grows without a word
    lender.days(2)
    later = await read_wallet(lender.node.url, [lender.me], before=found)
    assert set(later.proved()) == {"ETH", "USDC", lender.asset}


async def test_a_share_that_is_given_away_leaves_with_what_it_earned(lender: Lender) -> None:
    lender.send("supply", USDC, 500 * UNIT, lender.me, 0)
    lender.days(1)
    given = lender.share.send(lender.me, "transfer", lender.maker, 100 * UNIT)
    found = await read_wallet(lender.node.url, [lender.me])
    found.proved()
    assert found.moved(given) == {lender.asset: D(-100)}
    assert interest(found) == [("01-02", D("0.05"))]
    assert events(found)[given].kind == "withdrawal"


async def test_a_token_that_only_claims_to_be_a_share_is_none(lender: Lender) -> None:
    fake = lender.node.deploy(lender.maker, vyper("LenderPart"), POOL, USDC)
    lender.node.become(POOL)
    lender.node("anvil_setBalance", POOL, hex(ETHER))
    came = fake.send(POOL, "mint", lender.maker, lender.me, 77 * UNIT)
    found = await read_wallet(lender.node.url, [lender.me])
    assert found.moved(came) == {f"ethereum:{fake.address.lower()}": D(77)}
    assert events(found)[came].rule == "spam_token"


async def test_a_unit_of_rounding_makes_no_trade_of_what_was_lent(lender: Lender) -> None:
    """At an index that is not even a share may be a unit less than what was lent."""
    lender.pool.send(lender.maker, "grow", 370_003)
    for amount in range(100_000_001, 100_000_040):
        before = lender.node("evm_snapshot")
        lent = lender.send("supply", USDC, amount, lender.me, 0)
        if lender.share.read("balanceOf", lender.me) == amount - 1:
            break
        lender.node("evm_revert", before)
    first = await read_wallet(lender.node.url, [lender.me])
    assert first.sums()[lender.asset] * UNIT == amount
    assert lender.asset in first.reported.unproved  # until it has grown
    back = lender.send("withdraw", USDC, amount - 1, lender.me)
    found = await read_wallet(lender.node.url, [lender.me], before=first)
    assert [events(found)[h].rule for h in (lent, back)] == ["lent", "lent"]


async def test_one_address_may_lend_for_another(lender: Lender) -> None:
    other = signer(12).address
    lent = lender.send("supply", USDC, 500 * UNIT, other, 0)
    lender.send("supply", USDC, 100 * UNIT, lender.me, 0)
    back = lender.send("withdraw", USDC, 50 * UNIT, other)
    found = await read_wallet(lender.node.url, [lender.me, other])
    found.proved()
    assert [events(found)[h].rule for h in (lent, back)] == ["lent", "lent"]


async def test_lending_beside_something_else_is_a_question(lender: Lender) -> None:
    safe = lender.node.deploy(lender.maker, vyper("Puppet"))
    coins = [lender.node.deploy(lender.maker, vyper("Coin"), 18) for _ in range(2)]
    lender.usdc.send(lender.maker, "mint", safe.address, 500 * UNIT)
    coins[0].send(lender.maker, "mint", safe.address, ETHER)
    asked = [
        (lender.usdc, "approve", POOL, 500 * UNIT),
        (lender.pool, "supply", USDC, 500 * UNIT, safe.address, 0),
        (coins[0], "burn", ETHER),
        (coins[1], "mint", safe.address, 2 * ETHER),
    ]
    both = safe.send(lender.me, "act", [calls(c, f, *a) for c, f, *a in asked])
    found = await read_wallet(lender.node.url, [safe.address])
    assert (events(found)[both].kind, events(found)[both].rule) == ("unknown", "lent")


async def test_an_event_that_comes_late_tells_the_days_anew(lender: Lender) -> None:
    """A node may know a block and not yet its events: what came is no interest for good."""
    lender.usdc.send(lender.maker, "mint", lender.maker, 1_000 * UNIT)
    lender.send("supply", USDC, 500 * UNIT, lender.me, 0)
    lender.days(1)
    late = lender.pool.send(lender.maker, "supply", USDC, 20 * UNIT, lender.me, 0)
    with serving(Proxy(lender.node.url, hidden=frozenset({late.lower()})).app()) as url:
        first = await read_wallet(url, [lender.me])
    assert interest(first) == []  # so much in a day is no interest
    lender.days(2)
    resumed = await read_wallet(lender.node.url, [lender.me], before=first)
    whole = await read_wallet(lender.node.url, [lender.me])
    assert resumed.proved() == whole.proved()
    assert interest(resumed) == interest(whole) != []


async def test_a_share_that_somebody_lends_for_me_is_no_spam(lender: Lender) -> None:
    lender.usdc.send(lender.maker, "mint", lender.maker, 1_000 * UNIT)
    came = lender.pool.send(lender.maker, "supply", USDC, 50 * UNIT, lender.me, 0)
    found = await read_wallet(lender.node.url, [lender.me])
    assert (events(found)[came].kind, events(found)[came].rule) == ("deposit", "one_half")


async def test_collateral_that_pays_a_debt_is_no_half_of_a_transfer(lender: Lender) -> None:
    lender.send("supply", USDC, 1_000 * UNIT, lender.me, 0)
    lender.send("borrow", USDC, 300 * UNIT, 2, 0, lender.me)
    puppet = lender.node.deploy(lender.maker, vyper("Puppet"))
    burned = [
        calls(lender.debt, "burn", lender.me, puppet.address, 100 * UNIT),
        calls(lender.share, "burn", lender.me, lender.maker, 110 * UNIT),
    ]
    taken = puppet.send(lender.maker, "act", burned)
    found = await read_wallet(lender.node.url, [lender.me])
    found.proved()
    assert found.moved(taken) == {lender.asset: D(-110)}
    assert events(found)[taken].rule == "loan"


async def test_a_garbled_event_of_a_stranger_hides_nothing(lender: Lender) -> None:
    puppet = lender.node.deploy(lender.maker, vyper("Puppet"))
    lender.usdc.send(lender.maker, "mint", puppet.address, UNIT)
    garbled = says("Mint(address,address,uint256,uint256,uint256)", [POOL, lender.me], [])
    came = puppet.send(
        lender.maker, "act", [garbled, calls(lender.usdc, "transfer", lender.me, UNIT)]
    )
    found = await read_wallet(lender.node.url, [lender.me])
    assert found.moved(came) == {"USDC": D(1)}
