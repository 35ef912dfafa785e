"""Pulls one wallet on one chain: transactions with receipts, changed balances, token facts.

Streams: `txs` by hash, `blocks` by number and address where the native state changed,
`tokens` by contract. The cursor `chain` is the last block that was read whole, and for which
addresses. A record that a re-read range no longer has (a reorg) gets the body `GONE`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from config.assets import names
from config.errors import DataError, TransientError
from config.exact import units
from connectors.chains.discover import changed_blocks, transactions_by_logs
from connectors.chains.rpc import Rpc, as_int
from connectors.chains.topics import NATIVE_LOGS, TRANSFER, padded
from connectors.records import Balance, KeyReport, Page, RawRecord, Reported

WINDOW = 1_000_000
OVERLAP = 32  # blocks read again each run, for reorgs and nodes that lag behind their own head
GONE = '{"gone":true}'
_DECIMALS, _SYMBOL, _BALANCE_OF = "0x313ce567", "0x95d89b41", "0x70a08231"


class Wallet:
    """One account's addresses on one chain. `known` are its stored records."""

    def __init__(
        self,
        source: str,
        account: str,
        addresses: Sequence[str],
        rpc: Rpc,
        chain_id: int,
        confirmations: int,
        known: Iterable[RawRecord] = (),
    ) -> None:
        self.source, self.account = source, account
        self._addresses = sorted(a.lower() for a in addresses)
        self._rpc, self._chain_id, self._confirmations = rpc, chain_id, confirmations
        self._tokens: dict[str, int | None] = {}
        self._stored: dict[tuple[str, str], tuple[int, str]] = {}
        for record in known:
            self._remember(record)

    def _remember(self, record: RawRecord) -> None:
        body = json.loads(record.body)
        if record.stream == "tokens":
            self._tokens[record.native_id] = body["decimals"]
        elif "gone" in body:
            self._stored.pop((record.stream, record.native_id), None)
        else:
            number = body["number"] if record.stream == "blocks" else _number(body["receipt"])
            self._stored[record.stream, record.native_id] = (number, body.get("block_hash", ""))

    async def pull(
        self, cursors: Mapping[str, str], full: bool = False, since: datetime | None = None
    ) -> AsyncIterator[Page]:
        await self._same_chain()
        head = as_int(await self._rpc.call("eth_blockNumber")) - self._confirmations
        state = json.loads(cursors.get("chain", "{}"))
        # a date names no block, and a new address has a past: everything is read again
        again = (
            full or since is not None or not set(self._addresses) <= set(state.get("addresses", ()))
        )
        done = -1 if again else state["block"]
        lo = max(-1, done - OVERLAP)
        while lo < head:
            hi = min(head, lo + WINDOW)
            records = [*await self._window(lo, hi), *await self._unread_tokens()]
            after = {"block": max(hi, done), "addresses": self._addresses}
            yield Page("chain", tuple(records), json.dumps(after))
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
        known = [n for (stream, _), (n, _) in self._stored.items() if stream == "blocks"]
        changes = {a: await changed_blocks(self._rpc, a, lo, hi, known) for a in self._addresses}
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
        gone = await self._gone(lo, hi, records)
        return [*records, *gone, *await self._token_records(records)]

    async def _gone(self, lo: int, hi: int, found: Iterable[RawRecord]) -> list[RawRecord]:
        """What was stored of these blocks, was not found again, and whose block is no more part of
        the chain. Not being found alone proves nothing: what cancels out is found only by luck."""
        kept = {(r.stream, r.native_id) for r in found}
        missing = {k: v for k, v in self._stored.items() if lo < v[0] <= hi and k not in kept}
        numbers = sorted({number for number, _ in missing.values()})
        blocks = await self._blocks(numbers)
        lost = [k for k, (number, hash_) in missing.items() if blocks[number]["hash"] != hash_]
        return [RawRecord(self.source, stream, i, None, GONE) for stream, i in sorted(lost)]

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
        blocks |= await self._blocks(sorted({_number(r) for _, r in pairs} - blocks.keys()))
        return [self._transaction_record(t, r, blocks[_number(r)]) for t, r in pairs]

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

    # ---- tokens

    async def _token_records(self, records: Iterable[RawRecord]) -> list[RawRecord]:
        seen = {
            log["address"].lower()
            for record in records
            if record.stream == "txs"
            for log in json.loads(record.body)["receipt"]["logs"]
            if _is_fungible(log) and self._names_us(log)
        }
        return [await self._token_record(c) for c in sorted(seen - self._tokens.keys())]

    async def _unread_tokens(self) -> list[RawRecord]:
        """Tokens whose decimals could not be read before, asked again."""
        unread = [c for c, decimals in self._tokens.items() if decimals is None]
        return [await self._token_record(c) for c in sorted(unread)]

    def _names_us(self, log: Mapping[str, Any]) -> bool:
        return any(padded(a) in log["topics"][1:] for a in self._addresses)

    async def _token_record(self, contract: str) -> RawRecord:
        calls = [
            ("eth_call", [{"to": contract, "data": d}, "latest"]) for d in (_DECIMALS, _SYMBOL)
        ]
        decimals, symbol = await self._rpc.try_batch(calls)
        self._tokens[contract] = _small_int(self._said(decimals))
        body = {
            "contract": contract,
            "decimals": self._tokens[contract],
            "symbol": _string(self._said(symbol)),
        }
        return self._record("tokens", contract, None, body)

    def _said(self, answer: Mapping[str, Any]) -> str | None:
        """What a contract returned; None if it reverts or has no such function."""
        error = answer.get("error")
        if error is None:
            return str(answer.get("result") or "0x")
        if "revert" in str(error).casefold():
            return None
        raise TransientError(
            f"the node of {self._rpc.chain} could not read a token; "
            "it is tried again at the next sync"
        )

    # ---- balances

    async def balances(self) -> Reported:
        """Native coin and every token that was ever moved, at the last block that is read."""
        number = as_int(await self._rpc.call("eth_blockNumber")) - self._confirmations
        block = await self._rpc.call("eth_getBlockByNumber", hex(number), False)
        at = datetime.fromtimestamp(as_int(block["timestamp"]), UTC)
        chain, unproved = self._rpc.chain, set()
        calls = [("eth_getBalance", [a, hex(number)]) for a in self._addresses]
        native = sum(map(as_int, await self._rpc.batch(calls)))
        sums = {names().native(chain, self._chain_id): units(native, 18)}
        for contract, decimals in sorted(self._tokens.items()):
            asset = names().token(chain, self._chain_id, contract)
            held = await self._token_held(contract, number)
            if decimals is None or held is None:
                unproved.add(asset)
            else:
                sums[asset] = units(held, decimals)
        found = tuple(Balance(self.account, a, q, at) for a, q in sorted(sums.items()))
        return Reported(found, frozenset(unproved))

    async def _token_held(self, contract: str, number: int) -> int | None:
        """The token's own word for our balance; None if it does not give one."""
        calls = [
            ("eth_call", [{"to": contract, "data": _BALANCE_OF + padded(a)[2:]}, hex(number)])
            for a in self._addresses
        ]
        said = [self._said(answer) for answer in await self._rpc.try_batch(calls)]
        if any(s is None or len(s) != 66 for s in said):
            return None
        return sum(int(s, 16) for s in said if s)

    async def check_key(self) -> KeyReport:
        await self._same_chain()
        return KeyReport(("an address can only be read",))

    async def close(self) -> None:
        await self._rpc.close()


def _number(receipt: Mapping[str, Any]) -> int:
    return as_int(receipt["blockNumber"])


def _is_fungible(log: Mapping[str, Any]) -> bool:
    topics = log["topics"]
    nft = bool(topics) and topics[0] == TRANSFER and len(topics) != 3
    return bool(topics) and not nft and log["address"].lower() != NATIVE_LOGS


def _small_int(data: str | None) -> int | None:
    value = int(data, 16) if data and data != "0x" else None
    return value if value is not None and value <= 77 else None


def _string(data: str | None) -> str | None:
    if not data or data == "0x":
        return None
    from eth_abi.abi import decode  # loaded when a token is asked for its name
    from eth_abi.exceptions import DecodingError

    raw = bytes.fromhex(data[2:])
    try:
        return str(decode(["string"], raw)[0])
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return raw.rstrip(b"\0").decode("utf-8", "replace")
