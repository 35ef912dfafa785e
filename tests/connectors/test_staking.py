"""Liquid staking, by stand-ins with the events of Lido and Rocket Pool."""

from __future__ import annotations

from decimal import Decimal

from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from tests.chains.anvil import ETHER, Anvil, vyper
from tests.chains.reading import read_wallet
from tests.chains.zoo import signer

D = Decimal
STETH = "0xae7ab96520DE3A18E5e111B5EaAb095312D7fE84"
RETH = "0xae78736Cd615f374D3085123A210448E74Fc6393"
QUEUE = "0x889edC2eDab5f40e902b864aD4d7AdE8E412F9B1"
NOBODY = "0x" + "0" * 40


async def test_lido_gives_a_unit_less_and_pays_out_by_way_of_an_nft(node: Anvil) -> None:
    maker, me = node.accounts[0], signer(11).address
    steth = node.at(STETH, node.deploy(maker, vyper("Staking")), {})
    steth.send(maker, "rounds_by", 1)
    queue = node.at(QUEUE, node.deploy(maker, vyper("Queue")), {})
    node.send(maker, QUEUE, 10 * ETHER)
    staked = steth.send(me, "submit", NOBODY, value=3 * ETHER)
    steth.send(me, "approve", QUEUE, ETHER)
    asked = queue.send(me, "request", STETH, ETHER)
    claimed = queue.send(me, "claim", 1)
    found = await read_wallet(node.url, [me])
    unit, nft = D(1) / ETHER, f"ethereum:{QUEUE.lower()}/1"
    assert found.proved()["STETH"] == D(2) - unit
    assert found.moved(staked) == {"ETH": D(-3), "STETH": D(3) - unit}
    assert found.moved(asked) == {"STETH": D(-1), nft: D(1)}
    assert found.moved(claimed) == {nft: D(-1), "ETH": D(1)}
    events = {e.txid: e for e in name_events(found.entries, (), Treatments())}
    assert {k for h in (staked, asked, claimed) for k, *_ in found.of(h)} == {"liquid_staking"}
    assert [events[h].kind for h in (staked, asked, claimed)] == ["trade"] * 3


async def test_rocket_pool_burns_for_more_than_was_staked(node: Anvil) -> None:
    maker, me = node.accounts[0], signer(11).address
    reth = node.at(RETH, node.deploy(maker, vyper("Staking")), {})
    node.send(maker, RETH, ETHER)
    staked = reth.send(me, "submit", NOBODY, value=2 * ETHER)
    burned = reth.send(me, "burn", ETHER)
    given = reth.send(me, "approve", maker, ETHER)
    sent = reth.send(maker, "transferFrom", me, maker, ETHER // 2)
    found = await read_wallet(node.url, [me])
    assert found.proved()["RETH"] == D("0.5")
    assert found.moved(burned) == {"RETH": D(-1), "ETH": D("1.1")}
    assert {k for h in (staked, burned) for k, *_ in found.of(h)} == {"liquid_staking"}
    # between people it is a coin like any other
    assert [{k for k, *_ in found.of(h)} for h in (given, sent)] == [{"sent"}, {"sent"}]
