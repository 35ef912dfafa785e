"""Pulls one wallet on one chain: transactions with receipts, changed balances, token facts.

Streams: `txs` by hash, `blocks` by number and address where the native state changed,
`tokens` by contract. The cursor `chain` is the last block that was read whole.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from config.assets import names
from config.errors import DataError
from config.exact import units
from connectors.chains.discover import changed_blocks, transactions_by_logs
from connectors.chains.rpc import Rpc, as_int
from connectors.chains.topics import TRANSFER, padded
from connectors.records import Balance, KeyReport, Page, RawRecord

WINDOW = 1_000_000
OVERLAP = 32  # blocks read again each run, for nodes that lag behind their own head
_DECIMALS, _SYMBOL, _BALANCE_OF = "0x313ce567", "0x95d89b41", "0x70a08231"


class Wallet:
    """One account's addresses on one chain. `tokens` are contracts known from earlier pulls."""

    def __init__(
        self,
        source: str,
        account: str,
        addresses: Sequence[str],
        rpc: Rpc,
        chain_id: int,
        confirmations: int,
        tokens: Iterable[str] = (),
    ) -> None:
        self.source, self.account = source, account
        self._addresses = [a.lower() for a in addresses]
        self._rpc, self._chain_id, self._confirmations = rpc, chain_id, confirmations
        self._known_tokens = set(tokens)
        self._tokens: dict[str, int | None] = {}

    async def pull(
        self, cursors: Mapping[str, str], full: bool = False, since: datetime | None = None
    ) -> AsyncIterator[Page]:
        await self._same_chain()
        head = as_int(await self._rpc.call("eth_blockNumber")) - self._confirmations
        again = full or since is not None  # a date names no block: everything is read again
        done = -1 if again or "chain" not in cursors else json.loads(cursors["chain"])["block"]
        lo = max(-1, done - OVERLAP)
        while lo < head:
            hi = min(head, lo + WINDOW)
            records = await self._window(lo, hi)
            yield Page("chain", tuple(records), json.dumps({"block": max(hi, done)}))
            lo = hi

    async def _same_chain(self) -> None:
        answered = as_int(await self._rpc.call("eth_chainId"))
        if answered != self._chain_id:
            raise DataError(
                f"the node of {self._rpc.chain} is on chain {answered}, not {self._chain_id}; "
                f"correct [chains.{self._rpc.chain}]"
            )

    async def _window(self, lo: int, hi: int) -> list[RawRecord]:
        hashes = await transactions_by_logs(self._rpc, self._addresses, max(lo + 1, 0), hi)
        changes = {a: await changed_blocks(self._rpc, a, lo, hi) for a in self._addresses}
        numbers = sorted({b for found in changes.values() for b in found})
        blocks = await self._blocks(numbers)
        for block in blocks.values():
            hashes |= {t["hash"] for t in block["transactions"] if self._is_party(t)}
        records = await self._transactions(sorted(hashes), blocks)
        records += [
            self._block_record(blocks[n], address, before[1], after[1])
            for address, found in changes.items()
            for n, (before, after) in found.items()
        ]
        return [*records, *await self._token_records(records)]

    def _is_party(self, transaction: Mapping[str, Any]) -> bool:
        ends = (transaction["from"], transaction.get("to") or "")
        return any(end.lower() in self._addresses for end in ends)

    async def _blocks(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        calls = [("eth_getBlockByNumber", [hex(n), True]) for n in numbers]
        return dict(zip(numbers, await self._rpc.batch(calls), strict=True))

    async def _transactions(
        self, hashes: Sequence[str], blocks: dict[int, dict[str, Any]]
    ) -> list[RawRecord]:
        calls = [("eth_getTransactionByHash", [h]) for h in hashes]
        calls += [("eth_getTransactionReceipt", [h]) for h in hashes]
        answers = await self._rpc.batch(calls)
        pairs = list(zip(answers[: len(hashes)], answers[len(hashes) :], strict=True))
        missing = {as_int(r["blockNumber"]) for _, r in pairs} - blocks.keys()
        blocks |= await self._blocks(sorted(missing))
        return [self._transaction_record(t, r, blocks[as_int(r["blockNumber"])]) for t, r in pairs]

    def _transaction_record(
        self, transaction: Any, receipt: Any, block: Mapping[str, Any]
    ) -> RawRecord:
        body = {
            "transaction": transaction,
            "receipt": receipt,
            "timestamp": block["timestamp"],
            "block_hash": block["hash"],
        }
        return self._record("txs", transaction["hash"], block, body)

    def _block_record(
        self, block: Mapping[str, Any], address: str, before: int, after: int
    ) -> RawRecord:
        number = as_int(block["number"])
        body = {
            "number": number,
            "timestamp": block["timestamp"],
            "block_hash": block["hash"],
            "address": address,
            "before": str(before),
            "after": str(after),
        }
        return self._record("blocks", f"{number}:{address}", block, body)

    def _record(
        self, stream: str, native_id: str, block: Mapping[str, Any] | None, body: Any
    ) -> RawRecord:
        when = datetime.fromtimestamp(as_int(block["timestamp"]), UTC) if block else None
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return RawRecord(self.source, stream, native_id, when, text)

    async def _token_records(self, records: Iterable[RawRecord]) -> list[RawRecord]:
        seen = {
            log["address"].lower()
            for record in records
            if record.stream == "txs"
            for log in json.loads(record.body)["receipt"]["logs"]
            if _is_fungible(log) and self._names_us(log)
        }
        facts = [await self._token(contract) for contract in sorted(seen)]
        self._known_tokens |= seen
        return [self._record("tokens", f["contract"], None, f) for f in facts]

    def _names_us(self, log: Mapping[str, Any]) -> bool:
        return any(padded(a) in log["topics"][1:] for a in self._addresses)

    async def _token(self, contract: str) -> dict[str, Any]:
        calls = [
            ("eth_call", [{"to": contract, "data": d}, "latest"]) for d in (_DECIMALS, _SYMBOL)
        ]
        decimals, symbol = await self._rpc.try_batch(calls)
        self._tokens[contract] = _small_int(decimals.get("result"))
        return {
            "contract": contract,
            "decimals": self._tokens[contract],
            "symbol": _string(symbol.get("result")),
        }

    async def balances(self) -> list[Balance]:
        """Native coin and every token that was ever moved, at the last block that is read."""
        number = as_int(await self._rpc.call("eth_blockNumber")) - self._confirmations
        block = await self._rpc.call("eth_getBlockByNumber", hex(number), False)
        at = datetime.fromtimestamp(as_int(block["timestamp"]), UTC)
        chain, sums = self._rpc.chain, {}
        calls = [("eth_getBalance", [a, hex(number)]) for a in self._addresses]
        native = sum(map(as_int, await self._rpc.batch(calls)))
        sums[names().native(chain, self._chain_id)] = units(native, 18)
        for contract in sorted(self._known_tokens):
            if contract not in self._tokens:
                await self._token(contract)
            decimals = self._tokens[contract]
            if decimals is not None:
                held = await self._token_held(contract, number)
                asset = names().token(chain, self._chain_id, contract)
                sums[asset] = units(held, decimals)
        return [Balance(self.account, a, q, at) for a, q in sorted(sums.items())]

    async def _token_held(self, contract: str, number: int) -> int:
        calls = [
            ("eth_call", [{"to": contract, "data": _BALANCE_OF + padded(a)[2:]}, hex(number)])
            for a in self._addresses
        ]
        return sum(as_int(r) for r in await self._rpc.batch(calls))

    async def check_key(self) -> KeyReport:
        await self._same_chain()
        return KeyReport(("an address can only be read",))

    async def close(self) -> None:
        await self._rpc.close()


def _is_fungible(log: Mapping[str, Any]) -> bool:
    topics = log["topics"]
    return bool(topics) and (topics[0] != TRANSFER or len(topics) == 3)


def _small_int(data: str | None) -> int | None:
    value = int(data, 16) if data and data != "0x" else None
    return value if value is not None and value <= 77 else None


def _string(data: str | None) -> str | None:
    if not data or data == "0x":
        return None
    raw = bytes.fromhex(data[2:])
    try:
        return str(decode(["string"], raw)[0])
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return raw.rstrip(b"\0").decode("utf-8", "replace")
