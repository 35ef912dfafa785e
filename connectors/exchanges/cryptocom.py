"""Crypto.com Exchange: fills, transfers, staking, and the journal for everything else.

Facts: a window holds at most 7 days of fills and a day of journal (by default, so it is asked for
by the day); `start_time` is inclusive, `end_time` exclusive, and a page is the newest 100 rows
before it, in nanoseconds, so the next page ends just after the oldest row seen; `fees` are
negative where they were paid; `SOL.staked` is SOL in another pot. The Crypto.com App is another
product without an API.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from config.errors import DataError
from connectors.exchanges.exchange import (
    Exchange,
    Rights,
    Told,
    from_millis,
    from_nanos,
    rows,
    translated,
)
from connectors.exchanges.walk import DAY, PENDING, WEEK, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "cryptocom"
OPENED = 1_572_566_400  # 2019-11-01
NANOS = 1_000_000_000
PAGE, TRANSFERS, REWARDS = 100, 200, 500


class CryptoCom(Exchange):
    venue = VENUE

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        fills = self._backwards("trades", "get_trades", "trade_id", "create_time_ns")
        journal = self._backwards("journal", "get_transactions", "journal_id", "event_timestamp_ns")
        yield Feed("trades", fills, WEEK, WEEK, OPENED)
        yield Feed("journal", journal, WEEK, DAY, OPENED)
        yield Feed("deposits", self._transfers("deposit"), PENDING, 89 * DAY, OPENED)
        yield Feed("withdrawals", self._transfers("withdrawal"), PENDING, 89 * DAY, OPENED)
        yield Feed(
            "rewards", self._staking("rewards", "reward", _reward_id), WEEK, 29 * DAY, OPENED
        )
        yield Feed("stakes", self._staking("stakes", "stake", _stake_id), WEEK, 29 * DAY, OPENED)
        yield Feed(
            "converts", self._staking("converts", "convert", _convert_id), WEEK, 29 * DAY, OPENED
        )

    def _backwards(self, stream: str, method: str, id_field: str, time_field: str) -> Any:
        """From the window's end to its start; a page ends just after the oldest row seen."""
        endpoint = f"v1_private_post_private_{method}"

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            before = int(cursor or (end + 1) * NANOS)
            asked = {"start_time": str(start * NANOS), "end_time": str(before), "limit": PAGE}
            answer = await self.client.call(endpoint, asked)
            found = rows(self.client, endpoint, answer, "data")
            records = [
                self.record(stream, r[id_field], r, lambda r=r: from_nanos(r[time_field]))  # type: ignore[misc]
                for r in found
            ]
            if len(found) < PAGE:
                return Batch(records)
            oldest = min(int(r[time_field]) for r in found) + 1
            if oldest >= before:
                raise DataError(
                    f"cryptocom lists {PAGE} {stream} of {self.account} at one nanosecond "
                    f"({before}); what is older cannot be asked for"
                )
            return Batch(records, str(oldest))

        return fetch

    def _transfers(self, way: str) -> Any:
        endpoint = f"v1_private_post_private_get_{way}_history"

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            page = cursor or 0
            asked = {"start_ts": start * 1000, "end_ts": end * 1000}
            answer = await self.client.call(
                endpoint, {**asked, "page": page, "page_size": TRANSFERS}
            )
            found = rows(self.client, endpoint, answer, f"{way}_list")
            records = [
                self.record(f"{way}s", r["id"], r, lambda r=r: from_millis(r["create_time"]))  # type: ignore[misc]
                for r in found
            ]
            return Batch(records, page + 1 if len(found) >= TRANSFERS else None)

        return fetch

    def _staking(self, stream: str, what: str, native_id: Callable[[Any], str]) -> Any:
        endpoint = f"v1_private_post_private_staking_get_{what}_history"

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            before = int(cursor or end * 1000)
            asked = {"start_time": start * 1000, "end_time": before, "limit": REWARDS}
            answer = await self.client.call(endpoint, asked)
            found = rows(self.client, endpoint, answer, "data")
            records = [
                self.record(stream, native_id(r), r, lambda r=r: _stake_time(r))  # type: ignore[misc]
                for r in found
            ]
            oldest = min((int(_stake_millis(r)) for r in found), default=before)
            more = len(found) >= REWARDS and oldest < before
            return Batch(records, oldest if more else None)

        return fetch

    async def held(self) -> Iterable[tuple[str, Any]]:
        endpoint = "v1_private_post_private_user_balance"
        answer = await self.client.call(endpoint)
        accounts = rows(self.client, endpoint, answer, "data")
        return [
            (one["instrument_name"], one["quantity"])
            for account in accounts
            for one in account.get("position_balances", ())
        ]

    async def rights(self) -> Rights | None:
        return None


def _stake_millis(row: Mapping[str, Any]) -> Any:
    return row.get("event_timestamp_ms") or row["create_timestamp_ms"]


def _stake_time(row: Mapping[str, Any]) -> datetime:
    return from_millis(_stake_millis(row))


def _reward_id(row: Mapping[str, Any]) -> str:
    """Rewards carry no id; one coin's stake is rewarded in one coin once at a time."""
    fields = ("event_timestamp_ms", "staking_inst_name", "reward_inst_name")
    return ":".join(str(row[f]) for f in fields)


def _stake_id(row: Mapping[str, Any]) -> str:
    return f"{row['side']}:{row['staking_id']}"


def _convert_id(row: Mapping[str, Any]) -> str:
    return str(row["convert_id"])


# ---- translate: pure


def translate(records: Iterable[RawRecord]) -> Translation:
    """Each row to entries: what the other endpoints tell is passed over in the journal."""
    return translated(records, _entries)


def alone(record: RawRecord) -> bool:
    return True


def _entries(record: RawRecord) -> list[Entry]:
    return _READERS[record.stream](record, json.loads(record.body))


def _fill(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    base, _, quote = row["instrument_name"].partition("_")
    if not quote:
        return _unknown(record, row, f"derivative {row['instrument_name']}", "create_time_ns")
    sign = {"BUY": 1, "SELL": -1}[row["side"]]
    quantity, price = exact(row["traded_quantity"], "the quantity"), exact(row["traded_price"], "p")
    evidence = f"fill {record.native_id} {row['side']} {row['instrument_name']}"
    evidence += f" order {row['order_id']}"
    told = Told(VENUE, record, "trade", from_nanos(row["create_time_ns"]), evidence=evidence)
    return told.entries(
        (base, sign * quantity),
        (quote, -sign * quantity * price),
        fee=(row["fee_instrument_name"], -exact(row["fees"], "the fee")),
    )


def _unknown(record: RawRecord, row: dict[str, Any], what: str, time: str) -> list[Entry]:
    told = Told(VENUE, record, f"unknown:{what}", from_nanos(row[time]))
    pnl = exact(row.get("fees") or 0, "the fee")
    return told.entries((row.get("fee_instrument_name") or "USD", pnl))


def _journal(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    kind = _JOURNAL.get(row["journal_type"], f"unknown:{row['journal_type']}")
    if kind == "elsewhere":
        return []
    quantity = exact(row["transaction_qty"], "the quantity")
    if kind == "transfer":
        kind = "deposit" if quantity > 0 else "withdrawal"
    evidence = f"journal {record.native_id} {row['journal_type']}"
    told = Told(VENUE, record, kind, from_nanos(row["event_timestamp_ns"]), evidence=evidence)
    return told.entries((row["instrument_name"], quantity))


def _deposit(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    if str(row["status"]) != "1":
        return []
    return _transfer(record, row, "deposit", 1)


def _withdrawal(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    if str(row["status"]) != "5":
        return []
    return _transfer(record, row, "withdrawal", -1)


def _transfer(record: RawRecord, row: dict[str, Any], kind: str, sign: int) -> list[Entry]:
    told = Told(
        VENUE,
        record,
        kind,
        from_millis(row["create_time"]),
        evidence=f"{kind} {record.native_id}",
        txid=str(row.get("txid") or "").partition("/")[0],
        address=row.get("address"),
        network=row.get("network_id"),
    )
    fee = exact(row.get("fee") or 0, "the fee")
    return told.entries(
        (row["currency"], sign * exact(row["amount"], "the amount")), fee=(row["currency"], fee)
    )


def _reward(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    told = Told(VENUE, record, "income:staking", _stake_time(row))
    return told.entries((row["reward_inst_name"], exact(row["reward_quantity"], "the quantity")))


def _convert(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    """Staked coins against their liquid token: a swap, whatever the tax side makes of it."""
    if row["status"] != "COMPLETED":
        return []
    told = Told(VENUE, record, "trade", _stake_time(row))
    return told.entries(
        (row["from_instrument_name"], -exact(row["from_quantity"], "the quantity")),
        (row["to_instrument_name"], exact(row["to_quantity"], "the quantity")),
    )


def _nothing(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    """Into staking and back: the coins stay the account's."""
    return []


_JOURNAL = {
    "TRADING": "elsewhere",
    "TRADE_FEE": "elsewhere",
    "ONCHAIN_DEPOSIT": "elsewhere",
    "ONCHAIN_WITHDRAW": "elsewhere",
    "ROLLBACK_DEPOSIT": "elsewhere",  # the deposit or withdrawal itself tells that it failed
    "ROLLBACK_WITHDRAW": "elsewhere",
    "SUBACCOUNT_TX": "transfer",
}
_READERS: dict[str, Callable[[RawRecord, dict[str, Any]], list[Entry]]] = {
    "trades": _fill,
    "journal": _journal,
    "deposits": _deposit,
    "withdrawals": _withdrawal,
    "rewards": _reward,
    "stakes": _nothing,
    "converts": _convert,
}
