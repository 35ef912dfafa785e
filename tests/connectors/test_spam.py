"""Case 23: unasked tokens, a fake with the right symbol, a payment of nothing from my address."""

from __future__ import annotations

from decimal import Decimal

from config.assets import names
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from tests.chains.anvil import ETHER, Anvil, Contract, anvil, packaged
from tests.chains.reading import read_wallet
from tests.chains.zoo import OZ, signer

USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"


def usdc(node: Anvil, maker: str) -> Contract:
    """A token at the address of the true one."""
    plain = packaged(f"{OZ}ERC20PresetFixedSupply.json")
    made = node.deploy(maker, plain, "USD Coin", "USDC", ETHER, maker)
    true = node.at(USDC, made, {})
    slot = _slot(node, made, maker)
    node("anvil_setStorageAt", USDC, slot, f"0x{ETHER:064x}")
    return true


def _slot(node: Anvil, token: Contract, owner: str) -> str:
    """Where OpenZeppelin keeps an owner's balance: the first mapping."""
    from web3 import Web3

    key = bytes.fromhex(owner[2:].lower().rjust(64, "0")) + bytes(32)
    slot = Web3.to_hex(Web3.keccak(key))
    assert int(node("eth_getStorageAt", token.address, slot, "latest"), 16) == ETHER
    return slot


async def test_spam_is_no_income_and_a_fake_is_not_the_coin() -> None:
    with anvil(chain_id=1) as node:
        maker, stranger = node.accounts[:2]
        me = signer(11).address
        plain = packaged(f"{OZ}ERC20PresetFixedSupply.json")
        true = usdc(node, maker)
        fake = node.deploy(stranger, plain, "USD Coin", "USDC", ETHER, stranger)
        claim = node.deploy(stranger, plain, "claim at evil.example", "CLAIM", ETHER, stranger)
        paid = true.send(maker, "transfer", me, 250)
        lured = [one.send(stranger, "transfer", me, 10**6) for one in (fake, claim)]
        poison = true.send(stranger, "transferFrom", me, stranger, 0)
        found = await read_wallet(node.url, [me])
    events = {e.txid: e for e in name_events(found.entries, (), Treatments())}
    assert poison not in events
    assert (events[paid].kind, events[paid].legs[0].asset) == ("deposit", "USDC")
    assert names().token("ethereum", 1, USDC.lower()) == "USDC"
    spam = [events[h] for h in lured]
    assert {(e.kind, e.rule, e.confidence) for e in spam} == {("spam", "spam_token", "likely")}
    assert {e.legs[0].asset for e in spam} == {
        f"ethereum:{fake.address.lower()}",
        f"ethereum:{claim.address.lower()}",
    }
    assert found.proved()["USDC"] == Decimal(250) / ETHER
