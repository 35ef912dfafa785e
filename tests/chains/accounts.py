"""Contract wallets of others: a Safe, and an ERC-4337 account with its entry point."""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import Web3

from tests.chains.anvil import ETHER, Anvil, Contract, packaged

NOBODY = "0x" + "00" * 20
SAFE = "@safe-global/safe-smart-account/build/artifacts/contracts/"
AA = "@account-abstraction/contracts/artifacts/"
ENTRY_POINT = "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108"  # v0.8, the same on every chain


def make_safe(node: Anvil, owner: str) -> Contract:
    built = packaged(f"{SAFE}Safe.sol/Safe.json")
    single = node.deploy(owner, built)
    factory = node.deploy(
        owner, packaged(f"{SAFE}proxies/SafeProxyFactory.sol/SafeProxyFactory.json")
    )
    setup = single.data("setup", [owner], 1, NOBODY, "0x", NOBODY, NOBODY, 0, NOBODY)
    made = factory.send(owner, "createProxyWithNonce", single.address, setup, 1)
    created = node.receipt(made)["logs"][-1]
    return Contract(node, Web3.to_checksum_address(f"0x{created['topics'][1][-40:]}"), built.abi)


def safe_pays(safe: Contract, owner: str, to: str, wei: int, gas_price: int = 10**9) -> str:
    """Executed by its owner, whose gas the Safe pays back at a price."""
    signature = f"0x{'00' * 12}{owner[2:]}{'00' * 32}01"  # approved by being sent by the owner
    execution = (to, wei, "0x", 0, 0, 50_000, gas_price, NOBODY, NOBODY, signature)
    return safe.send(owner, "execTransaction", *execution, gas=400_000)


class SmartAccount:
    """A SimpleAccount and its owner; operations are bundled by somebody else."""

    def __init__(self, node: Anvil, bundler: str, owner: LocalAccount) -> None:
        self.node, self.bundler, self.owner = node, bundler, owner
        made = node.deploy(bundler, packaged(f"{AA}EntryPoint.json"))
        self.entry_point = node.at(ENTRY_POINT, made, {})
        factory = node.deploy(bundler, packaged(f"{AA}SimpleAccountFactory.json"), ENTRY_POINT)
        creator = Web3.to_checksum_address(f"{factory.read('senderCreator'):#042x}")
        node("anvil_setBalance", creator, hex(ETHER))
        node.become(creator)
        factory.send(creator, "createAccount", owner.address, 0)
        address = Web3.to_checksum_address(f"{factory.read('getAddress', owner.address, 0):#042x}")
        self.contract = Contract(node, address, packaged(f"{AA}SimpleAccount.json").abi)
        self.address = address

    def operate(self, to: str, wei: int) -> str:
        nonce = self.entry_point.read("getNonce", self.address, 0)
        call = self.contract.data("execute", to, wei, b"")
        operation: list[Any] = [self.address, nonce, b"", call, _two(500_000, 200_000), 60_000]
        operation += [_two(10**9, 10**10), b"", b""]
        digest = self.entry_point.read("getUserOpHash", operation)
        signed = self.owner.unsafe_sign_hash(digest.to_bytes(32, "big"))
        operation[8] = bytes(signed.signature)
        return self.entry_point.send(self.bundler, "handleOps", [operation], self.bundler)


def _two(high: int, low: int) -> bytes:
    return (high << 128 | low).to_bytes(32, "big")
