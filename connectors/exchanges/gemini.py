"""Gemini: fills, transfers, staking and the old Earn program.

Facts: `timestamp` gives the oldest rows from there on, inclusive, each page sorted newest first;
trades carry ids of their own, transfers `eid`; a fill whose `break` is full never happened, one
undone by hand has rows of its own; a withdrawal's fee comes on top of its amount; an advance on a
deposit and the deposit are one if asked so; coins that are staked or lent are still the account's,
so moving them there and back is no event. Old withdrawals of GUSD are told as USD with a hash.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from typing import Any

from config.errors import AuthError, DataError, RateLimited, TransientError
from connectors.exchanges.exchange import (
    Exchange,
    Rights,
    Told,
    again,
    from_millis,
    rows,
    text,
    translated,
)
from connectors.exchanges.walk import PENDING, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "gemini"
TRADES, TRANSFERS, HISTORY = 500, 50, 500  # rows of a full page
TRADES_OF = "private_post_v1_mytrades"


class Gemini(Exchange):
    venue = VENUE

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._traded: set[str] = set()
        self._known: set[str] = set()  # pairs that were asked for

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        async for feed in self._fills():
            yield feed
        yield Feed("transfers", self._transfers, PENDING)
        yield Feed("staking", self._history("staking"))
        yield Feed("earn", self._history("earn"), optional=True)  # closed in 2023

    async def _fills(self) -> AsyncIterator[Feed]:
        """All pairs at once, or one by one where Gemini insists on a symbol."""
        try:
            await self.client.call(TRADES_OF, {"limit_trades": 1, "timestamp": 0})
        except DataError:
            listed = await self.client.call("public_get_v1_symbols")
            for symbol in rows(self.client, "public_get_v1_symbols", listed):
                yield Feed(f"trades:{symbol}", self._trades(symbol))
            return
        yield Feed("trades", self._trades(None))

    def _trades(self, symbol: str | None) -> Any:
        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            asked = {"timestamp": cursor or start * 1000, "limit_trades": TRADES}
            asked |= {"symbol": symbol} if symbol else {}
            batch = await self._forward("trades", TRADES_OF, asked, TRADES)
            return replace(batch, records=[*batch.records, *await self._pairs()])

        return fetch

    async def _transfers(self, start: int, end: int, cursor: Any) -> Batch:
        asked = {"timestamp": cursor or start * 1000, "limit_transfers": TRANSFERS}
        asked |= {"show_completed_deposit_advances": False}
        return await self._forward("transfers", "private_post_v2_transfers", asked, TRANSFERS)

    async def _forward(self, stream: str, endpoint: str, asked: dict[str, Any], most: int) -> Batch:
        """From an instant on, inclusive, so that rows of one millisecond are never parted."""
        found = rows(self.client, endpoint, await self.client.call(endpoint, asked))
        if "symbol" in asked:  # older fills do not name their pair
            found = [{"symbol": asked["symbol"].upper(), **row} for row in found]
        since = asked["timestamp"]
        newest = max((int(r["timestampms"]) for r in found), default=since)
        records = [self._row(stream, r) for r in found]
        if len(found) < most:
            return Batch(records)
        if newest == since:  # all of one millisecond: pass it, or nothing newer would be read
            told = f"lists {most} {stream} at millisecond {since}"
            return Batch([*records, self.doubt(stream, since, told)], newest + 1)
        return Batch(records, newest)

    async def _pairs(self) -> list[RawRecord]:
        """What each pair is made of, asked for once and kept with its first fills: PAXGUSD is not
        PAX and GUSD."""
        found: list[RawRecord] = []
        for symbol in sorted(self._traded - self._known):
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
            parts = [one["transactions"] for one in answer if one.get("transactions")]
            records = [self._row(stream, r) for part in parts for r in part]
            reached = _reached(parts)
            return Batch(records, reached if reached and reached > since else None)

        return fetch

    def _row(self, stream: str, row: Any) -> RawRecord:
        id_field, time_field = _FIELDS[stream]
        if stream == "trades" and row.get("symbol"):
            self._traded.add(row["symbol"].lower())
        native_id = row.get("earnTransactionId") or row[id_field]
        return self.record(stream, native_id, row, lambda: from_millis(row[time_field]))

    async def held(self) -> Iterable[tuple[str, Any]]:
        found = [(r["currency"], r["amount"]) for r in await self._list("private_post_v1_balances")]
        staked = await self._list("private_post_v1_balances_staking")
        return found + [(r["currency"], r["balance"]) for r in (*staked, *await self._lent())]

    async def _lent(self) -> list[Any]:
        """What is in Earn; nothing where Gemini does not answer for it any more."""
        try:
            return await self._list("private_post_v1_balances_earn")
        except RateLimited:
            raise
        except (DataError, TransientError, AuthError):
            return []

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


def _reached(parts: list[list[Any]]) -> int | None:
    """From where to go on; None if nothing was cut off. Whether the limit is of each provider or
    of all together is not told, so no provider that may be cut is passed."""
    newest = [(len(part), max(int(r["dateTime"]) for r in part)) for part in parts]
    full = [at for count, at in newest if count >= HISTORY]
    if full:
        return min(full)
    whole = sum(count for count, _ in newest)
    return max(at for _, at in newest) if whole >= HISTORY else None


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
_POT_MOVES = frozenset({"Deposit", "Redeem", "RedeemPayment"})
_REWARDS = {"staking": "income:staking", "earn": "income:interest"}


def translate(records: Iterable[RawRecord]) -> Translation:
    """Fills, transfers and rewards to entries; moves into staking and Earn are no event."""
    records = again(records)
    symbols = {r.native_id: json.loads(r.body) for r in records if r.stream == "symbols"}
    wanted = (r for r in records if r.stream != "symbols")
    return translated(wanted, lambda record: _entries(record, symbols))


def alone(record: RawRecord) -> bool:
    """What a pair is made of may make fills readable that were not."""
    return record.stream != "symbols"


def _entries(record: RawRecord, symbols: Mapping[str, dict[str, Any]]) -> list[Entry]:
    row = json.loads(record.body)
    if record.stream == "trades":
        return _fill(record, row, symbols.get(row["symbol"].lower()))
    if record.stream == "transfers":
        return _transfer(record, row)
    return _of_a_program(record, row)


def _fill(record: RawRecord, row: dict[str, Any], pair: dict[str, Any] | None) -> list[Entry]:
    if row.get("break") == "full":
        return []  # annulled: it never happened
    if row["symbol"].upper().endswith("PERP"):
        return _derivative(record, row)
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


def _derivative(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    """A perpetual moves no coins but its fee; it waits for a decision."""
    told = Told(VENUE, record, f"unknown:{row['symbol']}", from_millis(row["timestampms"]))
    return told.entries((row["fee_currency"], -exact(row["fee_amount"], "the fee")))


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
    if currency == "USD" and row.get("txHash"):
        currency = "GUSD"
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
