"""Pulls the addresses and keys of one account on Bitcoin.

Streams: `txs` by id, as the server told them; `addresses`, those of a key that were used. The
cursor `chain` holds the tip and, by address, what its server counted when all of it was read, so
that a quiet run asks one thing of each. Each transaction of the last blocks is looked at again: one
that its block lost (a reorg) gets the body `GONE`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from config.bitcoin import FORMS, identity, is_key, shown
from config.errors import DataError
from config.exact import units
from connectors.bitcoin.esplora import Body, Esplora, Stats
from connectors.bitcoin.keys import BRANCHES, GAP, Key
from connectors.records import Balance, KeyReport, Page, RawRecord, Reported

Branch = tuple[str, str, int]  # the identity of a key, a form and the branch
AHEAD = 200  # unused addresses that a wallet may have passed over
PLACES = 8
GONE = '{"gone":true}'
SETTLED = 100  # blocks after which nothing is looked at again


class BitcoinWallet:
    """One account. `listed` are its addresses and keys, `known` its stored records; `elsewhere`
    the accounts of addresses that others list."""

    def __init__(
        self,
        source: str,
        account: str,
        listed: Sequence[str],
        esplora: Esplora,
        clock: Callable[[], datetime],
        known: Iterable[RawRecord] = (),
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        self._source, self._account, self._listed = source, account, sorted(listed)
        self._esplora, self._clock = esplora, clock
        self._tip = 0
        self._elsewhere = elsewhere or {}
        self._derived: set[tuple[str, str]] = set()  # address and key, whose records are stored
        self._reach: dict[Branch, int] = {}  # the last index that is known to be used
        self._stats: dict[str, Stats] = {}
        self._blocks: dict[str, tuple[int, str]] = {}  # height and hash by transaction
        self._of: dict[str, set[str]] = {}  # transactions by address
        for record in known:
            if record.stream == "addresses":
                told = json.loads(record.body)
                self._derived.add((record.native_id, told["key"]))
                branch = told["key"], told["form"], told["branch"]
                self._reach[branch] = max(self._reach.get(branch, -1), told["index"])
            elif record.body != GONE:
                self._remember(json.loads(record.body))

    async def check_key(self) -> KeyReport:
        """That a server answers there, and that keys which never received anything are said."""
        self._tip = await self._esplora.tip()
        known = {key for _, key in self._derived}
        keys = [t for t in self._listed if is_key(t) and identity(t) not in known]
        unused = [t for t in keys if not await self._was_used(t)]
        sentence = "nothing was ever received on {}: is it the key of the account, in its form?"
        warnings = tuple(sentence.format(shown(t)) for t in unused)
        return KeyReport(("an address can only be read",), warnings)

    async def _was_used(self, text: str) -> bool:
        key = Key(text)
        for form in FORMS[text[:4]]:
            for index in range(GAP):
                if (await self._esplora.stats(key.address(form, 0, index))).count:
                    return True
        return False

    async def pull(
        self, cursors: Mapping[str, str], full: bool = False, since: datetime | None = None
    ) -> AsyncIterator[Page]:
        if not self._tip:
            await self.check_key()
        state = json.loads(cursors.get("chain", "{}"))
        done: dict[str, list[int]] = {} if full or since else state.get("read", {})
        last, self._stats = state.get("tip", 0), {}
        if changed := await self._changed(last):
            yield Page("chain", changed, self._state(done))
        read_again = True
        while read_again:
            read_again = False
            async for address, record in self._own():
                if record:
                    yield Page("chain", (record,), self._state(done))
                now = self._stats[address]
                if done.get(address) == [now.count, now.funded, now.spent]:
                    continue
                async for found in self._transactions(address, bool(full or since)):
                    yield Page("chain", found, self._state(done))
                    read_again = True
                if len(self._of.get(address, ())) == now.count:  # else it is read again
                    done = {**done, address: [now.count, now.funded, now.spent]}
            read_again = read_again and self._reaches_further()
        yield Page("chain", (), self._state(done))
        self._tip = 0

    async def balances(self) -> Reported:
        held = sum(s.funded - s.spent for s in self._stats.values())
        balance = Balance(self._account, "BTC", units(held, PLACES), self._clock())
        return Reported((balance,))

    async def close(self) -> None:
        await self._esplora.close()

    def _state(self, done: Mapping[str, list[int]]) -> str:
        return json.dumps({"tip": self._tip, "read": done}, sort_keys=True)

    # ---- addresses

    async def _own(self) -> AsyncIterator[tuple[str, RawRecord | None]]:
        """All addresses with what is counted of them now; a new one of a key with its record."""
        for text in self._listed:
            if not is_key(text):
                self._stats[text] = await self._esplora.stats(text)
                yield text, None
                continue
            key = Key(text)
            for form in FORMS[text[:4]]:
                async for one in self._of_key(text, key, form):
                    yield one

    async def _of_key(
        self, text: str, key: Key, form: str
    ) -> AsyncIterator[tuple[str, RawRecord | None]]:
        """Those that were used, of both branches, up to a gap of unused ones; where nothing was
        ever received on a form, there is no change either."""
        for branch in BRANCHES:
            whose = identity(text), form, branch
            index, unused, reach = 0, 0, self._reach.get(whose, -1)
            while unused < GAP or index <= reach:
                address = key.address(form, branch, index)
                stats = await self._esplora.stats(address)
                unused = 0 if stats.count else unused + 1
                if stats.count:
                    reach = max(reach, index)
                    self._stats[address] = stats
                    yield address, self._told(text, form, branch, index, address)
                index += 1
            self._reach[whose] = reach
            if reach < 0 and branch == BRANCHES[0]:
                return

    def _told(
        self, text: str, form: str, branch: int, index: int, address: str
    ) -> RawRecord | None:
        if owner := self._elsewhere.get(address):
            raise DataError(
                f"address {address} of account {owner} is one of the key {shown(text)} of account "
                f"{self._account}; list it in one of them only"
            )
        if (address, identity(text)) in self._derived:
            return None
        self._derived.add((address, identity(text)))
        told = {"key": identity(text), "form": form, "branch": branch, "index": index}
        return self._record("addresses", address, None, told)

    def _reaches_further(self) -> bool:
        """Whether what we paid came back to addresses beyond the gap, where nobody looked."""
        further = False
        keys = {identity(text): Key(text) for text in self._listed if is_key(text)}
        for (whose, form, branch), last in list(self._reach.items()):
            if whose not in keys or self._reach[whose, form, BRANCHES[0]] < 0:
                continue
            for index in range(last + 1, last + 1 + AHEAD):
                address = keys[whose].address(form, branch, index)
                if address in self._of and address not in self._stats:
                    self._reach[whose, form, branch] = index
                    further = True
        return further

    # ---- transactions

    async def _transactions(self, address: str, full: bool) -> AsyncIterator[tuple[RawRecord, ...]]:
        after, count = None, self._stats[address].count
        while page := await self._esplora.transactions(address, after):
            for body in page:
                self._remember(body)
            yield tuple(self._transaction(body) for body in page)
            after = page[-1]["txid"]
            if not full and len(self._of.get(address, ())) >= count:
                return

    async def _changed(self, last: int) -> tuple[RawRecord, ...]:
        """What was in one of the last blocks when they were read, and is not there any more."""
        found = []
        for txid, (height, block) in sorted(self._blocks.items()):
            if height <= last - SETTLED:
                continue
            body = await self._esplora.transaction(txid)
            if body is None:
                self._forget(txid)
                found.append(RawRecord(self._source, "txs", txid, None, GONE))
            elif body["status"]["block_hash"] != block:
                self._remember(body)
                found.append(self._transaction(body))
        return tuple(found)

    def _remember(self, body: Body) -> None:
        status = body["status"]
        self._blocks[body["txid"]] = (status["block_height"], status["block_hash"])
        for address in touched(body):
            self._of.setdefault(address, set()).add(body["txid"])

    def _forget(self, txid: str) -> None:
        del self._blocks[txid]
        for found in self._of.values():
            found.discard(txid)

    def _transaction(self, body: Body) -> RawRecord:
        at = datetime.fromtimestamp(body["status"]["block_time"], UTC)
        return self._record("txs", body["txid"], at, body)

    def _record(self, stream: str, native_id: str, at: datetime | None, body: Any) -> RawRecord:
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return RawRecord(self._source, stream, native_id, at, text)


def touched(body: Body) -> Iterator[str]:
    """The addresses that paid and those that were paid."""
    ends = [i["prevout"] for i in body["vin"] if i.get("prevout")] + list(body["vout"])
    return (e["scriptpubkey_address"] for e in ends if e.get("scriptpubkey_address"))
