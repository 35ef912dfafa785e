"""Liquidity: Uniswap V3 by its own contracts; V4 and Curve by stand-ins with their events."""

from __future__ import annotations

from decimal import Decimal

from web3 import Web3

from syncer.events import Event
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from tests.chains.anvil import ETHER, Anvil, Contract, packaged, vyper
from tests.chains.reading import Found, read_wallet
from tests.chains.zoo import ALL, FOREVER, OZ, signer
from tests.connectors.test_bridges import calls
from tests.connectors.test_swaps import CORE, PERIPHERY

D = Decimal
POSITIONS = "0xC36442b4a4522E871399CD717aBDD847Ab11FE88"
POSITIONS4 = "0xbD216513d74C8cf14cf4747E6AaA6420FF64ee9e"
POOL4 = "0x000000000004444c5dc75cB358380D2e3dE08A90"
GAS = 6_000_000  # an estimate is too low if the pool notes a new second
EVERYWHERE = (3000, -887220, 887220)


def me() -> str:
    return signer(11).address


def named(found: Found) -> list[Event]:
    return name_events(found.entries, (), Treatments())


def word(node: Anvil, address: str, slot: int) -> int:
    return int(node("eth_getStorageAt", address, hex(slot), "latest"), 16)


class Manager:
    """Uniswap V3's own position manager where it is on Ethereum, and a pool of two coins."""

    def __init__(self, node: Anvil) -> None:
        self.node, maker = node, node.accounts[0]
        fixed = packaged(f"{OZ}ERC20PresetFixedSupply.json")
        made = [node.deploy(maker, fixed, n, n, 10**9 * ETHER, maker) for n in ("ONE", "TWO")]
        self.one, self.two = sorted(made, key=lambda c: int(c.address, 16))
        factory = node.deploy(maker, packaged(f"{CORE}UniswapV3Factory.sol/UniswapV3Factory.json"))
        manager = packaged(
            f"{PERIPHERY}NonfungiblePositionManager.sol/NonfungiblePositionManager.json"
        )
        first = node.deploy(maker, manager, factory.address, self.one.address, maker)
        slots = {i: word(node, first.address, i) for i in range(20)}
        self.positions: Contract = node.at(POSITIONS, first, slots)
        router = packaged(f"{PERIPHERY}SwapRouter.sol/SwapRouter.json")
        self.router = node.deploy(maker, router, factory.address, self.one.address)
        pair = (self.one.address, self.two.address)
        self.positions.send(maker, "createAndInitializePoolIfNecessary", *pair, 3000, 2**96)
        for coin in (self.one, self.two):
            coin.send(maker, "transfer", me(), 1_000 * ETHER)
            for owner in (maker, me()):
                for spender in (self.positions, self.router):
                    coin.send(owner, "approve", spender.address, ALL)

    def add(self) -> str:
        pair = (self.one.address, self.two.address)
        amounts = (100 * ETHER, 100 * ETHER, 0, 0)
        asked = (*pair, *EVERYWHERE, *amounts, me(), FOREVER)
        return self.positions.send(me(), "mint", asked, gas=GAS)

    def swap(self) -> None:
        """Somebody pays 0.3% of 10 to whoever has liquidity."""
        maker = self.node.accounts[0]
        asked = (self.one.address, self.two.address, 3000, maker, FOREVER, 10 * ETHER, 0, 0)
        self.router.send(maker, "exactInputSingle", asked, gas=GAS)

    def both(self, *calls: tuple[str, tuple[object, ...]]) -> str:
        data = [Web3.to_bytes(hexstr=self.positions.data(f, *a)) for f, a in calls]
        return self.positions.send(me(), "multicall", data, gas=GAS)

    def units(self) -> int:
        said = self.positions.read("positions", 1)
        return int(said[2 + 7 * 64 : 2 + 8 * 64], 16)


async def test_a_part_of_a_position_is_taken_out_and_what_it_earned_is_told_apart(
    node: Anvil,
) -> None:
    manager = Manager(node)
    one, two = (f"ethereum:{c.address.lower()}" for c in (manager.one, manager.two))
    position = f"ethereum:{POSITIONS.lower()}/1"
    added = manager.add()
    whole = manager.units()
    manager.swap()
    half = whole // 2
    out = manager.both(
        ("decreaseLiquidity", ((1, half, 0, 0, FOREVER),)),
        ("collect", ((1, me(), 2**128 - 1, 2**128 - 1),)),
    )
    found = await read_wallet(node.url, [me()])
    assert found.proved()[position] == D(whole - half)
    assert found.moved(added) == {one: D(-100), two: D(-100), position: D(whole)}
    taken = found.moved(out)
    assert taken[position] == D(-half)
    (fees,) = [e for e in named(found) if e.rule == "fees_of_a_pool"]
    (earned,) = fees.legs
    # 0.3% of the 10 that were swapped, all of it ours, less what rounding keeps
    assert (earned.asset, D("0.03") - earned.quantity < D("1e-12")) == (one, True)
    # the product of the halves of a pool of 110 and 90.9 and a little, by its own arithmetic
    told = {a: q for a, q in taken.items() if a != position}
    assert set(told) == {one, two}
    assert D("54.98") < told[one] < D("54.99")
    removed = next(e for e in named(found) if e.txid == out and e != fees)
    assert (removed.kind, removed.rule) == ("trade", "pooled")
    assert {g.asset for g in removed.leaving()} == {position}


async def test_what_a_position_earned_alone_is_a_question(node: Anvil) -> None:
    manager = Manager(node)
    manager.add()
    manager.swap()
    paid = manager.positions.send(me(), "collect", (1, me(), 2**128 - 1, 2**128 - 1), gas=GAS)
    found = await read_wallet(node.url, [me()])
    found.proved()
    (event,) = [e for e in named(found) if e.txid == paid]
    assert (event.kind, event.rule) == ("deposit", "fees_of_a_pool")
    assert [g.role for g in event.legs] == ["principal", "fee"]  # its gas hangs on it


async def test_a_position_that_is_emptied_and_burned_leaves_nothing(node: Anvil) -> None:
    manager = Manager(node)
    manager.add()
    units = manager.units()
    manager.both(("increaseLiquidity", ((1, 50 * ETHER, 50 * ETHER, 0, 0, FOREVER),)))
    more = manager.units()
    assert more > units
    gone = manager.both(
        ("decreaseLiquidity", ((1, more, 0, 0, FOREVER),)),
        ("collect", ((1, me(), 2**128 - 1, 2**128 - 1),)),
        ("burn", (1,)),
    )
    found = await read_wallet(node.url, [me()])
    position = f"ethereum:{POSITIONS.lower()}/1"
    assert position not in found.proved()
    assert found.moved(gone)[position] == D(-more)


async def test_v4_names_a_position_by_its_salt(node: Anvil) -> None:
    maker = node.accounts[0]
    pool = node.at(POOL4, node.deploy(maker, vyper("PoolOfAll")), {})
    positions = node.at(POSITIONS4, node.deploy(maker, vyper("Positions")), {})
    positions.send(maker, "pool_is", pool.address)
    node.send(maker, pool.address, ETHER)
    added = positions.send(me(), "mint", 7, 5_000, value=2 * ETHER)
    part = positions.send(me(), "take", 7, 2_000, ETHER)
    fees = positions.send(me(), "take", 7, 0, ETHER // 100)
    found = await read_wallet(node.url, [me()])
    position = f"ethereum:{POSITIONS4.lower()}/7"
    assert found.proved()[position] == D(3_000)
    assert found.moved(added) == {"ETH": D(-2), position: D(5_000)}
    assert found.moved(part) == {"ETH": D(1), position: D(-2_000)}
    by_hash = {e.txid: e for e in named(found)}
    assert by_hash[fees].rule == "fees_of_a_pool"
    assert by_hash[part].rule == "pooled"


async def test_curve_is_named_by_its_events(node: Anvil) -> None:
    maker = node.accounts[0]
    coins = [node.deploy(maker, vyper("Coin"), 18) for _ in range(2)]
    pool = node.deploy(maker, vyper("CurvePool"), [c.address for c in coins])
    for coin in coins:
        coin.send(maker, "mint", me(), 10 * ETHER)
        coin.send(me(), "approve", pool.address, ALL)
    added = pool.send(me(), "add_liquidity", [3 * ETHER, 4 * ETHER])
    out = pool.send(me(), "remove_liquidity_one_coin", 2 * ETHER, 1)
    found = await read_wallet(node.url, [me()])
    share = f"ethereum:{pool.address.lower()}"
    assert found.proved()[share] == D(5)
    assert {k for k, *_ in found.of(added) + found.of(out)} == {"liquidity"}
    by_hash = {e.txid: e for e in named(found)}
    assert [by_hash[h].kind for h in (added, out)] == ["trade", "trade"]
    assert "Curve" in by_hash[out].evidence


async def test_a_share_that_somebody_sends_is_a_token_like_any_other(node: Anvil) -> None:
    maker = node.accounts[0]
    coin = node.deploy(maker, vyper("Coin"), 18)
    pool = node.deploy(maker, vyper("CurvePool"), [coin.address])
    coin.send(maker, "mint", maker, ETHER)
    coin.send(maker, "approve", pool.address, ALL)
    made = pool.send(maker, "add_liquidity_for", [ETHER], me())
    found = await read_wallet(node.url, [me()])
    assert [e.rule for e in named(found) if e.txid == made] == ["spam_token"]


async def test_a_position_that_is_sold_takes_all_of_its_liquidity_along(node: Anvil) -> None:
    manager, maker = Manager(node), node.accounts[0]
    manager.add()
    units, position = manager.units(), f"ethereum:{POSITIONS.lower()}/1"
    market = node.deploy(maker, vyper("Puppet"))
    node.send(maker, market.address, 10 * ETHER)
    manager.positions.send(me(), "approve", market.address, 1)
    steps = [calls(manager.positions, "transferFrom", me(), maker, 1), (me(), 5 * ETHER, b"", [])]
    sold = market.send(me(), "act", steps)
    found = await read_wallet(node.url, [me()])
    assert position not in found.proved()
    assert found.moved(sold) == {position: D(-units), "ETH": D(5)}


async def test_a_position_that_was_away_comes_back_whole(node: Anvil) -> None:
    manager, farm = Manager(node), node.accounts[3]
    manager.add()
    units, position = manager.units(), f"ethereum:{POSITIONS.lower()}/1"
    manager.positions.send(me(), "transferFrom", me(), farm, 1)
    manager.positions.send(farm, "transferFrom", farm, me(), 1)
    found = await read_wallet(node.url, [me()])
    assert found.proved()[position] == D(units)


async def test_an_emptied_position_may_be_burned_later(node: Anvil) -> None:
    manager = Manager(node)
    manager.add()
    empty = ("decreaseLiquidity", ((1, manager.units(), 0, 0, FOREVER),))
    paid = ("collect", ((1, me(), 2**128 - 1, 2**128 - 1),))
    manager.both(empty, paid)
    burned = manager.positions.send(me(), "burn", 1, gas=GAS)
    found = await read_wallet(node.url, [me()])
    assert f"ethereum:{POSITIONS.lower()}/1" not in found.proved()
    assert found.moved(burned) == {}


async def test_what_is_taken_out_and_paid_later_is_no_fee(node: Anvil) -> None:
    manager = Manager(node)
    manager.add()
    manager.swap()
    manager.both(("decreaseLiquidity", ((1, manager.units(), 0, 0, FOREVER),)))
    paid = manager.both(("collect", ((1, me(), 2**128 - 1, 2**128 - 1),)))
    found = await read_wallet(node.url, [me()])
    found.proved()
    (fees,) = [e for e in named(found) if e.rule == "fees_of_a_pool"]
    assert [D("0.03") - g.quantity < D("1e-12") for g in fees.legs] == [True]
    rest = [e for e in named(found) if e.txid == paid and e != fees]
    assert [(e.kind, len(e.coming())) for e in rest] == [("deposit", 1), ("deposit", 1)]


async def test_fees_that_are_collected_twice_are_told_apart_as_well(node: Anvil) -> None:
    manager = Manager(node)
    manager.add()
    manager.swap()
    paid = ("collect", ((1, me(), 2**128 - 1, 2**128 - 1),))
    manager.both(paid, ("decreaseLiquidity", ((1, manager.units(), 0, 0, FOREVER),)), paid)
    found = await read_wallet(node.url, [me()])
    found.proved()
    (fees,) = [e for e in named(found) if e.rule == "fees_of_a_pool"]
    assert [D("0.03") - g.quantity < D("1e-12") for g in fees.legs] == [True]
