"""Crypto.com Exchange: the journal is the authority; the other histories add pairs, hashes and what
is older than the journal goes back.

Facts: each journal row changes one currency by its signed quantity, and the rows of a currency add
up to its balance; a fill is two rows and its fee a third, of one `trade_id`; a conversion is two of
one `order_id`. A window holds at most 7 days and a longer one is cut without a word; `start_time`
is inclusive, `end_time` exclusive, and a page is the newest 100 rows before it, in nanoseconds, so
the next page ends just after the oldest row seen. The journal and the fills go back 6 to 18 months,
transfers all the way. `fees` of fills are negative where they were paid; `SOL.staked` is SOL in
another pot. The Crypto.com App is another product without an API.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from config.errors import DataError
from config.exact import ZERO
from connectors.exchanges.exchange import (
    UNREAD,
    Exchange,
    Rights,
    Told,
    again,
    from_millis,
    from_nanos,
    instant_of,
    rows,
    translated,
)
from connectors.exchanges.pots import STAKED
from connectors.exchanges.walk import DAY, WEEK, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "cryptocom"
OPENED = 1_572_566_400  # 2019-11-01
KEEPS = 180 * DAY  # at least: the vendor says 6 months in one place, more in another
NANOS = 1_000_000_000
NEAR = timedelta(days=1)  # between a journal row and the transfer that it is
MARGIN = timedelta(seconds=1)  # other histories tell milliseconds
PAGE, TRANSFERS, REWARDS = 100, 200, 500


class CryptoCom(Exchange):
    venue = VENUE

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        fills = self._backwards("trades", "get_trades", _trade_id, "create_time_ns")
        journal = self._backwards("journal", "get_transactions", _journal_id, "event_timestamp_ns")
        yield Feed("journal", journal, WEEK, WEEK, OPENED, keeps=KEEPS)
        yield Feed("trades", fills, WEEK, WEEK, OPENED, keeps=KEEPS)
        yield Feed("deposits", self._transfers("deposit"))
        yield Feed("withdrawals", self._transfers("withdrawal"))
        yield Feed(
            "rewards", self._staking("rewards", "reward", _reward_id), WEEK, 29 * DAY, OPENED
        )
        yield Feed("stakes", self._staking("stakes", "stake", _stake_id), WEEK, 29 * DAY, OPENED)
        yield Feed(
            "converts", self._staking("converts", "convert", _convert_id), WEEK, 29 * DAY, OPENED
        )

    def _backwards(
        self, stream: str, method: str, native_id: Callable[[Any], str], time_field: str
    ) -> Any:
        """From the window's end to its start; a page ends just after the oldest row seen."""
        endpoint = f"v1_private_post_private_{method}"

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            before = int(cursor or (end + 1) * NANOS)
            asked = {"start_time": str(start * NANOS), "end_time": str(before), "limit": PAGE}
            answer = await self.client.call(endpoint, asked)
            found = rows(self.client, endpoint, answer, "data")
            records = [
                self.record(stream, native_id(r), r, lambda r=r: from_nanos(r[time_field]))  # type: ignore[misc]
                for r in found
            ]
            if len(found) < PAGE:
                return Batch(records)
            oldest = min(int(r[time_field]) for r in found) + 1
            if oldest >= before:  # all of one instant: pass it, or nothing older would be read
                oldest = before - 1
                told = f"lists {PAGE} {stream} at nanosecond {oldest}"
                records.append(self.doubt(stream, oldest, told))
            return Batch(records, str(oldest))

        return fetch

    def _transfers(self, way: str) -> Any:
        """All of them each time: a range leaves some out."""
        endpoint = f"v1_private_post_private_get_{way}_history"

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            page = cursor or 0
            answer = await self.client.call(endpoint, {"page": page, "page_size": TRANSFERS})
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


def _trade_id(row: Mapping[str, Any]) -> str:
    return str(row["trade_id"])


def _journal_id(row: Mapping[str, Any]) -> str:
    """The vendor's own example repeats a journal id, on rows of other kinds."""
    fields = ("journal_id", "instrument_name", "journal_type", "isolation_id")
    return ":".join(str(row[f]) for f in fields if row.get(f))


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


@dataclass(frozen=True, slots=True)
class _Transfer:
    """A transfer that went through: what it is, what it is with its fee, and when."""

    key: tuple[str, str]
    row: dict[str, Any]
    amounts: tuple[Decimal, Decimal]
    at: datetime


@dataclass(slots=True)
class _Seen:
    """What the journal tells already, and what may be joined to its rows."""

    begins: datetime | None = None
    trades: set[str] = field(default_factory=set)
    used: set[tuple[str, str]] = field(default_factory=set)  # transfers that a journal row is
    transfers: dict[tuple[str, str, Decimal], list[_Transfer]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by way, currency and either amount

    holes: list[tuple[datetime, datetime]] = field(default_factory=list)  # in the journal

    def older(self, at: datetime) -> bool:
        """Whether the journal cannot tell it: it is from before its first row, or from a hole."""
        older = self.begins is None or at < self.begins - MARGIN
        return older or any(start < at < end for start, end in self.holes)


def translate(records: Iterable[RawRecord]) -> Translation:
    """Journal rows to entries; what is older than the journal from the other histories."""
    records = again(records)
    dated = (r.happened_at for r in records if r.stream == "journal" and r.happened_at)
    seen = _Seen(min(dated, default=None))
    for record in records:
        # a row that cannot be read is told of below
        with suppress(KeyError, DataError, TypeError, ValueError, AttributeError):
            _note(seen, record, json.loads(record.body))
    journal = (r for r in records if r.stream == "journal")  # its rows take hashes first
    others = (r for r in records if r.stream != "journal")
    both = chain(journal, others)
    return translated(both, lambda record: _READERS[record.stream](record, _row(record), seen))


def alone(record: RawRecord) -> bool:
    return False


def _row(record: RawRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record.body)
    return found


def _note(seen: _Seen, record: RawRecord, row: dict[str, Any]) -> None:
    if record.stream == UNREAD and row.get("feed") == "journal":
        seen.holes.append((instant_of(row["from"]), instant_of(row["to"])))
    if record.stream == "journal" and row["journal_type"] == "TRADING":
        seen.trades.add(str(row["trade_id"]))
    if record.stream in ("deposits", "withdrawals") and str(row["status"]) == _DONE[record.stream]:
        key, way = (record.stream, record.native_id), record.stream.removesuffix("s")
        transfer = _Transfer(key, row, _amounts(row), _created(row))
        for amount in set(transfer.amounts):
            seen.transfers[way, row["currency"], amount].append(transfer)


def _journal(record: RawRecord, row: dict[str, Any], seen: _Seen) -> list[Entry]:
    type_, at = row["journal_type"], from_nanos(row["event_timestamp_ns"])
    quantity, asset = exact(row["transaction_qty"], "the quantity"), row["instrument_name"]
    kind = _JOURNAL.get(type_, f"unknown:{type_}")
    group, evidence = "", f"journal {record.native_id} {type_}"
    if "-" in asset:  # a derivative: only its money moves
        kind, asset = f"unknown:derivative {asset}", "USD"
        quantity = exact(row.get("realized_pnl") or 0, "the result")
    if type_ in ("TRADING", "TRADE_FEE"):
        group = f"trade:{row['trade_id']}"
    elif kind == "trade" and str(row.get("order_id") or "0") != "0":
        group = f"order:{row['order_id']}"
    if kind == "transfer":
        return _moved(record, Told(VENUE, record, "", at, "", evidence), asset, quantity, seen)
    told = Told(VENUE, record, kind, at, group, evidence)
    if type_ in ("TRADE_FEE", "WITHDRAW_FEE"):
        return told.entries(fee=(asset, -quantity))
    return told.entries((asset, quantity))


def _moved(
    record: RawRecord, told: Told, asset: str, quantity: Decimal, seen: _Seen
) -> list[Entry]:
    """A deposit or withdrawal, with hash, address and fee of the nearest of equal amount."""
    kind = "deposit" if quantity > 0 else "withdrawal"
    told = replace(told, kind=kind)
    equal = seen.transfers.get((kind, asset, abs(quantity)), ())
    fits = [t for t in equal if t.key not in seen.used and abs(t.at - told.at) <= NEAR]
    if not fits:
        return told.entries((asset, quantity))
    best = min(fits, key=lambda one: abs(one.at - told.at))
    seen.used.add(best.key)
    row = best.row
    told = replace(
        told,
        txid=str(row.get("txid") or "").partition("/")[0],
        address=row.get("address"),
        network=row.get("network_id"),
    )
    amount, whole = best.amounts
    fee = whole - amount if kind == "withdrawal" and abs(quantity) == whole else ZERO
    return told.entries((asset, quantity + fee), fee=(asset, fee))


def _amounts(row: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """What a transfer is, and what it is with its fee."""
    amount = exact(row["amount"], "the amount")
    return amount, amount + exact(row.get("fee") or 0, "the fee")


def _created(row: Mapping[str, Any]) -> datetime:
    return from_millis(row["create_time"])


def _fill(record: RawRecord, row: dict[str, Any], seen: _Seen) -> list[Entry]:
    if record.native_id in seen.trades:
        return []  # the journal's rows tell it
    at = from_nanos(row["create_time_ns"])
    base, _, quote = row["instrument_name"].partition("_")
    fee = (row["fee_instrument_name"], -exact(row["fees"], "the fee"))
    evidence = f"fill {record.native_id} {row['side']} {row['instrument_name']}"
    if not quote:
        if not seen.older(at):
            return []  # the journal tells what a derivative costs
        kind = f"unknown:derivative {row['instrument_name']}"
        return Told(VENUE, record, kind, at, "", evidence).entries((fee[0], -fee[1]))
    sign = {"BUY": 1, "SELL": -1}[row["side"]]
    quantity = exact(row["traded_quantity"], "the quantity")
    money = quantity * exact(row["traded_price"], "the price")
    told = Told(VENUE, record, "trade", at, f"trade:{record.native_id}", evidence)
    return told.entries((base, sign * quantity), (quote, -sign * money), fee=fee)


def _transfer(record: RawRecord, row: dict[str, Any], seen: _Seen) -> list[Entry]:
    at, kind = _created(row), record.stream.removesuffix("s")
    if str(row["status"]) != _DONE[record.stream] or not seen.older(at):
        return []
    if (record.stream, record.native_id) in seen.used:
        return []  # its journal row came later than itself
    told = Told(
        VENUE,
        record,
        kind,
        at,
        evidence=f"{kind} {record.native_id}",
        txid=str(row.get("txid") or "").partition("/")[0],
        address=row.get("address"),
        network=row.get("network_id"),
    )
    amount, whole = _amounts(row)
    if kind == "deposit":
        return told.entries((row["currency"], amount))
    return told.entries((row["currency"], -amount), fee=(row["currency"], whole - amount))


def _reward(record: RawRecord, row: dict[str, Any], seen: _Seen) -> list[Entry]:
    at = _stake_time(row)
    if not seen.older(at):
        return []
    told = Told(VENUE, record, "income:staking", at)
    return told.entries((row["reward_inst_name"], exact(row["reward_quantity"], "the quantity")))


def _convert(record: RawRecord, row: dict[str, Any], seen: _Seen) -> list[Entry]:
    """Staked coins against their liquid token: a swap, whatever the tax side makes of it."""
    at = _stake_time(row)
    if row["status"] != "COMPLETED" or not seen.older(at):
        return []
    told = Told(VENUE, record, "trade", at)
    return told.entries(
        (row["from_instrument_name"], -exact(row["from_quantity"], "the quantity")),
        (row["to_instrument_name"], exact(row["to_quantity"], "the quantity")),
    )


def _nothing(record: RawRecord, row: dict[str, Any], seen: _Seen) -> list[Entry]:
    """Into staking and back: the coins stay the account's."""
    return []


_DONE = {"deposits": "1", "withdrawals": "5"}
_JOURNAL = {
    "TRADING": "trade",
    "TRADE_FEE": "trade",
    "STABLECOIN_CONVERSION": "trade",
    "AUTO_CONVERSION": "trade",
    "MANUAL_CONVERSION": "trade",
    **dict.fromkeys(
        ("ONCHAIN_DEPOSIT", "ONCHAIN_WITHDRAWAL", "ONCHAIN_WITHDRAW", "DEPOSIT", "WITHDRAW"),
        "transfer",
    ),
    **dict.fromkeys(("FIAT_DEPOSIT", "FIAT_WITHDRAWAL", "SUBACCOUNT_TX"), "transfer"),
    "WITHDRAW_FEE": "withdrawal",
    "STAKING": STAKED,
    "STAKING_REWARDS": "income:staking",
}
_READERS: dict[str, Callable[[RawRecord, dict[str, Any], _Seen], list[Entry]]] = {
    "journal": _journal,
    "trades": _fill,
    "deposits": _transfer,
    "withdrawals": _transfer,
    "rewards": _reward,
    "stakes": _nothing,
    "converts": _convert,
}
