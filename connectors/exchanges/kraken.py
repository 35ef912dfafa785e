"""Kraken spot: Ledgers is the authority; the other streams add ids, addresses and prices.

Facts: pages of 50, newest first, `start` exclusive and `end` inclusive, `count` rows in a
window; a ledger row changes its asset's balance by amount - fee; spend and receive share a
refid; `.S .M .F .B .P` assets are pots of the same coin.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.assets import AssetNames, names
from config.errors import DataError, TransientError
from connectors.exchanges.client import VenueClient
from connectors.records import (
    Balance,
    Entry,
    KeyReport,
    Page,
    Problem,
    RawRecord,
    Reported,
    Translation,
    exact,
)

VENUE = "kraken"
READ_ONLY = frozenset(
    {"query-funds", "query-closed-trades", "query-open-trades", "query-ledger", "export-data"}
)
WEEK = 7 * 86_400
ROUNDS = 3
PENDING = 45 * 86_400  # deposits and withdrawals may change their state for this long


@dataclass(frozen=True, slots=True)
class _History:
    stream: str
    endpoint: str
    field: str


@dataclass(frozen=True, slots=True)
class _Status:
    stream: str
    endpoint: str


_HISTORIES = (
    _History("ledgers", "private_post_ledgers", "ledger"),
    _History("trades", "private_post_tradeshistory", "trades"),
)
_STATUSES = (
    _Status("deposits", "private_post_depositstatus"),
    _Status("withdrawals", "private_post_withdrawstatus"),
)


class Kraken:
    """Pulls one account. Each walk pins its window's end, so that rows arriving do not shift it."""

    def __init__(self, account: str, client: VenueClient, allow_trade_key: bool = True) -> None:
        self.account, self._client = account, client
        self._allow_trade_key = allow_trade_key

    async def pull(
        self, cursors: Mapping[str, str], full: bool = False, since: datetime | None = None
    ) -> AsyncIterator[Page]:
        end = await self._server_time()
        again = 0 if full else int(since.timestamp()) if since else None
        for history in _HISTORIES:
            async for page in self._walk_history(history, cursors.get(history.stream), end, again):
                yield page
        for status in _STATUSES:
            async for page in self._walk_status(status, cursors.get(status.stream), end, again):
                yield page

    async def _server_time(self) -> int:
        return int((await self._client.call("public_get_time"))["unixtime"])

    async def _walk_history(
        self, history: _History, cursor: str | None, end: int, again: int | None
    ) -> AsyncIterator[Page]:
        state = json.loads(cursor) if cursor else {}
        walk = state.get("walk")
        if walk is None or again is not None:
            start = _start(state.get("complete_to"), WEEK, again)
            walk = {"start": start, "end": end, "ofs": 0}
        seen: set[str] = set()
        whole = walk["ofs"] == 0  # a resumed walk has not seen its first pages here
        rounds = 1
        while True:
            asked = {k: walk[k] for k in ("start", "end", "ofs") if walk[k] or k == "end"}
            answer = await self._client.call(history.endpoint, asked)
            rows, count = answer.get(history.field), answer.get("count")
            if not isinstance(rows, dict) or count is None:
                raise TransientError(
                    f"kraken left {history.field} or count out of an answer for {self.account}; "
                    "it is tried again at the next sync"
                )
            seen |= rows.keys()
            walk = {**walk, "ofs": walk["ofs"] + len(rows)}
            done = walk["ofs"] >= int(count)
            if done and whole and len(seen) < int(count) and rounds < ROUNDS:
                # rows of one instant changed places between pages: walk the window once more
                walk, done, rounds = {**walk, "ofs": 0}, False, rounds + 1
            if not rows and walk["ofs"] < int(count):
                raise TransientError(
                    f"kraken says {count} {history.stream} for {self.account} but stops at "
                    f"{walk['ofs']}; it is tried again at the next sync"
                )
            after = {"complete_to": walk["end"]} if done else {**state, "walk": walk}
            records = tuple(self._record(history.stream, i, row) for i, row in rows.items())
            yield Page(history.stream, records, json.dumps(after, sort_keys=True))
            if done:
                return

    async def _walk_status(
        self, status: _Status, cursor: str | None, end: int, again: int | None
    ) -> AsyncIterator[Page]:
        complete = json.loads(cursor).get("complete_to") if cursor else None
        start = _start(complete, PENDING, again)
        after: Any = "true"
        while after:
            asked = {"start": start, "end": end, "limit": 100, "cursor": after}
            answer = await self._client.call(status.endpoint, asked)
            rows, after = _status_rows(answer)
            records = tuple(
                self._record(status.stream, str(r["refid"]), r) for r in rows if r.get("refid")
            )
            # an interrupted walk starts again: its pages are few and repeat harmlessly
            done = {"complete_to": complete if after else end}
            yield Page(status.stream, records, json.dumps(done))

    def _record(self, stream: str, native_id: str, row: Any) -> RawRecord:
        try:
            when: datetime | None = _instant(row["time"])
        except (DataError, KeyError, TypeError):
            when = None  # kept; translate says what is wrong with it
        return RawRecord(self.account, stream, native_id, when, _text(row))

    async def balances(self) -> Reported:
        at = datetime.fromtimestamp(await self._server_time(), UTC)
        sums: dict[str, Decimal] = {}
        for raw, held in (await self._client.call("private_post_balanceex")).items():
            asset = names().at_venue(VENUE, raw)
            amount = exact(held["balance"], f"kraken's balance of {raw}")
            sums[asset] = sums.get(asset, Decimal(0)) + amount
        return Reported(tuple(Balance(self.account, a, q, at) for a, q in sorted(sums.items())))

    async def check_key(self) -> KeyReport:
        info = await self._client.call("private_post_getapikeyinfo")
        may = tuple(sorted(info.get("permissions", ())))
        if "permissions" not in info:
            return KeyReport(may, ("kraken does not tell what the key may do",))
        warnings, refusal = _key_warnings(may), _key_refusal(self.account, may, info)
        if warnings and not self._allow_trade_key:
            refusal = refusal or f"{warnings[0]}, and allow_trade_key is false for {self.account}"
        return KeyReport(may, tuple(warnings), refusal)

    async def close(self) -> None:
        await self._client.close()


def _start(complete: int | None, overlap: int, again: int | None) -> int:
    """Where a window starts: with an overlap, earlier if asked, never later than what is whole."""
    usual = max(0, complete - overlap) if complete else 0
    return usual if again is None else min(usual, again)


def _key_warnings(may: Iterable[str]) -> list[str]:
    more = set(may) - READ_ONLY
    return [f"the key may {p}; a read-only key is safer" for p in sorted(more)]


def _key_refusal(account: str, may: Iterable[str], info: Mapping[str, Any]) -> str | None:
    if any("withdraw" in p and not p.startswith("query") for p in may):
        return f"the key of {account} can withdraw; make a key that can only query"
    hidden = [f for f in ("queryFrom", "queryTo") if str(info.get(f) or "0") != "0"]
    if hidden:
        return (
            f"the key of {account} hides part of the history ({hidden[0]}); make one without limits"
        )
    return None


def _status_rows(answer: Any) -> tuple[list[dict[str, Any]], str | None]:
    if isinstance(answer, list):
        return answer, None
    rows = next((v for v in answer.values() if isinstance(v, list)), [])
    return rows, answer.get("next_cursor") or None


def _text(row: Any) -> str:
    return json.dumps(row, sort_keys=True, separators=(",", ":"))


def _instant(value: Any) -> datetime:
    seconds = exact(value, "the time")
    micros = int(seconds * 1_000_000)
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)


# ---- translate: pure


_PLAIN = {
    "trade": "trade",
    "spend": "trade",
    "receive": "trade",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
}
_POT_MOVES = {"spottostaking", "stakingfromspot", "stakingtospot", "spotfromstaking"}
_EARN_MOVES = {"allocation", "deallocation", "autoallocation", "migration"}


def translate(records: Iterable[RawRecord]) -> Translation:
    """Ledger rows to entries, joined with ids and addresses from the status streams."""
    ledgers: list[RawRecord] = []
    status: dict[tuple[str, str], dict[str, Any]] = {}
    for record in records:
        if record.stream == "ledgers":
            ledgers.append(record)
        elif record.stream in ("deposits", "withdrawals"):
            status[record.stream.removesuffix("s"), record.native_id] = json.loads(record.body)
    entries: list[Entry] = []
    problems: list[Problem] = []
    for record in ledgers:
        try:
            entries += _entries(record, status, names())
        except (DataError, KeyError, TypeError, ValueError) as error:
            sentence = str(error) if isinstance(error, DataError) else f"it lacks {error}"
            problems.append(Problem(record.source, record.stream, record.native_id, sentence))
    return Translation(tuple(entries), tuple(problems))


def alone(record: RawRecord) -> bool:
    """Whether a record's entries follow from it alone: a deposit or withdrawal takes its id and
    address from another stream."""
    if record.stream != "ledgers":
        return record.stream == "trades"
    row = json.loads(record.body)
    return row.get("type") not in ("deposit", "withdrawal")


def _entries(
    record: RawRecord, status: Mapping[tuple[str, str], dict[str, Any]], assets: AssetNames
) -> list[Entry]:
    row = json.loads(record.body)
    kind = _kind(row["type"], row.get("subtype") or "")
    detail = status.get((kind, row["refid"]), {})
    amount, fee = exact(row["amount"], "the amount"), exact(row["fee"], "the fee")

    def entry(quantity: Decimal, role: Any) -> Entry:
        return Entry(
            source=record.source,
            group=row["refid"] if kind in _PLAIN.values() else record.native_id,
            account=record.source,
            asset=assets.at_venue(VENUE, row["asset"]),
            quantity=quantity,
            at=_instant(row["time"]),
            role=role,
            kind=kind,
            native_id=record.native_id,
            txid=detail.get("txid") or None,
            address=detail.get("info") or None,
            network=detail.get("network") or detail.get("method") or None,
            evidence=f"ledger {record.native_id} {row['type']} {row.get('subtype') or ''}".strip(),
        )

    if fee < 0:  # a rebate: more was received, or less was paid
        amount, fee = amount - fee, Decimal(0)
    both = [entry(amount, "principal")] if amount else []
    return both + ([entry(-fee, "fee")] if fee else [])


def _kind(type_: str, subtype: str) -> str:
    if type_ in _PLAIN:
        return _PLAIN[type_]
    if type_ == "staking" or (type_, subtype) == ("earn", "reward"):
        return "income:staking"
    if (type_ == "transfer" and subtype in _POT_MOVES) or (
        type_ == "earn" and subtype in _EARN_MOVES
    ):
        return "pot_move"
    return f"unknown:{type_}{':' + subtype if subtype else ''}"
