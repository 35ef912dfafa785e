"""Pulls one wallet on one chain: transactions with receipts and call trees, changed balances,
token facts.

Streams: `txs` by hash, `blocks` by number and address where the native state changed, `tokens` by
contract, `holdings` where a token parted from its events. The cursor `chain` is the last block that
was read whole, and for which addresses; `nodes` is what was learnt of the endpoints. A record that
a re-read range no longer has (a reorg) gets the body `GONE`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from config.assets import names
from config.errors import DataError
from config.exact import ZERO, units
from connectors.chains import native, tokens
from connectors.chains.decoders.entry_point import depositors
from connectors.chains.discover import (
    FIRST_RANGE,
    Changes,
    changed_blocks,
    transactions_by_logs,
)
from connectors.chains.explorer import Explorer
from connectors.chains.holdings import Drift, Ledger, drifts
from connectors.chains.moves import Sight
from connectors.chains.rpc import Rpc, as_int, optional_int
from connectors.chains.topics import WITHDRAWAL, padded
from connectors.chains.word import Holding, Word, word
from connectors.records import Balance, KeyReport, Page, RawRecord, Reported

WINDOW = 1_000_000
OVERLAP = 32  # blocks read again each run, for reorgs and nodes that lag behind their own head
GONE = '{"gone":true}'
Bodies = dict[str, dict[str, Any]]  # of transactions, by hash
Blocks = dict[int, dict[str, Any]]


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
        explorer: Explorer | None = None,
    ) -> None:
        self.source, self.account = source, account
        self._addresses = sorted(a.lower() for a in addresses)
        self._own = frozenset(self._addresses)
        self._rpc, self._chain_id, self._confirmations = rpc, chain_id, confirmations
        self._explorer = explorer
        self._head: int | None = None  # as long as it is fresh
        self._read_to = -1
        self._tokens: dict[str, int | None] = {}
        self._deposits: set[tuple[str, str]] = set()  # account, entry point
        self._ledger = Ledger(Sight(self._own, rpc.chain, chain_id))
        self._drift_of: dict[str, tuple[Holding, int, bool]] = {}
        self._word: Word | None = None
        self._stored: dict[tuple[str, str], tuple[int, str]] = {}
        for record in known:
            self._remember(record)

    def _remember(self, record: RawRecord) -> None:
        body = json.loads(record.body)
        if record.stream == "tokens":
            self._tokens[record.native_id] = body["decimals"]
        elif "gone" in body:
            self._stored.pop((record.stream, record.native_id), None)
            self._forget(record.native_id)
        else:
            number = native.number(body) if record.stream == "txs" else body["number"]
            if record.stream == "txs":
                self._note(record.native_id, body)
            if record.stream == "holdings":
                at = datetime.fromtimestamp(as_int(body["timestamp"]), UTC)
                holding = (body["address"], body["contract"])
                drift = Drift(holding, number, int(body["drift"]), body["block"])
                self._drift_of[record.native_id] = (holding, number, drift.block)
                self._ledger.drifted(drift, at)
            self._stored[record.stream, record.native_id] = (number, body.get("block_hash", ""))

    def _forget(self, native_id: str) -> None:
        self._ledger.forget(native_id)
        if native_id in self._drift_of:
            self._ledger.drift_gone(*self._drift_of.pop(native_id))

    def _note(self, tx_hash: str, body: native.Body) -> None:
        self._deposits |= set(depositors(body, self._own))
        # what cannot be read is said where it is translated
        with suppress(DataError, KeyError, TypeError, ValueError):
            self._ledger.add(tx_hash, body)

    async def check_key(self) -> KeyReport:
        """One request: that it is the right chain, and how far it is."""
        answered, head = map(
            as_int, await self._rpc.batch([("eth_chainId", []), ("eth_blockNumber", [])])
        )
        if answered != self._chain_id:
            raise DataError(
                f"the node of {self._rpc.chain} is on chain {answered}, not {self._chain_id}; "
                f"correct [chains.{self._rpc.chain}]"
            )
        self._head = head - self._confirmations
        return KeyReport(("an address can only be read",))

    async def pull(
        self, cursors: Mapping[str, str], full: bool = False, since: datetime | None = None
    ) -> AsyncIterator[Page]:
        if not full:  # a full read finds out again
            self._rpc.recall(json.loads(cursors.get("nodes", "{}")))
        if self._head is None:
            await self.check_key()
        head, self._head = self._head or 0, None
        state = json.loads(cursors.get("chain", "{}"))
        # a date names no block, and a new address has a past: everything is read again
        again = (
            full or since is not None or not set(self._addresses) <= set(state.get("addresses", ()))
        )
        done = -1 if again else state["block"]
        lo = max(-1, done - OVERLAP)
        while lo < head:
            hi = min(head, lo + WINDOW)
            records = await self._window(lo, hi)
            if records or again:
                records += await self._unread_tokens()
            after = {"block": max(hi, done), "addresses": self._addresses}
            yield Page("chain", tuple(records), json.dumps(after))
            lo = hi
        self._read_to = max(head, done)
        self._word = await self._say(self._read_to)
        if drifted := await self._drifted(self._word):
            state = {"block": self._read_to, "addresses": self._addresses}
            yield Page("chain", tuple(drifted), json.dumps(state))
        learnt = json.dumps(self._rpc.learnt(), sort_keys=True)
        if learnt != cursors.get("nodes", "{}"):
            yield Page("nodes", (), learnt)

    async def _window(self, lo: int, hi: int) -> list[RawRecord]:
        hashes = await self._hashes(max(lo + 1, 0), hi)
        known = [n for (stream, _), (n, _) in self._stored.items() if stream == "blocks"]
        changes = await changed_blocks(self._rpc, self._addresses, lo, hi, known)
        blocks = await self._blocks(sorted({b for found in changes.values() for b in found}))
        for block in blocks.values():
            hashes |= {t["hash"] for t in block["transactions"] if self._is_party(t)}
        bodies = await self._transactions(sorted(hashes), blocks)
        await self._trace(bodies, {b for found in changes.values() for b in found})
        await self._trace_blocks(bodies, changes, blocks)
        for tx_hash, body in bodies.items():
            self._note(tx_hash, body)
        records = [self._transaction_record(bodies[h], blocks) for h in sorted(bodies)]
        records += [
            self._block_record(blocks[n], address, before[1], after[1])
            for address, found in changes.items()
            for n, (before, after) in found.items()
        ]
        gone = await self._gone(lo, hi, records)
        return [*records, *gone, *await self._token_records(records)]

    async def _hashes(self, lo: int, hi: int) -> set[str]:
        """By an explorer's lists where there is one and the way is long, else by logs; the newest
        blocks by logs in any case, as lists lag."""
        found: set[str] = set()
        if self._explorer and hi - lo > 2 * FIRST_RANGE:
            found, whole = await self._explorer.transactions(self._addresses, lo, hi)
            lo = hi - FIRST_RANGE if whole else lo
        return found | await transactions_by_logs(self._rpc, self._addresses, lo, hi)

    async def _gone(self, lo: int, hi: int, found: Iterable[RawRecord]) -> list[RawRecord]:
        """What was stored of these blocks, was not found again, and whose block is no more part of
        the chain. Not being found alone proves nothing: what cancels out is found only by luck."""
        kept = {(r.stream, r.native_id) for r in found}
        missing = {k: v for k, v in self._stored.items() if lo < v[0] <= hi and k not in kept}
        numbers = sorted({number for number, _ in missing.values()})
        blocks = await self._blocks(numbers)
        lost = [k for k, (number, hash_) in missing.items() if blocks[number]["hash"] != hash_]
        for _, native_id in lost:
            self._forget(native_id)
        return [RawRecord(self.source, stream, i, None, GONE) for stream, i in sorted(lost)]

    def _is_party(self, transaction: Mapping[str, Any]) -> bool:
        ends = (transaction["from"], transaction.get("to") or "")
        return any(end.lower() in self._addresses for end in ends)

    async def _blocks(self, numbers: Sequence[int]) -> Blocks:
        calls = [("eth_getBlockByNumber", [hex(n), True]) for n in numbers]
        return dict(zip(numbers, await self._rpc.batch(calls), strict=True))

    async def _transactions(self, hashes: Sequence[str], blocks: Blocks) -> Bodies:
        calls = [("eth_getTransactionByHash", [h]) for h in hashes]
        calls += [("eth_getTransactionReceipt", [h]) for h in hashes]
        answers = await self._rpc.batch(calls)
        pairs = zip(answers[: len(hashes)], answers[len(hashes) :], strict=True)
        bodies = {t["hash"]: {"transaction": t, "receipt": r} for t, r in pairs}
        blocks |= await self._blocks(
            sorted(set(map(native.number, bodies.values())) - blocks.keys())
        )
        return bodies

    # ---- call trees

    async def _trace(self, bodies: Bodies, changed: set[int]) -> None:
        """The call trees of what may have moved the native coin, where a node gives them."""
        wanted = [
            h
            for h, body in bodies.items()
            if self._is_party(body["transaction"])
            or native.number(body) in changed
            or self._unwraps(body)
        ]
        calls = [("debug_traceTransaction", [h, native.TRACER]) for h in wanted]
        for hash_, root in zip(wanted, await self._rpc.traces(calls), strict=True):
            found = native.frames(root, bodies[hash_]["transaction"])
            if found is not None:
                bodies[hash_]["frames"] = found

    def _unwraps(self, body: native.Body) -> bool:
        logs = body["receipt"]["logs"]
        return any(g["topics"] and g["topics"][0] == WITHDRAWAL and self._names_us(g) for g in logs)

    async def _trace_blocks(
        self, bodies: Bodies, changes: Mapping[str, Changes], blocks: Blocks
    ) -> None:
        """Where what was found does not explain the balance, the whole block is traced: a contract
        that pays emits nothing."""
        here: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for body in bodies.values():
            here[native.number(body)].append(body)
        wanted = sorted(
            {
                n
                for address, found in changes.items()
                for n, (before, after) in found.items()
                if after[1] - before[1] != _explained(here[n], blocks[n], address)
            }
        )
        calls = [("debug_traceBlockByNumber", [hex(n), native.TRACER]) for n in wanted]
        for n, roots in zip(wanted, await self._rpc.traces(calls), strict=True):
            more = self._paying(roots, blocks[n], bodies)
            found = await self._transactions(sorted(more), blocks)
            bodies |= {h: {**body, "frames": more[h]} for h, body in found.items()}

    def _paying(
        self, roots: Any, block: Mapping[str, Any], bodies: Bodies
    ) -> dict[str, list[native.Frame]]:
        """By hash: the frames of transactions not found yet that move coins of ours."""
        if not isinstance(roots, list) or len(roots) != len(block["transactions"]):
            return {}
        found = {}
        for transaction, root in zip(block["transactions"], roots, strict=True):
            told = native.frames(
                root.get("result") if isinstance(root, dict) else None, transaction
            )
            ends = {end for frame in told or () for end in frame[:2]}
            if told and ends & set(self._addresses) and transaction["hash"] not in bodies:
                found[transaction["hash"]] = told
        return found

    # ---- records

    def _transaction_record(self, body: dict[str, Any], blocks: Blocks) -> RawRecord:
        block = blocks[native.number(body)]
        told = {**body, "timestamp": block["timestamp"], "block_hash": block["hash"]}
        return self._record("txs", body["transaction"]["hash"], block, told)

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
        if withdrawn := _withdrawals(block, address):
            body["withdrawals"] = withdrawn
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
            if tokens.is_fungible(log) and self._names_us(log)
        }
        return await self._tokens_of(sorted(seen - self._tokens.keys()))

    async def _unread_tokens(self) -> list[RawRecord]:
        """Tokens whose decimals could not be read before, asked again."""
        unread = [c for c, decimals in self._tokens.items() if decimals is None]
        return await self._tokens_of(sorted(unread))

    def _names_us(self, log: Mapping[str, Any]) -> bool:
        return any(padded(a) in log["topics"][1:] for a in self._addresses)

    async def _tokens_of(self, contracts: Sequence[str]) -> list[RawRecord]:
        found = await tokens.facts(self._rpc, contracts)
        self._tokens |= {one["contract"]: one["decimals"] for one in found}
        return [self._record("tokens", one["contract"], None, one) for one in found]

    # ---- balances

    async def balances(self) -> Reported:
        """Native coin and every token that was ever moved, at the last block that is read. A token
        that grows by itself is proved once a day."""
        said = self._word or await self._say(self._read_to)
        sums = {self._native: units(said.wei, 18)}
        unproved = set()
        for holding, held in said.held.items():
            asset = names().token(self._rpc.chain, self._chain_id, holding[1])
            decimals = self._tokens[holding[1]]
            known = self._ledger.computed(holding)
            waits = self._ledger.waits(holding, said.at) and held != known
            if decimals is None or held is None or waits:
                unproved.add(asset)
            else:
                sums[asset] = sums.get(asset, ZERO) + units(held, decimals)
        for (_, contract, token_id), count in said.singles.items():
            name = names().token(self._rpc.chain, self._chain_id, contract)
            if count is not None:
                asset = f"{name}/{token_id}"
                sums[asset] = sums.get(asset, ZERO) + count
        proved = sorted((a, q) for a, q in sums.items() if a not in unproved)
        found = tuple(Balance(self.account, a, q, said.at) for a, q in proved)
        return Reported(found, frozenset(unproved))

    async def _say(self, number: int) -> Word:
        contracts = sorted(self._tokens)
        deposits, singles = sorted(self._deposits), self._ledger.singles()
        return await word(self._rpc, number, self._addresses, deposits, contracts, singles)

    async def _drifted(self, said: Word) -> list[RawRecord]:
        """Records of where tokens parted from their events."""
        records = []
        found = await drifts(self._rpc, self._ledger, said, lambda c: self._tokens[c] is not None)
        for drift in found:
            block = (await self._blocks([drift.number]))[drift.number]
            records.append(self._drift_record(drift, block))
            self._remember(records[-1])
        return records

    def _drift_record(self, drift: Drift, block: Mapping[str, Any]) -> RawRecord:
        (own, contract), number = drift.holding, drift.number
        body = {
            "number": number,
            "timestamp": block["timestamp"],
            "block_hash": block["hash"],
            "address": own,
            "contract": contract,
            "drift": str(drift.raw),
            "block": drift.block,
            "since": drift.since.isoformat() if drift.since else None,
        }
        when = "" if drift.block else "until:"
        native_id = f"{when}{number}:{contract}:{own}"
        return self._record("holdings", native_id, block, body)

    @property
    def _native(self) -> str:
        return names().native(self._rpc.chain, self._chain_id)

    async def close(self) -> None:
        await self._rpc.close()
        if self._explorer:
            await self._explorer.close()


def _explained(bodies: Iterable[native.Body], block: Mapping[str, Any], address: str) -> int:
    """Wei by which the transactions that were found, and the beacon chain, change a balance."""
    known = sum(native.change(body, address) for body in bodies)
    return known + sum(w["gwei"] * native.GWEI for w in _withdrawals(block, address))


def _withdrawals(block: Mapping[str, Any], address: str) -> list[dict[str, int]]:
    """What the beacon chain paid to an address in a block; no transaction tells it."""
    return [
        {"index": as_int(w["index"]), "validator": as_int(w["validatorIndex"]), "gwei": gwei}
        for w in block.get("withdrawals") or ()
        if w["address"].lower() == address and (gwei := optional_int(w["amount"]))
    ]
