"""Tokens whose balance is not what their events add up to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from web3 import Web3

from connectors.chains.holdings import Drift, Ledger
from connectors.chains.moves import Sight
from connectors.chains.topics import TRANSFER, padded
from tests.chains.anvil import ETHER, Anvil, Contract, anvil, vyper
from tests.chains.proxy import Proxy
from tests.chains.reading import Found, read_wallet
from tests.chains.zoo import signer
from tests.serving import serving

D = Decimal
DAY = 86_400
STETH = "0xae7ab96520DE3A18E5e111B5EaAb095312D7fE84"


def steth_slot(owner: str) -> str:
    """Where the odd token keeps an owner's shares: Vyper hashes slot and key."""
    words = (3).to_bytes(32, "big") + bytes.fromhex(owner[2:].rjust(64, "0"))
    return str(Web3.to_hex(Web3.keccak(words)))


@pytest.fixture
def node() -> Iterator[Anvil]:
    with anvil(chain_id=1) as made:
        made.become(signer(11).address)
        made.send(made.accounts[0], signer(11).address, ETHER)
        yield made


def me() -> str:
    return signer(11).address


def token(node: Anvil, fee_percent: int = 0) -> tuple[Contract, str]:
    made = node.deploy(node.accounts[0], vyper("OddToken"), fee_percent)
    return made, f"ethereum:{made.address.lower()}"


def drifts(found: Found) -> list[tuple[str, Decimal]]:
    return [(e.kind, e.quantity) for e in found.entries if "own balance" in (e.evidence or "")]


async def test_a_fee_on_a_transfer_is_part_of_the_transfer(node: Anvil) -> None:
    odd, asset = token(node, fee_percent=2)
    maker = node.accounts[0]
    came = odd.send(maker, "transfer", me(), 100_000_000)
    node.mine(5)
    went = odd.send(me(), "transfer", maker, 10_000_000)
    found = await read_wallet(node.url, [me()])
    assert found.proved()[asset] == D("88")
    assert found.moved(came) == {asset: D("98")}
    assert found.moved(went) == {asset: D("-10")}
    assert drifts(found) == [("received", D("-2"))]
    again = await read_wallet(node.url, [me()], before=found)
    assert again.records == found.records


async def test_a_balance_that_grows_by_itself_is_told_once_a_day(node: Anvil) -> None:
    odd, asset = token(node)
    odd.send(node.accounts[0], "transfer", me(), 100_000_000)
    for _ in range(2):
        node.mine(3)
        odd.send(node.accounts[0], "grow", 10)
    first = await read_wallet(node.url, [me()])
    assert first.proved()[asset] == D("102")
    assert drifts(first) == [("rebase", D("2"))]
    odd.send(node.accounts[0], "grow", 5)
    same_day = await read_wallet(node.url, [me()], before=first)
    assert drifts(same_day) == drifts(first)
    assert asset in same_day.reported.unproved
    node("evm_increaseTime", DAY)
    node.mine(1)
    next_day = await read_wallet(node.url, [me()], before=same_day)
    assert next_day.proved()[asset] == D("102.5")
    assert drifts(next_day) == [("rebase", D("2")), ("rebase", D("0.5"))]


async def test_growth_of_a_known_token_is_income_of_the_day_it_grew_on() -> None:
    """From the first day on that it was there, where a node keeps old states."""
    with anvil(chain_id=1) as node:
        node.become(me())
        made, maker = node.deploy(node.accounts[0], vyper("OddToken"), 0), node.accounts[0]
        node.send(maker, me(), ETHER)
        steth = node.at(STETH, made, {0: 6, 2: 1000})
        node("anvil_setStorageAt", STETH, steth_slot(maker), f"0x{10**9:064x}")
        steth.send(maker, "transfer", me(), 100_000_000)
        for _ in range(3):
            node("evm_increaseTime", DAY)
            steth.send(maker, "grow", 1)
        found = await read_wallet(node.url, [me()])
        assert found.proved()["STETH"] == D("100.3")
        assert grown(found) == {"01-02": D("0.1"), "01-03": D("0.1"), "01-04": D("0.1")}
        # a day that is not over is told with the next, unless something leaves
        steth.send(maker, "grow", 1)
        again = await read_wallet(node.url, [me()], before=found)
        assert grown(again) == grown(found)
        steth.send(me(), "transfer", maker, 50_200_000)
        left = await read_wallet(node.url, [me()], before=again)
        assert grown(left) == {"01-02": D("0.1"), "01-03": D("0.1"), "01-04": D("0.2")}
        # a full read finds the same days
        whole = await read_wallet(node.url, [me()], before=left, full=True)
        assert grown(whole) == grown(left)
        # far more than it could grow by: an event was lost, or it was slashed
        node("evm_increaseTime", 2 * DAY)
        node.mine(1)
        held = steth.read("balanceOf", me())
        node("anvil_setStorageAt", STETH, steth_slot(me()), f"0x{held * 8 // 10:064x}")
        node.mine(1)
        slashed = await read_wallet(node.url, [me()], before=whole)
        slashed.proved()
        assert drifts(slashed)[-1] == ("rebase", D("-9.87936"))


async def test_growth_that_is_more_than_a_day_brings_is_a_question(node: Anvil) -> None:
    made, _ = token(node)
    steth, maker = node.at(STETH, made, {0: 6, 2: 1000}), node.accounts[0]
    node("anvil_setStorageAt", STETH, steth_slot(maker), f"0x{10**9:064x}")
    steth.send(maker, "transfer", me(), 100_000_000)
    node("evm_increaseTime", 60 * DAY)
    steth.send(maker, "grow", 100)
    found = await read_wallet(node.url, [me()])
    assert drifts(found) == [("rebase", D("10"))]


def grown(found: Found) -> dict[str, Decimal]:
    """By day."""
    days: dict[str, Decimal] = {}
    for entry in found.entries:
        if entry.kind == "income:staking":
            day = f"{entry.at:%m-%d}"
            days[day] = days.get(day, D(0)) + entry.quantity
    return dict(sorted(days.items()))


async def test_a_loss_is_told_on_its_day_and_is_no_part_of_what_is_sent(node: Anvil) -> None:
    made, _ = token(node)
    steth, maker = node.at(STETH, made, {0: 6, 2: 1000}), node.accounts[0]
    node("anvil_setStorageAt", STETH, steth_slot(maker), f"0x{10**9:064x}")
    steth.send(maker, "transfer", me(), 100_000_000)
    resumed = await read_wallet(node.url, [me()])
    for share in (100, 96, 100):
        node("evm_increaseTime", DAY)
        held = int(node("eth_getStorageAt", STETH, steth_slot(me()), "latest"), 16)
        node("anvil_setStorageAt", STETH, steth_slot(me()), f"0x{held * share // 100:064x}")
        node.mine(1)
        resumed = await read_wallet(node.url, [me()], before=resumed)
    sent = steth.send(me(), "transfer", maker, 1_000_000)
    resumed = await read_wallet(node.url, [me()], before=resumed)
    whole = await read_wallet(node.url, [me()])
    assert resumed.proved() == whole.proved()
    assert resumed.moved(sent) == whole.moved(sent) == {"STETH": D(-1)}
    assert drifts(resumed) == drifts(whole) == [("rebase", D("-4"))]


@pytest.mark.parametrize("words", [False, True])
async def test_a_contract_that_stumbles_or_lies_in_its_own_way_stops_nothing(
    words: bool, node: Anvil
) -> None:
    odd, asset = token(node)
    odd.send(node.accounts[0], "transfer", me(), 1_000_000)
    if words:  # those of a node that has not got it, or wants to be left alone
        node.at(odd.address, node.deploy(node.accounts[0], vyper("Grudge")), {})
    else:
        node("anvil_setCode", odd.address, "0xfe")  # INVALID
    found = await read_wallet(node.url, [me()], problems=1)
    assert asset in found.reported.unproved
    assert found.sums() == {"ETH": D(1)}


async def test_an_event_that_a_node_kept_back_is_told_with_its_block_until_it_is_read(
    node: Anvil,
) -> None:
    odd, asset = token(node)
    maker = node.accounts[0]
    odd.send(maker, "transfer", me(), 5_000_000)
    node.mine(4)
    hidden = odd.send(maker, "transfer", me(), 7_000_000)
    block = int(node.receipt(hidden)["blockNumber"], 16)
    node.mine(20)
    with serving(Proxy(node.url, hidden=frozenset({hidden.lower()})).app()) as url:
        found = await read_wallet(url, [me()])
    assert found.proved()[asset] == D("12")
    (row,) = [e for e in found.entries if e.kind == "rebase"]
    assert (row.quantity, row.native_id.split(":")[0]) == (D("7"), str(block))
    assert row.evidence == f"the token's own balance in block {block}, beyond its events"
    whole = await read_wallet(node.url, [me()], before=found, full=True)
    assert whole.proved()[asset] == D("12")
    assert [e.kind for e in whole.entries if e.kind == "rebase"] == []
    assert whole.moved(hidden) == {asset: D("7")}


def test_growth_was_told_when_it_was_told_last_in_whatever_order_records_come() -> None:
    ledger = Ledger(Sight(frozenset(), "ethereum", 1))
    first, last = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
    for number, at in ((10_000, last), (9_999, first)):
        ledger.drifted(Drift(("0xme", "0xc0"), number, 1, False), at)
    assert ledger.grown_until(("0xme", "0xc0")) == last


def test_a_transaction_that_is_in_another_block_now_counts_once() -> None:
    """After a reorganisation it may even have failed there."""
    own = "0x" + "1" * 40
    ledger = Ledger(Sight(frozenset({own}), "ethereum", 1))

    def mined(block: int, status: str) -> dict[str, Any]:
        topics = [TRANSFER, padded("0x" + "2" * 40), padded(own)]
        log = {"address": "0xc0", "topics": topics, "data": "0x5"}
        receipt = {"blockNumber": hex(block), "status": status, "gasUsed": "0x1"}
        receipt |= {"logs": [log] if status == "0x1" else [], "effectiveGasPrice": "0x1"}
        sent = {"from": "0xother", "to": "0xc0", "value": "0x0"}
        return {"transaction": sent, "receipt": receipt}

    for block, status, held in ((4, "0x1", 5), (6, "0x1", 5), (7, "0x0", 0)):
        ledger.add("0xh", mined(block, status))
        assert ledger.computed((own, "0xc0")) == held


async def test_a_tokens_past_is_asked_of_a_node_that_keeps_it(node: Anvil) -> None:
    odd, asset = token(node, fee_percent=2)
    odd.send(node.accounts[0], "transfer", me(), 100_000_000)
    node.mine(30)
    with serving(Proxy(node.url, archive_from=node.head - 5).app()) as pruned:
        found = await read_wallet(pruned, [me()], more=[node.url])
    assert found.proved()[asset] == D("98")
    assert drifts(found) == [("received", D("-2"))]
