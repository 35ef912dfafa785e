"""Kraken spot: Ledgers is the authority; the other streams add ids, addresses and prices.

Facts: pages of 50, newest first, `start` exclusive and `end` inclusive, `count` rows in a
window; a ledger row changes its asset's balance by amount - fee; spend and receive share a
refid; `.S .M .F .B .P` assets are pots of the same coin.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from decimal import Decimal
from typing import Any

from config.errors import TransientError
from connectors.exchanges.exchange import (
    UNREAD,
    Exchange,
    Rights,
    Told,
    from_seconds,
    rows,
    translated,
)
from connectors.exchanges.pots import OWN
from connectors.exchanges.walk import PENDING, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "kraken"
READ_ONLY = frozenset(
    {"query-funds", "query-closed-trades", "query-open-trades", "query-ledger", "export-data"}
)
ROUNDS = 3


class Kraken(Exchange):
    """Each walk pins its window's end, so that rows arriving do not shift it."""

    venue = VENUE

    async def now(self) -> int:
        return int((await self.client.call("public_get_time"))["unixtime"])

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        yield Feed("ledgers", _History(self, "private_post_ledgers", "ledger").fetch)
        trades = _History(self, "private_post_tradeshistory", "trades").fetch
        yield Feed("trades", trades, optional=True)  # detail: no balance follows from it
        yield Feed("deposits", self._status("deposits", "private_post_depositstatus"), PENDING)
        yield Feed(
            "withdrawals", self._status("withdrawals", "private_post_withdrawstatus"), PENDING
        )

    def _status(self, stream: str, endpoint: str) -> Any:
        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            asked = {"start": start, "end": end, "limit": 100, "cursor": cursor or "true"}
            answer = await self.client.call(endpoint, asked)
            if isinstance(answer, list):
                found, after = answer, None
            else:
                field = next((k for k, v in answer.items() if isinstance(v, list)), None)
                found = rows(self.client, endpoint, answer, field or stream)
                after = answer.get("next_cursor") or None
            kept = [r for r in found if r.get("refid")]
            return Batch([self.row(stream, r["refid"], r) for r in kept], after)

        return fetch

    def row(self, stream: str, native_id: str, row: Any) -> RawRecord:
        return self.record(stream, native_id, row, lambda: from_seconds(row["time"]))

    async def held(self) -> Iterable[tuple[str, Any]]:
        answer = await self.client.call("private_post_balanceex")
        return [(raw, one["balance"]) for raw, one in answer.items()]

    async def rights(self) -> Rights | None:
        info = await self.client.call("private_post_getapikeyinfo")
        if "permissions" not in info:
            return None
        may = tuple(sorted(info["permissions"]))
        hidden = [f for f in ("queryFrom", "queryTo") if str(info.get(f) or "0") != "0"]
        return Rights(
            may,
            tuple(p for p in may if p not in READ_ONLY),
            tuple(p for p in may if "withdraw" in p and not p.startswith("query")),
            hidden[0] if hidden else None,
        )


class _History:
    """Pages by offset, held against the venue's count of rows in the window."""

    def __init__(self, kraken: Kraken, endpoint: str, field: str) -> None:
        self._kraken, self._endpoint, self._field = kraken, endpoint, field
        self._seen: set[str] = set()
        self._round, self._whole = 1, False

    async def fetch(self, start: int, end: int, cursor: Any) -> Batch:
        at, self._round = (cursor["ofs"], cursor["round"]) if cursor else (0, 1)
        if not cursor:
            self._seen = set()
        if not at:  # a resumed walk has not seen its first pages here
            self._whole = True
        asked = {k: v for k, v in (("start", start), ("end", end), ("ofs", at)) if v or k == "end"}
        found, count = await self._page(asked)
        self._seen.update(found)
        reached = at + len(found)
        if not found and reached < count:
            raise TransientError(
                f"kraken says {count} rows of {self._field} for {self._kraken.account} but stops "
                f"at {reached}; it is tried again at the next sync"
            )
        stream = "ledgers" if self._field == "ledger" else self._field
        records = [self._kraken.row(stream, i, row) for i, row in found.items()]
        return Batch(records, self._after(reached, count), reached / count if count else 1.0)

    async def _page(self, asked: dict[str, int]) -> tuple[dict[str, Any], int]:
        answer = await self._kraken.client.call(self._endpoint, asked)
        found, count = answer.get(self._field), answer.get("count")
        if not isinstance(found, dict) or count is None:
            raise TransientError(
                f"kraken left {self._field} or count out of an answer for "
                f"{self._kraken.account}; it is tried again at the next sync"
            )
        return found, int(count)

    def _after(self, reached: int, count: int) -> dict[str, int] | None:
        if reached < count:
            return {"ofs": reached, "round": self._round}
        if self._whole and len(self._seen) < count and self._round < ROUNDS:
            # rows of one instant changed places between pages: walk the window once more
            return {"ofs": 0, "round": self._round + 1}
        return None


# ---- translate: pure


_PLAIN = {
    "trade": "trade",
    "spend": "trade",
    "receive": "trade",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "adjustment": "trade",  # a delisted coin taken for another one
}
_CREDITS = {"credit": "income:other", "invite bonus": "income:other", "reward": "income:other"}
_FUTURES = {"spottofutures", "spotfromfutures"}  # another wallet at Kraken, read by nothing here
_POT_MOVES = {"spottostaking", "stakingfromspot", "stakingtospot", "spotfromstaking"}
_EARN_MOVES = {"allocation", "deallocation", "autoallocation", "migration"}


def translate(records: Iterable[RawRecord]) -> Translation:
    """Ledger rows to entries, joined with ids and addresses from the status streams."""
    ledgers: list[RawRecord] = []
    status: dict[tuple[str, str], dict[str, Any]] = {}
    for record in records:
        if record.stream in ("ledgers", UNREAD):
            ledgers.append(record)
        elif record.stream in ("deposits", "withdrawals"):
            status[record.stream.removesuffix("s"), record.native_id] = json.loads(record.body)
    returned = _returned(ledgers)
    return translated(ledgers, lambda record: _entries(record, status, returned))


def _returned(ledgers: Iterable[RawRecord]) -> frozenset[str]:
    """Refids of deposits and withdrawals of several rows: one that failed and came back."""
    told = (r.body for r in ledgers if '"withdrawal"' in r.body or '"deposit"' in r.body)
    rows = (row for row in map(json.loads, told) if isinstance(row, dict))
    moved = (r.get("refid") for r in rows if r.get("type") in ("deposit", "withdrawal"))
    named = Counter(refid for refid in moved if refid and isinstance(refid, str))
    return frozenset(refid for refid, count in named.items() if count > 1)


def alone(record: RawRecord) -> bool:
    """Whether a record's entries follow from it alone: a deposit or withdrawal takes its id and
    address from another stream, a pot move has its other half."""
    if record.stream != "ledgers":
        return record.stream == "trades"
    row = json.loads(record.body)
    type_, subtype = row.get("type"), row.get("subtype")
    return type_ not in ("deposit", "withdrawal") and not _is_pot_move(type_, subtype)


def _entries(
    record: RawRecord,
    status: Mapping[tuple[str, str], dict[str, Any]],
    returned: frozenset[str],
) -> list[Entry]:
    row = json.loads(record.body)
    amount, fee = exact(row["amount"], "the amount"), exact(row["fee"], "the fee")
    kind = kind_of(row["type"], row.get("subtype") or "", amount)
    detail = status.get((kind, row["refid"]), {})
    told = Told(
        VENUE,
        record,
        kind,
        from_seconds(row["time"]),
        row["refid"] if is_part(kind) else record.native_id,
        f"ledger {record.native_id} {row['type']} {row.get('subtype') or ''}".strip(),
        detail.get("txid"),
        detail.get("info"),
        detail.get("network") or detail.get("method"),
    )
    if fee < 0 and row["refid"] in returned:  # it cancels the fee that was paid, and is no rebate
        return [*told.entries((row["asset"], amount)), told.fee_returned(row["asset"], -fee)]
    return told.entries((row["asset"], amount), fee=(row["asset"], fee))


def kind_of(type_: str, subtype: str, amount: Decimal) -> str:
    """What a ledger row is, by the ledger's own words."""
    if type_ in _PLAIN:
        return _PLAIN[type_]
    if type_ in _CREDITS:
        return _CREDITS[type_]
    if type_ == "transfer" and subtype in _FUTURES:
        return "deposit" if amount > 0 else "withdrawal"
    for word in ("airdrop", "fork"):
        if type_ == "transfer" and word in subtype.casefold():
            return f"income:{word}"
    if type_ == "staking" or (type_, subtype) == ("earn", "reward"):
        return "income:staking"
    if _is_pot_move(type_, subtype):
        return OWN  # Ledgers has all pots, so both halves
    return f"unknown:{type_}{':' + subtype if subtype else ''}"


def is_part(kind: str) -> bool:
    """Whether rows of one refid are one event."""
    return kind in _PLAIN.values()


def _is_pot_move(type_: Any, subtype: Any) -> bool:
    moves = {"transfer": _POT_MOVES, "earn": _EARN_MOVES}.get(type_, set())
    return subtype in moves
