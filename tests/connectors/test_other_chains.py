"""What other chains do otherwise: the OP stack's fee, reorganisations, nodes that lag or forget."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

import pytest

from config.errors import DataError, SyncerError, TransientError
from tests.chains.anvil import ETHER, Anvil, anvil, vyper
from tests.chains.proxy import Proxy
from tests.chains.reading import Found, read_wallet
from tests.chains.zoo import Zoo, signer
from tests.serving import serving

D = Decimal
L1_BLOCK = "0x4200000000000000000000000000000000000015"
L1_VAULT = "0x420000000000000000000000000000000000001A"


@pytest.fixture
def optimism() -> Iterator[Anvil]:
    """It really charges the L1 fee, and leaves it out of its receipts."""
    with anvil("--network", "optimism", chain_id=10) as node:
        node("anvil_setCode", L1_BLOCK, "0x00")
        scalars = 1368 << 96 | 810949 << 64
        for slot, word in ((1, 20 * 10**9), (7, 10**9), (3, scalars), (8, 0)):
            node("anvil_setStorageAt", L1_BLOCK, hex(slot), f"0x{word:064x}")
        yield node


async def test_an_l1_fee_that_the_receipt_leaves_out_is_told_by_the_balance(
    optimism: Anvil,
) -> None:
    node, friend, me = optimism, optimism.accounts[0], signer(11).address
    node.become(me)
    node.send(friend, me, ETHER)
    before = node.balance(L1_VAULT)
    sent = node.send(me, friend, ETHER // 4)
    l1_fee = node.balance(L1_VAULT) - before
    assert l1_fee > 0
    where = ("optimism", 10)
    found = await read_wallet(node.url, [me], *where)
    held = {"ETH": D(node.balance(me)) / ETHER}
    assert found.proved() == held
    gas = found.gas(node, sent)
    fees = [(role, q) for _, role, _, q in found.of(sent) if role == "fee"]
    assert sorted(fees) == sorted([("fee", D(-gas) / ETHER), ("fee", D(-l1_fee) / ETHER)])
    evidence = [e.evidence or "" for e in found.entries if e.quantity == D(-l1_fee) / ETHER]
    assert "the L1 fee is not in the receipt" in evidence[0]

    proxy = Proxy(node.url, dressed={sent.lower(): {"l1Fee": hex(l1_fee)}})
    with serving(proxy.app()) as url:
        told = await read_wallet(url, [me], *where)
    assert told.proved() == held
    assert [q for _, role, _, q in told.of(sent) if role == "fee"] == [D(-gas - l1_fee) / ETHER]


async def test_a_reorganised_chain_is_read_as_it_is_now() -> None:
    with anvil(chain_id=1) as node:
        friend, me = node.accounts[0], signer(11).address
        node.send(friend, me, 3 * ETHER)
        node.mine(2)
        lost = node.send(friend, me, ETHER)
        first = await read_wallet(node.url, [me])
        assert first.proved() == {"ETH": D(4)}
        node("anvil_reorg", 1, [])
        node.mine(1)
        assert node("eth_getTransactionReceipt", lost) is None
        again = await read_wallet(node.url, [me], before=first)
        assert again.proved() == {"ETH": D(3)}
        assert [r.native_id for r in again.records if r.body == '{"gone":true}'].count(lost) == 1


async def test_a_node_that_forgets_old_states_is_not_believed_to_know_them() -> None:
    with anvil(chain_id=1) as node:
        friend, me = node.accounts[0], signer(11).address
        node.send(friend, me, ETHER)
        node.mine(20)
        node.send(friend, me, ETHER)
        forgets = Proxy(node.url, archive_from=15)
        with serving(forgets.app()) as url:
            with pytest.raises(
                DataError, match=r"no node of ethereum keeps old states; name an arch"
            ):
                await read_wallet(url, [me])
            # another one that does serves for it
            found = await read_wallet(url, [me], more=[node.url])
            assert found.proved() == {"ETH": D(2)}


async def test_a_node_that_answers_the_present_for_the_past_is_refused() -> None:
    with anvil(chain_id=1) as node, serving(Proxy(node.url, no_past=True).app()) as url:
        friend, me = node.accounts[0], signer(11).address
        node.become(me)
        node.send(friend, me, ETHER)
        node.send(me, friend, 1)
        with pytest.raises(DataError, match="answers the present for the past"):
            await read_wallet(url, [me])


async def test_a_node_that_lags_is_read_as_far_as_it_is() -> None:
    with anvil(chain_id=1) as node:
        friend, me = node.accounts[0], signer(11).address
        node.send(friend, me, ETHER)
        node.mine(5)
        node.send(friend, me, ETHER)
        proxy = Proxy(node.url, lag=3)
        with serving(proxy.app()) as url:
            first = await read_wallet(url, [me])
            assert first.proved() == {"ETH": D(1)}
            node.mine(4)
            assert (await read_wallet(url, [me], before=first)).proved() == {"ETH": D(2)}


async def test_a_payment_beside_a_missing_l1_fee_is_not_taken_for_the_fee(
    optimism: Anvil,
) -> None:
    """Without a call tree nobody can part them: it is said to be unexplained."""
    node, friend, me = optimism, optimism.accounts[0], signer(11).address
    payout = node.deploy(friend, vyper("Payout"))
    node.become(me)
    node.send(friend, me, 10 * ETHER)
    back = payout.send(me, "pay", [me], ETHER, value=5 * ETHER)
    with serving(Proxy(node.url, tracer=False).app()) as url:
        found = await read_wallet(url, [me], "optimism", 10)
    assert found.proved() == {"ETH": D(node.balance(me)) / ETHER}
    assert len([role for _, role, _, _ in found.of(back) if role == "fee"]) == 1
    assert [e.quantity > D("0.9") for e in found.entries if e.kind == "unexplained"] == [True]


async def test_logs_of_a_node_that_is_behind_the_others_are_not_believed() -> None:
    with anvil(chain_id=1) as node:
        zoo = Zoo(node).live()
        ahead = Proxy(node.url, refused=frozenset({"eth_getLogs"}))
        behind = Proxy(node.url, lag=20)
        with serving(ahead.app()) as first, serving(behind.app()) as second:
            with pytest.raises(TransientError, match="is behind the others"):
                await read_wallet(first, [zoo.me], more=[second])
            behind.lag = 0
            found = await read_wallet(first, [zoo.me], more=[second])
        assert found.sums() == (await read_wallet(node.url, [zoo.me])).sums()


@pytest.mark.parametrize("method", ["debug_traceTransaction", "eth_getBalance"])
async def test_an_endpoint_that_refuses_with_an_http_error_is_passed_over(method: str) -> None:
    with anvil(chain_id=1) as node:
        zoo = Zoo(node, gap=1)
        zoo.coins()
        with serving(Proxy(node.url, refused=frozenset({method})).app()) as url:
            found = await read_wallet(url, [zoo.me], more=[node.url])
        assert found.sums() == (await read_wallet(node.url, [zoo.me])).sums()


async def test_no_transaction_is_stored_without_its_call_tree_because_of_a_hiccup() -> None:
    with anvil(chain_id=1) as node:
        zoo = Zoo(node, gap=1)
        zoo.coins()
        zoo.odd()
        proxy = Proxy(node.url, hiccups=1)
        calm = await read_wallet(node.url, [zoo.me])
        with serving(proxy.app()) as url:
            assert (await read_wallet(url, [zoo.me])).sums() == calm.sums()
            proxy.hiccups = 50
            with pytest.raises(TransientError):
                await read_wallet(url, [zoo.me])


async def test_faults_lose_nothing_and_double_nothing() -> None:
    """A small share of `make soak`."""
    with anvil(chain_id=1) as node:
        zoo = Zoo(node, gap=1).live()
        proxy = Proxy(node.url, log_cap=20, chance=random.Random(7))
        calm = await read_wallet(node.url, [zoo.me])
        with serving(proxy.app()) as url:
            found: Found | None = None
            for run in range(12):
                proxy.fault_rate = 0.1 if run < 11 else 0.0
                try:
                    found = await read_wallet(url, [zoo.me], before=found)
                except SyncerError:
                    continue
        assert proxy.faults > 10
        assert found is not None
        assert found.proved() == calm.proved()
        assert found.sums() == calm.sums()
