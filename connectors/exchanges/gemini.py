"""Gemini: fills, transfers, staking and the old Earn program.

Facts: `timestamp` gives the oldest rows from there on, inclusive, each page sorted newest first;
trades carry ids of their own, transfers `eid`; a fill marked `break` was annulled; coins that are
staked or lent are still the account's, so moving them there and back is no event.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from typing import Any

from config.errors import DataError
from connectors.exchanges.exchange import (
    Exchange,
    Rights,
    Told,
    from_millis,
    rows,
    text,
    translated,
)
from connectors.exchanges.walk import PENDING, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "gemini"
TRADES, TRANSFERS, HISTORY = 500, 50, 500  # rows of a full page
STREAMS = ("staking", "earn")


class Gemini(Exchange):
    venue = VENUE

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._known: set[str] = set()

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        yield Feed("trades", self._trades)
        yield Feed("transfers", self._transfers, PENDING)
        for stream in STREAMS:
            yield Feed(stream, self._history(stream))

    async def _trades(self, start: int, end: int, cursor: Any) -> Batch:
        endpoint = "private_post_v1_mytrades"
        batch = await self._forward(
            "trades", endpoint, "limit_trades", TRADES, cursor or start * 1000
        )
        return replace(batch, records=[*batch.records, *await self._pairs(batch.records)])

    async def _transfers(self, start: int, end: int, cursor: Any) -> Batch:
        endpoint = "private_post_v1_transfers"
        since = cursor or start * 1000
        return await self._forward("transfers", endpoint, "limit_transfers", TRANSFERS, since)

    async def _forward(
        self, stream: str, endpoint: str, limit: str, most: int, since: int
    ) -> Batch:
        """From an instant on, inclusive, so that rows of one millisecond are never parted."""
        answer = await self.client.call(endpoint, {"timestamp": since, limit: most})
        found = rows(self.client, endpoint, answer)
        records = [self._row(stream, r) for r in found]
        newest = max((int(r["timestampms"]) for r in found), default=since)
        if len(found) < most:
            return Batch(records)
        if newest == since:
            raise DataError(
                f"gemini lists {most} {stream} of {self.account} at one millisecond ({since}); "
                "what follows cannot be asked for"
            )
        return Batch(records, newest)

    async def _pairs(self, fills: Iterable[RawRecord]) -> list[RawRecord]:
        """What each pair is made of, asked for once and kept with its first fills: PAXGUSD is not
        PAX and GUSD."""
        found: list[RawRecord] = []
        for symbol in sorted({json.loads(r.body)["symbol"].lower() for r in fills} - self._known):
            self._known.add(symbol)
            try:
                pair = await self.client.call(
                    "public_get_v1_symbols_details_symbol", {"symbol": symbol}
                )
            except DataError:
                continue  # no longer listed
            found.append(RawRecord(self.account, "symbols", symbol, None, text(pair)))
        return found

    def _history(self, stream: str) -> Any:
        endpoint = f"private_post_v1_{stream}_history"

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            since = cursor or start * 1000
            asked = {"since": since, "until": end * 1000, "limit": HISTORY, "sortAsc": True}
            answer = rows(self.client, endpoint, await self.client.call(endpoint, asked))
            found = [row for one in answer for row in one.get("transactions", ())]
            newest = max((int(r["dateTime"]) for r in found), default=since)
            records = [self._row(stream, r) for r in found]
            full = len(found) >= HISTORY and newest > since
            return Batch(records, newest if full else None)

        return fetch

    def _row(self, stream: str, row: Any) -> RawRecord:
        id_field, time_field = _FIELDS[stream]
        return self.record(stream, row[id_field], row, lambda: from_millis(row[time_field]))

    async def held(self) -> Iterable[tuple[str, Any]]:
        found = [(r["currency"], r["amount"]) for r in await self._list("private_post_v1_balances")]
        staked = await self._list("private_post_v1_balances_staking")
        lent = await self._list("private_post_v1_balances_earn")
        return found + [(r["currency"], r["balance"]) for r in (*staked, *lent)]

    async def _list(self, endpoint: str) -> list[Any]:
        return rows(self.client, endpoint, await self.client.call(endpoint))

    async def rights(self) -> Rights | None:
        told = await self.client.call("private_post_v1_roles")
        if "isAuditor" not in told:
            return None
        roles = tuple(sorted(k for k, v in told.items() if v is True))
        return Rights(
            roles,
            ("trade",) if told.get("isTrader") else (),
            ("isFundManager",) if told.get("isFundManager") else (),
        )


_FIELDS = {
    "trades": ("tid", "timestampms"),
    "transfers": ("eid", "timestampms"),
    "staking": ("transactionId", "dateTime"),
    "earn": ("transactionId", "dateTime"),
}


# ---- translate: pure


_TRANSFERS = {
    "Deposit": "deposit",
    "Withdrawal": "withdrawal",
    "Reward": "income:other",
}
_DONE = frozenset({"Advanced", "Complete"})
_POT_MOVES = frozenset({"Deposit", "Redeem"})
_REWARDS = {"staking": "income:staking", "earn": "income:interest"}


def translate(records: Iterable[RawRecord]) -> Translation:
    """Fills, transfers and rewards to entries; moves into staking and Earn are no event."""
    said = list(records)
    symbols = {r.native_id: json.loads(r.body) for r in said if r.stream == "symbols"}
    wanted = [r for r in said if r.stream != "symbols"]
    return translated(wanted, lambda record: _entries(record, symbols))


def alone(record: RawRecord) -> bool:
    """A fill needs to know its pair."""
    return record.stream != "trades"


def _entries(record: RawRecord, symbols: Mapping[str, dict[str, Any]]) -> list[Entry]:
    row = json.loads(record.body)
    if record.stream == "trades":
        return _fill(record, row, symbols.get(row["symbol"].lower()))
    if record.stream == "transfers":
        return _transfer(record, row)
    return _of_a_program(record, row)


def _fill(record: RawRecord, row: dict[str, Any], pair: dict[str, Any] | None) -> list[Entry]:
    if row.get("break"):
        return []  # annulled: it never happened
    base, quote = _sides(row, pair)
    amount, price = exact(row["amount"], "the amount"), exact(row["price"], "the price")
    sign = {"Buy": 1, "Sell": -1}[row["type"]]
    evidence = f"fill {record.native_id} {row['type']} {row['symbol']} order {row.get('order_id')}"
    told = Told(VENUE, record, "trade", from_millis(row["timestampms"]), evidence=evidence)
    return told.entries(
        (base, sign * amount),
        (quote, -sign * amount * price),
        fee=(row["fee_currency"], exact(row["fee_amount"], "the fee")),
    )


def _sides(row: dict[str, Any], pair: dict[str, Any] | None) -> tuple[str, str]:
    """The pair's coins as Gemini tells them; of a pair that it no longer lists, the fee's currency
    is the quote."""
    if pair:
        return pair["base_currency"].upper(), pair["quote_currency"].upper()
    symbol, quote = row["symbol"].upper(), row["fee_currency"].upper()
    if not symbol.endswith(quote) or symbol == quote:
        raise DataError(f"gemini no longer lists {symbol} and its fee was paid in {quote}")
    return symbol.removesuffix(quote), quote


def _transfer(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    if row["status"] not in _DONE:
        return []
    kind = _TRANSFERS.get(row["type"], f"unknown:{row['type']}")
    leaves = kind == "withdrawal" or row["type"].endswith("Debit")
    told = Told(
        VENUE,
        record,
        kind,
        from_millis(row["timestampms"]),
        evidence=f"transfer {record.native_id} {row['type']} {row.get('method') or ''}".strip(),
        txid=row.get("txHash"),
        address=row.get("destination"),
        network=row.get("network"),
    )
    amount = exact(row["amount"], "the amount")
    fee = exact(row.get("feeAmount") or 0, "the fee")
    currency = row["currency"]
    return told.entries(
        (currency, -amount if leaves else amount), fee=(row.get("feeCurrency") or currency, fee)
    )


def _of_a_program(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    """Staking and Earn: interest is income, what goes in and comes back stays the account's."""
    if row["transactionType"] in _POT_MOVES:
        return []
    kind = _REWARDS.get(record.stream) if row["transactionType"] == "Interest" else None
    told = Told(
        VENUE,
        record,
        kind or f"unknown:{record.stream} {row['transactionType']}",
        from_millis(row["dateTime"]),
        evidence=f"{record.stream} {record.native_id} {row['transactionType']}",
    )
    return told.entries((row["amountCurrency"], exact(row["amount"], "the amount")))
