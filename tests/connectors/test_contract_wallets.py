"""Wallets that are contracts: their moves are in no transaction of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.chains.accounts import SmartAccount, make_safe, safe_pays
from tests.chains.anvil import ETHER, Anvil, anvil, packaged, vyper
from tests.chains.proxy import Proxy
from tests.chains.reading import read_wallet
from tests.chains.zoo import V2, WETH, signer
from tests.serving import serving

D = Decimal
CHAIN = 1


@pytest.fixture
def node() -> Iterator[Anvil]:
    with anvil(chain_id=CHAIN) as made:
        yield made


async def test_a_safe_pays_out_and_pays_its_executor_back(node: Anvil) -> None:
    owner, friend = node.accounts[:2]
    safe = make_safe(node, owner)
    node.send(friend, safe.address, 5 * ETHER)
    paid = safe_pays(safe, owner, friend, ETHER)
    found = await read_wallet(node.url, [safe.address])
    assert found.proved() == {"ETH": D(node.balance(safe.address)) / ETHER}
    refund = D(5 * ETHER - ETHER - node.balance(safe.address)) / ETHER
    assert refund > 0
    assert found.of(paid) == [
        ("sent", "fee", "ETH", -refund),
        ("sent", "principal", "ETH", D(-1)),
    ]


async def test_gas_of_an_account_is_paid_out_of_its_deposit(node: Anvil) -> None:
    bundler, friend = node.accounts[:2]
    account = SmartAccount(node, bundler, signer(12))
    node.send(friend, account.address, 2 * ETHER)
    paid = [account.operate(friend, ETHER // 4) for _ in range(2)]
    found = await read_wallet(node.url, [account.address])
    assert [e.kind for e in found.entries if e.kind == "unexplained"] == []
    deposit = account.entry_point.read("balanceOf", account.address)
    assert deposit > 0
    held = D(node.balance(account.address) + deposit) / ETHER
    assert found.proved() == {"ETH": held}
    for tx_hash in paid:
        fee, out = found.of(tx_hash)
        assert out == ("sent", "principal", "ETH", D("-0.25"))
        event = node.receipt(tx_hash)["logs"][-1]
        cost = int(event["data"][2 + 128 : 2 + 192], 16)
        assert fee == ("sent", "fee", "ETH", D(-cost) / ETHER)
        assert cost != found.gas(node, tx_hash)  # what the bundler paid is another matter


async def test_what_is_put_into_a_deposit_stays_the_wallets_own_and_a_gift_is_one(
    node: Anvil,
) -> None:
    bundler, friend = node.accounts[:2]
    account, mine = SmartAccount(node, bundler, signer(12)), signer(13).address
    entry_point = account.entry_point
    node.become(mine)
    node.send(friend, mine, 3 * ETHER)
    node.send(friend, account.address, ETHER)
    put = entry_point.send(mine, "depositTo", account.address, value=ETHER)
    gift = entry_point.send(friend, "depositTo", account.address, value=ETHER // 2)
    paid = account.operate(friend, ETHER // 4)
    found = await read_wallet(node.url, [account.address, mine])
    deposit = entry_point.read("balanceOf", account.address)
    held = node.balance(account.address) + node.balance(mine) + deposit
    assert found.proved() == {"ETH": D(held) / ETHER}
    assert found.moved(put) == {}
    assert found.moved(gift) == {"ETH": D("0.5")}
    assert found.moved(paid) == {"ETH": D("-0.25")}
    assert [e for e in found.entries if e.kind == "unexplained"] == []


async def test_what_a_bundler_gets_is_no_deposit_coming_back(node: Anvil) -> None:
    maker, friend = node.accounts[:2]
    bundler = signer(13).address
    node("anvil_setBalance", bundler, hex(0))
    node.become(bundler)
    node.send(maker, bundler, 50 * ETHER)
    account = SmartAccount(node, bundler, signer(12))
    account.entry_point.send(bundler, "depositTo", bundler, value=ETHER)
    node.send(friend, account.address, 2 * ETHER)
    paid = account.operate(friend, ETHER // 4)
    found = await read_wallet(node.url, [bundler])
    deposit = account.entry_point.read("balanceOf", bundler)
    assert found.proved() == {"ETH": D(node.balance(bundler) + deposit) / ETHER}
    (came,) = found.moved(paid).values()
    assert came > 0


async def test_a_safe_that_passes_on_all_that_it_gets_is_not_missed(node: Anvil) -> None:
    """Its balance is the same at both ends, and it has no nonce of its own; its events tell."""
    owner, friend = node.accounts[:2]
    safe = make_safe(node, owner)
    node.mine(5)
    first = await read_wallet(node.url, [safe.address])
    came = node.send(friend, safe.address, 5 * ETHER)
    node.mine(3)
    went = safe_pays(safe, owner, friend, 5 * ETHER, gas_price=0)
    node.mine(3)
    found = await read_wallet(node.url, [safe.address], before=first)
    assert found.proved() == {}
    assert (found.moved(came), found.moved(went)) == ({"ETH": D(5)}, {"ETH": D(-5)})


@pytest.mark.parametrize("tracer", [True, False])
async def test_coins_that_are_unwrapped_and_passed_on_are_not_there_twice(
    tracer: bool, node: Anvil
) -> None:
    """In one transaction of somebody else, after which the balance is what it was."""
    owner, friend = node.accounts[:2]
    made = node.deploy(owner, packaged(f"{V2}WETH9.json"))
    weth = node.at(WETH, made, {2: 18})
    passer = node.deploy(owner, vyper("Passer"), weth.address, friend)
    weth.send(owner, "deposit", value=3 * ETHER)
    weth.send(owner, "transfer", passer.address, 2 * ETHER)
    relayed = passer.send(owner, "pass_on", ETHER)
    with serving(Proxy(node.url, tracer=tracer).app()) as url:
        found = await read_wallet(url, [passer.address])
    assert found.proved() == {"WETH": D(1)}
    assert found.moved(relayed)["WETH"] == D(-1)
    assert found.moved(relayed).get("ETH", D(0)) == D(0)


@pytest.mark.parametrize("resumed", [True, False])
async def test_what_a_contract_gets_and_pays_on_another_day_without_a_word_is_found(
    resumed: bool, node: Anvil
) -> None:
    owner, friend = node.accounts[:2]
    vault = node.deploy(owner, vyper("Puppet"))
    kept = node.send(owner, vault.address, ETHER)
    before = await read_wallet(node.url, [vault.address]) if resumed else None
    node("evm_increaseTime", 86_400)
    came = node.send(friend, vault.address, 5 * ETHER)
    node("evm_increaseTime", 86_400)
    went = vault.send(owner, "act", [(friend, 5 * ETHER, b"", [])])
    node.mine(2)
    found = await read_wallet(node.url, [vault.address], before=before)
    assert found.proved() == {"ETH": D(1)}
    moved = [found.moved(h) for h in (kept, came, went)]
    assert moved == [{"ETH": D(1)}, {"ETH": D(5)}, {"ETH": D(-5)}]
