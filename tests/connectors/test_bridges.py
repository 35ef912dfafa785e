"""Canonical bridges: stand-ins where their ends are, with their events."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from web3 import Web3

from connectors.chains.topics import padded
from tests.chains.anvil import ETHER, Anvil, Contract, anvil, vyper
from tests.chains.reading import Found, read_wallet
from tests.chains.zoo import signer

D = Decimal
NOBODY = "0x" + "0" * 40
# ends on Ethereum that take or pay the coin itself, and the chain behind them
ENDS = {
    "the Optimism bridge": "0x99C9fc46f92E8a1c0deC1b1747d010903E884bE1",
    "the Base bridge": "0x3154Cf16ccdb4C6d922629664174b904d80F2C35",
    "the Arbitrum bridge": "0x8315177aB297bA92A06054cE80a67Ed4DBd7ed3a",
    "the Polygon bridge": "0x8484Ef722627bf18ca5Ae6BcF031c23E6e922B30",
}
Step = tuple[str, int, bytes, list[bytes]]


@pytest.fixture
def ethereum() -> Iterator[Anvil]:
    with anvil(chain_id=1) as node:
        ready(node)
        yield node


def me() -> str:
    return signer(11).address


def ready(node: Anvil) -> Anvil:
    node.become(me())
    node.send(node.accounts[0], me(), 10 * ETHER)
    return node


def puppet(node: Anvil, address: str) -> Contract:
    return node.at(address, node.deploy(node.accounts[0], vyper("Puppet")), {})


def pays(wei: int) -> Step:
    return (me(), wei, b"", [])


def calls(contract: Contract, function: str, *args: Any) -> Step:
    return (contract.address, 0, Web3.to_bytes(hexstr=contract.data(function, *args)), [])


def says(signature: str, indexed: list[str], data: list[str]) -> Step:
    topics = [Web3.keccak(text=signature), *(Web3.to_bytes(hexstr=padded(t)) for t in indexed)]
    return (
        NOBODY,
        0,
        bytes.fromhex("".join(padded(d)[2:] for d in data)),
        [bytes(t) for t in topics],
    )


def kinds(found: Found, tx_hash: str) -> set[tuple[str, str]]:
    rows = [e for e in found.entries if e.txid == tx_hash.lower() and e.role == "principal"]
    return {(e.kind, (e.evidence or "").split(", ")[-1].split("; ")[0]) for e in rows}


@pytest.mark.parametrize("name", ENDS)
async def test_the_coin_goes_to_a_bridge_and_comes_from_it(name: str, ethereum: Anvil) -> None:
    end = puppet(ethereum, ENDS[name])
    went = ethereum.send(me(), end.address, ETHER)
    ethereum.send(ethereum.accounts[0], end.address, 5 * ETHER)
    came = end.send(ethereum.accounts[0], "act", [pays(3 * ETHER)])
    found = await read_wallet(ethereum.url, [me()])
    found.proved()
    assert [kinds(found, h) for h in (went, came)] == [{("bridge", name)}] * 2
    assert [found.moved(h) for h in (went, came)] == [{"ETH": D(-1)}, {"ETH": D(3)}]


@pytest.mark.parametrize(
    "end",
    [
        "0xa3A7B6F88361F48403514059F1F16C8E78d60EeC",  # Arbitrum's standard gateway
        "0x40ec5B33f54e0E8A33A975908C5BA1c14e5BbbDf",  # Polygon's predicate
        "0x8EB8a3b98659Cce290402893d0123abb75E3ab28",  # Avalanche's account
    ],
)
async def test_tokens_go_to_a_bridge_and_come_from_it(end: str, ethereum: Anvil) -> None:
    maker = ethereum.accounts[0]
    gateway, coin = puppet(ethereum, end), ethereum.deploy(maker, vyper("Coin"), 6)
    coin.send(maker, "mint", me(), 9_000_000)
    went = coin.send(me(), "transfer", gateway.address, 4_000_000)
    came = gateway.send(maker, "act", [calls(coin, "transfer", me(), 1_000_000)])
    found = await read_wallet(ethereum.url, [me()])
    found.proved()
    assert [{k for k, _ in kinds(found, h)} for h in (went, came)] == [{"bridge"}] * 2


async def test_on_the_far_side_the_bridges_own_event_tells() -> None:
    signature = "DepositFinalized(address,address,address,address,uint256,bytes)"
    with anvil(chain_id=10) as node:
        maker = ready(node).accounts[0]
        end = puppet(node, "0x4200000000000000000000000000000000000010")
        coin = node.deploy(maker, vyper("Coin"), 6)
        said = says(signature, [coin.address, coin.address, maker], [me(), "0x05", "0x60", "0x00"])
        came = end.send(maker, "act", [calls(coin, "mint", me(), 5), said])
        plain = coin.send(maker, "mint", me(), 7)
        found = await read_wallet(node.url, [me()], "optimism", 10)
        found.proved()
    assert kinds(found, came) == {("bridge", "the Optimism bridge")}
    assert {k for k, _ in kinds(found, plain)} == {"received"}


async def test_a_swap_whose_router_also_bridges_is_a_swap_in_part(ethereum: Anvil) -> None:
    """Only what goes to the end, or comes from it, is bridged."""
    maker = ethereum.accounts[0]
    end, coin = puppet(ethereum, ENDS["the Base bridge"]), ethereum.deploy(maker, vyper("Coin"), 6)
    steps = [calls(coin, "mint", me(), 5)]
    both = end.send(me(), "act", steps, value=ETHER)
    found = await read_wallet(ethereum.url, [me()])
    found.proved()
    by_asset = {e.asset: e.kind for e in found.entries if e.txid == both and e.role == "principal"}
    assert by_asset["ETH"] == "bridge"


async def test_circle_burns_on_one_chain_and_mints_on_another(ethereum: Anvil) -> None:
    maker = ethereum.accounts[0]
    end = puppet(ethereum, "0xBd3fa81B58Ba92a82136038B25aDec7066af3155")
    coin = ethereum.deploy(maker, vyper("Coin"), 6)
    said = says("MintAndWithdraw(address,uint256,address)", [me(), coin.address], ["0x05"])
    came = end.send(maker, "act", [calls(coin, "mint", me(), 5), said])
    found = await read_wallet(ethereum.url, [me()])
    found.proved()
    assert kinds(found, came) == {("bridge", "Circle's CCTP")}


async def test_polygon_burns_what_leaves_for_ethereum() -> None:
    with anvil(chain_id=137) as node:
        maker = ready(node).accounts[0]
        token = node.deploy(maker, vyper("Staking"))
        token.send(me(), "submit", NOBODY, value=ETHER)
        left = token.send(me(), "withdraw", ETHER // 2)
        found = await read_wallet(node.url, [me()], "polygon", 137)
        found.proved()
    assert kinds(found, left) == {("bridge", "the Polygon bridge")}


async def test_avalanches_tokens_are_made_and_burned_by_its_bridge() -> None:
    with anvil(chain_id=43114) as node:
        maker = ready(node).accounts[0]
        made = node.deploy(maker, vyper("Coin"), 6)
        coin = node.at("0xA7D7079b0FEaD91F3e65f86E8915Cb59c1a4C664", made, {})
        came = coin.send(maker, "mint", me(), 5_000_000)
        left = coin.send(me(), "burn", 2_000_000)
        given = coin.send(me(), "transfer", maker, 1_000_000)
        found = await read_wallet(node.url, [me()], "avalanche", 43114)
        found.proved()
    assert [{k for k, _ in kinds(found, h)} for h in (came, left)] == [{"bridge"}] * 2
    assert {k for k, _ in kinds(found, given)} == {"sent"}
