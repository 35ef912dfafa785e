"""Case 23: unasked tokens, a fake with the right symbol, a payment of nothing from my address."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config.assets import names
from config.token_list import TokenList
from connectors.chains.spam import shown, trick
from connectors.chains.tokens import Token
from connectors.chains.translate import ChainTranslator
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
    told = [(e.kind, e.rule, e.confidence) for e in spam]
    assert told == [("spam", "fake_token", "likely"), ("spam", "lure", "likely")]
    assert 'calls itself "CLAIM"' in spam[1].evidence
    assert {e.legs[0].asset for e in spam} == {
        f"ethereum:{fake.address.lower()}",
        f"ethereum:{claim.address.lower()}",
    }
    assert found.proved()["USDC"] == Decimal(250) / ETHER


async def test_a_token_of_the_persons_own_list_is_no_spam_and_has_its_name() -> None:
    with anvil(chain_id=1) as node:
        maker, me = node.accounts[0], signer(11).address
        plain = packaged(f"{OZ}ERC20PresetFixedSupply.json")
        made = [node.deploy(maker, plain, "Plain", "PLAIN", ETHER, maker) for _ in range(2)]
        listed, other = made
        came = [one.send(maker, "transfer", me, 10**6) for one in made]
        found = await read_wallet(node.url, [me])
    trusted = TokenList({(1, listed.address.lower()): "Gold (GLD)"})
    entries = ChainTranslator("w", [me], "ethereum", 1, trusted)(found.records).entries
    how = Treatments(known=frozenset({f"ethereum:{listed.address.lower()}"}))
    events = {e.txid: e for e in name_events(entries, (), how)}
    assert [events[h].rule for h in came] == ["one_half", "spam_token"]
    assert "Gold (GLD) by the token list" in events[came[0]].evidence
    assert other.address.lower() in events[came[1]].legs[0].asset


@pytest.mark.parametrize(
    ("symbol", "name", "found"),
    [
        ("USDC", "USD Coin", "fake"),
        ("US\u200bDC", "x", "fake"),
        ("U\u0405DC", "x", None),  # a letter of another script: it is another word
        ("ETH", "Ether", "fake"),
        ("$ Visit ethpro.io", "x", "lure"),
        ("PLAIN", "Claim at t.me/gift", "lure"),
        ("GOLD", "Gold of the Sea", None),
        (None, None, None),
    ],
)
def test_a_name_warns_of_its_sender(
    symbol: str | None, name: str | None, found: str | None
) -> None:
    assert trick(Token(18, symbol, name)) == found


def test_a_name_out_of_a_contract_is_shown_short_and_plain() -> None:
    assert shown("\x1b[31mred\x07") == "[31mred"
    assert shown("x" * 100) == "x" * 39 + "…"
