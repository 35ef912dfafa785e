"""CoW's orders of ETH: placed in one transaction, settled in another. By stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.chains.decoders.cow import uid
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from tests.chains.anvil import ETHER, Anvil, Contract, anvil, vyper
from tests.chains.reading import read_wallet
from tests.chains.zoo import WETH, signer

D = Decimal
KEEPER = "0xbA3cB449bD2B4ADddBc894D8697F5170800EAdeC"
SETTLEMENT = "0x9008D19f58AAbD9eD0D60971565AA8510560ab41"
Order = tuple[Any, ...]


class Cow:
    def __init__(self, node: Anvil) -> None:
        self.node, self.maker, self.me = node, node.accounts[0], signer(11).address
        node.become(self.me)
        node.send(self.maker, self.me, 10 * ETHER)
        self.keeper: Contract = node.at(KEEPER, node.deploy(self.maker, vyper("EthFlow")), {})
        made = node.deploy(self.maker, vyper("Settlement"))
        self.settlement = node.at(SETTLEMENT, made, {})
        self.coin = node.deploy(self.maker, vyper("Coin"), 6)
        self.coin.send(self.maker, "mint", SETTLEMENT, 10**12)

    def order(self, wei: int, bought: int) -> Order:
        pair = (WETH, self.coin.address, self.me)
        rest = (bytes(32), 0, b"\1" * 32, False, b"\2" * 32, b"\3" * 32)
        return (*pair, wei, bought, 2**32 - 1, *rest)

    def place(self, order: Order) -> str:
        return self.keeper.send(self.me, "createOrder", order, value=order[3])

    def settle(self, order: Order) -> str:
        name = bytes.fromhex(self.name(order))
        return self.settlement.send(self.maker, "settle", KEEPER, order, name)

    def name(self, order: Order) -> str:
        words = [f"{int(w, 16):064x}" if isinstance(w, str) else _word(w) for w in order]
        return uid(words, KEEPER.lower(), 1)


def _word(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else f"{int(value):064x}"


@pytest.fixture
def cow() -> Iterator[Cow]:
    with anvil(chain_id=1) as node:
        yield Cow(node)


async def test_an_order_of_eth_is_one_trade_when_it_is_settled(cow: Cow) -> None:
    order = cow.order(2 * ETHER, 7_000_000)
    placed = cow.place(order)
    waiting = await read_wallet(cow.node.url, [cow.me])
    # what waits is the wallet's own still, by its keeper's word
    assert waiting.moved(placed) == {}
    assert waiting.proved()["ETH"] == D(10) - D(waiting.gas(cow.node, placed)) / ETHER
    settled = cow.settle(order)
    found = await read_wallet(cow.node.url, [cow.me], before=waiting)
    bought = f"ethereum:{cow.coin.address.lower()}"
    assert found.moved(settled) == {"ETH": D(-2), bought: D(7)}
    assert found.proved()[bought] == D(7)
    events = {e.txid: e for e in name_events(found.entries, (), Treatments())}
    assert [events[h].kind for h in (placed, settled)] == ["fee", "trade"]
    # and read anew, in whatever order
    whole = await read_wallet(cow.node.url, [cow.me])
    assert whole.sums() == found.sums()


async def test_an_order_that_is_taken_back_is_no_event(cow: Cow) -> None:
    order = cow.order(ETHER, 1)
    cow.place(order)
    back = cow.keeper.send(cow.me, "invalidateOrder", order)
    found = await read_wallet(cow.node.url, [cow.me])
    assert found.moved(back) == {}
    assert set(found.proved()) == {"ETH"}


async def test_an_order_that_somebody_else_was_paid_for_is_a_gap(cow: Cow) -> None:
    """Its settlement does not touch the wallet: that something is missing shows in the balance."""
    order = cow.order(ETHER, 5)
    elsewhere = (*order[:2], cow.maker, *order[3:])
    cow.place(elsewhere)
    cow.settle(elsewhere)
    found = await read_wallet(cow.node.url, [cow.me])
    told = {b.asset: b.quantity for b in found.reported.balances}
    assert found.sums()["ETH"] - told["ETH"] == D(1)
