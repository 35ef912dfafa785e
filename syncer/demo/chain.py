"""A real EVM in this process, whose history is a list of signed transactions.

The list is kept in a file; replaying it gives the same blocks and hashes, so the chain is found
again by a later process.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from web3 import Web3

from syncer.demo.contracts import artifact

CHAIN_ID = 131277322940537
GENESIS = 1_704_067_200  # 2024-01-01 00:00:00 UTC
GAS_PRICE = 20 * 10**9
ZERO_ADDRESS = bytes(20)


class _Backend(PyEVMBackend):  # type: ignore[misc]
    """py-evm with the chance taken out, so that a replay gives the same block hashes."""

    def mine_blocks(self, num_blocks: int = 1, coinbase: bytes = ZERO_ADDRESS) -> tuple[bytes, ...]:
        fixed = {"coinbase": coinbase, "mix_hash": bytes(32), "blob_gas_used": 0}
        return tuple(self.chain.mine_block(**fixed).hash for _ in range(num_blocks))

    def next_block_at(self, timestamp: int) -> None:
        self.chain.header = self.chain.header.copy(timestamp=timestamp)


class SandboxChain:
    """Mines one transaction a block at the instant that the story gives it."""

    def __init__(self, journal: Path | None = None) -> None:
        genesis = PyEVMBackend.generate_genesis_params({"timestamp": GENESIS})
        self._backend = _Backend(genesis_parameters=genesis)
        self.tester = EthereumTester(self._backend)
        self._journal = journal
        self._sent: list[tuple[int, str]] = []
        for when, raw in self._stored():
            self._mine(when, raw)

    def _stored(self) -> list[tuple[int, str]]:
        if self._journal and self._journal.is_file():
            return [(w, r) for w, r in json.loads(self._journal.read_text(encoding="utf-8"))]
        return []

    @property
    def empty(self) -> bool:
        return not self._sent

    def _mine(self, when: int, raw: str) -> str:
        self._backend.next_block_at(when)
        tx_hash: str = self.tester.send_raw_transaction(raw)
        self._sent.append((when, raw))
        return tx_hash

    def save(self) -> None:
        if self._journal:
            self._journal.write_text(json.dumps(self._sent), encoding="utf-8")

    def send_raw(self, raw: str, when: int | None = None) -> str:
        """Mine a signed transaction, now or at `when` (seconds)."""
        latest: int = self.tester.get_block_by_number("latest")["timestamp"]
        tx_hash = self._mine(max(when or latest + 12, latest + 1), raw)
        self.save()
        return tx_hash

    def transact(
        self,
        signer: LocalAccount,
        when: int,
        to: str | None = None,
        value: int = 0,
        data: str = "0x",
        gas: int = 3_000_000,
    ) -> str:
        """Sign and mine; the hash. A transaction that reverts is mined as failed."""
        fields: dict[str, Any] = {
            "chainId": CHAIN_ID,
            "nonce": self.tester.get_nonce(signer.address),
            "gas": gas,
            "gasPrice": GAS_PRICE,
            "value": value,
            "data": data,
        }
        if to:
            fields["to"] = Web3.to_checksum_address(to)
        signed = signer.sign_transaction(fields)
        return self.send_raw(Web3.to_hex(signed.raw_transaction), when)

    def deploy(self, signer: LocalAccount, when: int, name: str, *args: Any) -> str:
        """Deploy one of our contracts; its address."""
        built = artifact(name)
        contract = Web3().eth.contract(abi=built["abi"], bytecode=built["bytecode"])
        data = contract.constructor(*args).data_in_transaction
        tx_hash = self.transact(signer, when, data=data)
        address: str = self.tester.get_transaction_receipt(tx_hash)["contract_address"]
        return address


def calldata(name: str, function: str, *args: Any) -> str:
    """The input data of a call to one of our contracts."""
    contract = Web3().eth.contract(abi=artifact(name)["abi"])
    return str(contract.encode_abi(function, args=list(args)))


def key(number: int) -> LocalAccount:
    """A sandbox account; 1 to 10 start with coins."""
    account: LocalAccount = Account.from_key("0x" + f"{number:064x}")
    return account


__all__ = ["CHAIN_ID", "GENESIS", "SandboxChain", "TransactionFailed", "calldata", "key"]
