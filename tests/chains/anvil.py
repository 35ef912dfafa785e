"""A real EVM chain for the tests: anvil, and contracts of others from development packages.

`make test` fetches both with npm, by the lock beside this file; nothing of it is shipped.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from web3 import Web3

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
ETHER = 10**18
NOON = 1_735_732_800  # of 2025-01-01
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "AMD64": "amd64"}


def _binary() -> str:
    system = f"{platform.system().lower()}-{_MACHINES.get(platform.machine(), platform.machine())}"
    found = PACKAGES / "@foundry-rs" / f"anvil-{system}" / "bin" / "anvil"
    assert found.is_file(), f"{found} is missing: run make chain"
    return str(found)


class Refused(Exception):
    """The node answered with an error."""


class Anvil:
    """One running node. Senders need no key: anvil signs for its ten rich accounts, and for any
    that `become` was called with."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.accounts: list[str] = [Web3.to_checksum_address(a) for a in self("eth_accounts")]

    def __call__(self, method: str, *params: Any) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        request = urllib.request.Request(
            self.url, json.dumps(asked).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.loads(answer.read())
        if "error" in said:
            raise Refused(f"{method}: {said['error']}")
        return said["result"]

    @property
    def head(self) -> int:
        return int(self("eth_blockNumber"), 16)

    def balance(self, address: str, block: int | str = "latest") -> int:
        at = block if isinstance(block, str) else hex(block)
        return int(self("eth_getBalance", address, at), 16)

    def mine(self, blocks: int) -> None:
        if blocks:
            self("anvil_mine", hex(blocks), "0xc")

    def become(self, address: str) -> None:
        self("anvil_impersonateAccount", address)

    def send(
        self,
        sender: str,
        to: str | None,
        value: int = 0,
        data: str = "0x",
        status: int = 1,
        gas: int | None = None,
    ) -> str:
        """Send and mine; the hash. A transaction that must fail is sent with `status` 0."""
        asked = {"from": sender, "value": hex(value), "data": data}
        asked |= {"to": to} if to else {}
        gas = gas or (None if status else 200_000)
        asked |= {"gas": hex(gas)} if gas else {}
        return self.mined(self("eth_sendTransaction", asked), status)

    def raw(self, signed: Any, status: int = 1) -> str:
        return self.mined(
            self("eth_sendRawTransaction", Web3.to_hex(signed.raw_transaction)), status
        )

    def mined(self, tx_hash: str, status: int = 1) -> str:
        receipt = self.receipt(tx_hash)
        assert int(receipt["status"], 16) == status, receipt
        return tx_hash

    def receipt(self, tx_hash: str) -> dict[str, Any]:
        for _ in range(200):
            if found := self("eth_getTransactionReceipt", tx_hash):
                return dict(found)
            time.sleep(0.01)
        raise Refused(f"{tx_hash} was not mined")

    def deploy(self, sender: str, built: Built, *args: Any) -> Contract:
        made = Web3().eth.contract(abi=built.abi, bytecode=built.bytecode)
        data = made.constructor(*args).data_in_transaction
        receipt = self.receipt(self.send(sender, None, data=data))
        return Contract(self, Web3.to_checksum_address(receipt["contractAddress"]), built.abi)

    def at(self, address: str, contract: Contract, storage: dict[int, int]) -> Contract:
        """A deployed contract again at an address that means something, with its first words."""
        self("anvil_setCode", address, self("eth_getCode", contract.address, "latest"))
        for slot, word in storage.items():
            self("anvil_setStorageAt", address, hex(slot), f"0x{word:064x}")
        return Contract(self, address, contract.abi)


@dataclass(frozen=True)
class Built:
    """What a compiler made of a contract."""

    abi: list[dict[str, Any]]
    bytecode: str


@dataclass(frozen=True)
class Contract:
    node: Anvil
    address: str
    abi: list[dict[str, Any]]

    def data(self, function: str, *args: Any) -> str:
        return str(Web3().eth.contract(abi=self.abi).encode_abi(function, args=list(args)))

    def send(self, sender: str, function: str, *args: Any, value: int = 0, **more: int) -> str:
        return self.node.send(sender, self.address, value, self.data(function, *args), **more)

    def read(self, function: str, *args: Any, block: int | str = "latest") -> Any:
        """The answer's first word as a number, or the raw hex text if there are more."""
        at = block if isinstance(block, str) else hex(block)
        asked = {"to": self.address, "data": self.data(function, *args)}
        said: str = self.node("eth_call", asked, at)
        return int(said, 16) if len(said) == 66 else said


@cache
def packaged(path: str) -> Built:
    """A contract out of a package; there are two shapes of artifacts."""
    said = json.loads((PACKAGES / path).read_text(encoding="utf-8"))
    code = said.get("bytecode") or said["evm"]["bytecode"]["object"]
    code = code["object"] if isinstance(code, dict) else code
    return Built(said["abi"], code if code.startswith("0x") else f"0x{code}")


@cache
def vyper(name: str) -> Built:
    """One of our own, compiled."""
    from vyper.compiler import compile_code

    source = (HERE / "contracts" / f"{name}.vy").read_text(encoding="utf-8")
    made = compile_code(source, output_formats=["abi", "bytecode"])
    return Built(made["abi"], made["bytecode"])


@contextmanager
def anvil(*options: str, chain_id: int = 31337) -> Iterator[Anvil]:
    """A node of its own on a port of its own choice, gone afterwards; it keeps every state. Its
    time starts at a noon, so that a test lies in one day unless it passes some."""
    command = [_binary(), "--port", "0", "--chain-id", str(chain_id), "--order", "fifo"]
    command += ["--max-persisted-states", "100000", "--timestamp", str(NOON), *options]
    with (
        tempfile.TemporaryFile() as said,
        # it keeps states in its home, and leaves them there
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, "HOME": home}
        ) as child,
    ):
        try:
            yield Anvil(f"http://127.0.0.1:{_port(said, child)}")
        finally:
            child.kill()


def _port(said: IO[bytes], child: subprocess.Popen[bytes]) -> int:
    """The port that it says it listens on."""
    for _ in range(2_000):
        text = os.pread(said.fileno(), 65_536, 0)  # anvil's own place in the file stays
        if found := re.search(rb"Listening on [\d.]+:(\d+)", text):
            return int(found[1])
        assert child.poll() is None, "anvil ended at once"
        time.sleep(0.005)
    raise AssertionError("anvil does not say where it listens")
