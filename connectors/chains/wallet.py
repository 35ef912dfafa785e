"""Pulls one wallet on one chain: transactions with receipts and call trees, changed balances,
token facts.

Streams: `txs` by hash, `blocks` by number and address where the native state changed, `tokens` by
contract, `holdings` where a token parted from its events. The cursor `chain` is the last block that
was read whole, and for which addresses; `nodes` is what was learnt of the endpoints. A record that
a re-read range no longer has (a reorg) gets the body `GONE`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from config.assets import names
from config.errors import DataError
from config.exact import ZERO, units
from connectors.chains import native, tokens
from connectors.chains.days import DAY, Days
from connectors.chains.decoders import cow, learn
from connectors.chains.discover import (
    FIRST_RANGE,
    Changes,
    changed_blocks,
    transactions_by_logs,
)
from connectors.chains.explorer import Explorer
from connectors.chains.growth import DUST, drifts
from connectors.chains.holdings import Drift, Ledger
from connectors.chains.moves import Sight
from connectors.chains.rpc import Call, Rpc, as_int
from connectors.chains.tokens import Token, token_of
from connectors.chains.trees import Blocks, Bodies, Trees, withdrawals
from connectors.chains.word import Holding, Word, word
from connectors.records import Balance, KeyReport, Page, RawRecord, Reported

WINDOW = 1_000_000
OVERLAP = 32  # blocks read again each run, for reorgs and nodes that lag behind their own head
GONE = '{"gone":true}'


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
        self._contracts: list[str] = []  # own addresses with code
        self._today, self._same_day = 0, False  # of the newest block, in days; as at the last pull
        self._read_to = -1
        self._tokens: dict[str, Token] = {}
        self._trees = Trees(rpc, self._addresses)
        self._sight = Sight(self._own, rpc.chain, chain_id, self._tokens)
        self._ledger = Ledger(self._sight)
        self._drift_of: dict[str, tuple[Holding, int, bool]] = {}
        self._late: set[Holding] = set()  # whose events came after their growth was told
        self._word: Word | None = None
        self._stored: dict[tuple[str, str], tuple[int, str]] = {}
        # what a transaction moves is told by what its tokens are
        stored = [
            (r, json.loads(r.body)) for r in sorted(known, key=lambda r: r.stream != "tokens")
        ]
        for record, body in stored:
            if record.stream == "txs":
                self._learn(body)
        for record, body in stored:
            self._remember(record, body)

    def _remember(self, record: RawRecord, body: Any) -> None:
        if record.stream == "tokens":
            self._tokens[record.native_id] = token_of(body)
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
                since = datetime.fromisoformat(body["since"]) if body["since"] else None
                drift = Drift(holding, number, int(body["drift"]), body["block"], since)
                self._drift_of[record.native_id] = (holding, number, drift.block)
                self._ledger.drifted(drift, at)
            self._stored[record.stream, record.native_id] = (number, body.get("block_hash", ""))

    def _forget(self, native_id: str) -> None:
        self._ledger.forget(native_id)
        if native_id in self._drift_of:
            self._ledger.drift_gone(*self._drift_of.pop(native_id))

    def _note(self, tx_hash: str, body: native.Body) -> None:
        # what cannot be read is said where it is translated
        with suppress(DataError, KeyError, TypeError, ValueError):
            self._ledger.add(tx_hash, body)

    def _learn(self, body: native.Body) -> None:
        with suppress(DataError, KeyError, TypeError, ValueError):
            learn(body, self._sight)

    async def check_key(self) -> KeyReport:
        """One request: that it is the right chain, and how far it is."""
        calls: list[Call] = [("eth_chainId", []), ("eth_blockNumber", [])]
        calls += [("eth_getBlockByNumber", ["latest", False])]
        calls += [("eth_getCode", [a, "latest"]) for a in self._addresses]
        chain_id, number, latest, *codes = await self._rpc.batch(calls)
        answered, head = as_int(chain_id), as_int(number)
        self._today = as_int(latest["timestamp"]) // DAY
        self._contracts = [
            a for a, code in zip(self._addresses, codes, strict=True) if code != "0x"
        ]
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
        self._same_day = not again and state.get("day") == self._today
        while lo < head:
            hi = min(head, lo + WINDOW)
            records = await self._window(lo, hi)
            if records or again:
                records += await self._unread_tokens()
            after = self._state(max(hi, done))
            yield Page("chain", tuple(records), json.dumps(after))
            lo = hi
        self._read_to = max(head, done)
        self._word = await self._say(self._read_to)
        if drifted := await self._drifted(self._word, again):
            yield Page("chain", tuple(drifted), json.dumps(self._state(self._read_to)))
        learnt = json.dumps(self._rpc.learnt(), sort_keys=True)
        if learnt != cursors.get("nodes", "{}"):
            yield Page("nodes", (), learnt)

    def _state(self, done: int) -> dict[str, Any]:
        return {"block": done, "addresses": self._addresses, "day": self._today}

    async def _window(self, lo: int, hi: int) -> list[RawRecord]:
        hashes = await self._hashes(max(lo + 1, 0), hi)
        known = [n for (stream, _), (n, _) in self._stored.items() if stream == "blocks"]
        changes = await changed_blocks(self._rpc, self._addresses, lo, hi, known)
        changes |= await self._daily(changes, lo, hi)
        blocks = await self._blocks(sorted({b for found in changes.values() for b in found}))
        for block in blocks.values():
            hashes |= {t["hash"] for t in block["transactions"] if self._trees.is_party(t)}
        bodies = await self._transactions(sorted(hashes), blocks)
        await self._trees.add(bodies, {b for found in changes.values() for b in found})
        if self._explorer:
            self._trees.by_lists(bodies, changes, blocks, self._explorer.internals)
        wanted = self._trees.unexplained(bodies, changes, blocks)
        more = await self._trees.of_blocks(wanted, blocks, bodies)
        found = await self._transactions(sorted(more), blocks)
        bodies |= {h: {**body, "frames": more[h]} for h, body in found.items()}
        records = await self._token_records(bodies.values())
        for body in bodies.values():
            self._learn(body)
        for tx_hash, body in bodies.items():
            self._note(tx_hash, body)
            if ("txs", tx_hash) not in self._stored:
                self._late |= self._ledger.grown_before(tx_hash, native.number(body))
        records += [self._transaction_record(bodies[h], blocks) for h in sorted(bodies)]
        records += [
            self._block_record(blocks[n], address, before[1], after[1])
            for address, found in changes.items()
            for n, (before, after) in found.items()
        ]
        gone = await self._gone(lo, hi, records)
        return [*records, *gone]

    async def _daily(self, changes: Mapping[str, Changes], lo: int, hi: int) -> dict[str, Changes]:
        """Of contracts, looked at once a day as well: without a nonce of their own, what they pass
        on hides from the bisection."""
        found: dict[str, Changes] = {}
        for address in () if self._same_day else self._contracts:
            seen = changes[address]
            start = lo if lo >= 0 else min(seen, default=hi)
            ends = await Days(self._rpc).between(start, hi)
            if points := sorted({*seen, *(end.number for end in ends)}):
                found |= await changed_blocks(self._rpc, [address], lo, hi, points)
        return found

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
        if withdrawn := withdrawals(block, address):
            body["withdrawals"] = withdrawn
        return self._record("blocks", f"{number}:{address}", block, body)

    def _record(
        self, stream: str, native_id: str, block: Mapping[str, Any] | None, body: Any
    ) -> RawRecord:
        when = datetime.fromtimestamp(as_int(block["timestamp"]), UTC) if block else None
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return RawRecord(self.source, stream, native_id, when, text)

    # ---- tokens

    async def _token_records(self, bodies: Iterable[native.Body]) -> list[RawRecord]:
        seen = {
            log["address"].lower()
            for body in bodies
            for log in body["receipt"]["logs"]
            if tokens.is_fungible(log) and self._trees.names_us(log)
        }
        return await self._tokens_of(sorted(seen - self._tokens.keys()))

    async def _unread_tokens(self) -> list[RawRecord]:
        """Tokens whose decimals could not be read before, asked again."""
        unread = [c for c, token in self._tokens.items() if token.decimals is None]
        return await self._tokens_of(sorted(unread))

    async def _tokens_of(self, contracts: Sequence[str]) -> list[RawRecord]:
        found = await tokens.facts(self._rpc, contracts, self._chain_id)
        self._tokens |= {one["contract"]: token_of(one) for one in found}
        return [self._record("tokens", one["contract"], None, one) for one in found]

    def _readable(self, contract: str) -> bool:
        return self._tokens[contract].decimals is not None

    def _grows(self, contract: str) -> bool:
        """Whether its balance is known to grow by itself."""
        asset = names().token(self._rpc.chain, self._chain_id, contract)
        return self._tokens[contract].is_share or names().growth(asset) is not None

    # ---- balances

    async def balances(self) -> Reported:
        """Native coin and every token that was ever moved, at the last block that is read. A token
        that grows by itself is proved once a day."""
        said = self._word or await self._say(self._read_to)
        sums = {self._native: units(said.wei, 18)}
        unproved = set()
        for holding, held in said.held.items():
            asset = names().token(self._rpc.chain, self._chain_id, holding[1])
            decimals = self._tokens[holding[1]].decimals
            known = self._ledger.computed(holding)
            waits = held is not None and held != known and self._waits(holding, held - known)
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

    def _waits(self, holding: Holding, rest: int) -> bool:
        """Whether what a token says beyond its events is told later: within a day, or with the
        growth that makes up for what rounding took."""
        grows = self._grows(holding[1]) and abs(rest) <= DUST
        return grows or (self._word is not None and self._ledger.waits(holding, self._word.at))

    async def _say(self, number: int) -> Word:
        contracts = sorted(c for c, token in self._tokens.items() if not token.is_debt)
        deposits, singles = sorted(self._sight.depositors), self._ledger.singles()
        return await word(
            self._rpc,
            number,
            self._addresses,
            deposits,
            contracts,
            singles,
            cow.waiting(self._sight),
            self._sight.role,
        )

    async def _drifted(self, said: Word, again: bool) -> list[RawRecord]:
        """Records of where tokens parted from their events; `again`, or where an event came late,
        it is found out anew, and what was told before and does not show is taken back."""
        records: list[RawRecord] = []
        told = sorted(self._drift_of.items())
        before = [i for i, (holding, _, _) in told if again or holding in self._late]
        self._late.clear()
        for native_id in before:
            self._ledger.drift_gone(*self._drift_of.pop(native_id))
        found = await drifts(self._rpc, self._ledger, said, self._readable, self._grows)
        numbers = sorted({drift.number for drift in found})
        calls = [("eth_getBlockByNumber", [hex(n), False]) for n in numbers]
        blocks = dict(zip(numbers, await self._rpc.batch(calls), strict=True))
        for drift in found:
            records.append(self._drift_record(drift, blocks[drift.number]))
            self._remember(records[-1], json.loads(records[-1].body))
        gone = [i for i in before if i not in self._drift_of]
        return records + [RawRecord(self.source, "holdings", i, None, GONE) for i in gone]

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
