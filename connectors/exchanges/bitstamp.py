"""Bitstamp: one feed of everything that changes a balance; hashes come from another one.

Facts: `since_id` with `sort` asc gives rows from an id on, inclusive, so ids are the cursor; each
row has a column per currency, and a pair's column holds the rate; a trade's fee is in the quote
currency; withdrawals' fees are on the rows themselves; crypto transactions carry neither an id
nor a fee, so they only lend hash and address. Nothing tells what a key may do.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from config.errors import DataError
from connectors.exchanges.exchange import (
    UNREAD,
    Exchange,
    Rights,
    Told,
    again,
    from_iso,
    from_seconds,
    rows,
    translated,
)
from connectors.exchanges.pots import STAKED
from connectors.exchanges.walk import PENDING, WEEK, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "bitstamp"
PAGE = 1_000
_BETWEEN = frozenset({"14", "33", "35"})


class Bitstamp(Exchange):
    venue = VENUE

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        yield Feed("transactions", self._transactions)
        yield Feed("crypto", self._crypto, PENDING, optional=True)
        yield Feed("requests", self._requests, PENDING, optional=True)
        yield Feed("earn", self._earn, optional=True)

    async def _transactions(self, start: int, end: int, cursor: Any) -> Batch:
        endpoint = "private_post_user_transactions"
        asked = {"sort": "asc", "limit": PAGE, "since_id": cursor or 1}
        found = rows(self.client, endpoint, await self.client.call(endpoint, asked))
        ids = [int(r["id"]) for r in found]
        records = [
            self.record("transactions", _row_id(r), r, lambda r=r: from_iso(r["datetime"]))  # type: ignore[misc]
            for r in found
        ]
        old = [int(r.native_id.split(":")[0]) for r in records if _before(r, end - WEEK)]
        newest = max(ids, default=0)
        more = newest if len(found) >= PAGE and newest != cursor else None
        return Batch(records, more, mark=max(old) if old else None)

    async def _crypto(self, start: int, end: int, cursor: Any) -> Batch:
        """The order is not told, so all of it is read each time; pages are of a thousand."""
        endpoint, at = "private_post_crypto_transactions", cursor or 0
        answer = await self.client.call(endpoint, {"limit": PAGE, "offset": at})
        ways = {
            way: rows(self.client, endpoint, answer, way) for way in ("deposits", "withdrawals")
        }
        found = [{**row, "direction": way} for way, listed in ways.items() for row in listed]
        records = [
            self.record("crypto", _crypto_id(r), r, lambda r=r: from_seconds(r["datetime"]))  # type: ignore[misc]
            for r in found
        ]
        # whether the limit is of each list or of both together is not told
        return Batch(records, at + PAGE if len(found) >= PAGE else None)

    async def _requests(self, start: int, end: int, cursor: Any) -> Batch:
        """By limit and offset together, which allow no other parameter."""
        endpoint, at = "private_post_withdrawal_requests", cursor or 0
        answer = await self.client.call(endpoint, {"limit": PAGE, "offset": at})
        found = rows(self.client, endpoint, answer)
        records = [
            self.record("requests", r["id"], r, lambda r=r: from_iso(r["datetime"]))  # type: ignore[misc]
            for r in found
        ]
        return Batch(records, at + PAGE if len(found) >= PAGE else None)

    async def _earn(self, start: int, end: int, cursor: Any) -> Batch:
        """The newest only: ccxt drops what a private GET asks for. Its rows move no balance."""
        endpoint = "private_get_earn_transactions"
        found = rows(self.client, endpoint, await self.client.call(endpoint))
        return Batch(
            [
                self.record("earn", _earn_id(r), r, lambda r=r: from_iso(r["datetime"]))  # type: ignore[misc]
                for r in found
            ]
        )

    async def held(self) -> Iterable[tuple[str, Any]]:
        endpoint = "private_post_account_balances"
        found = rows(self.client, endpoint, await self.client.call(endpoint))
        return [(r["currency"].upper(), r["total"]) for r in found]

    async def rights(self) -> Rights | None:
        return None


def _before(record: RawRecord, seconds: int) -> bool:
    return record.happened_at is None or record.happened_at.timestamp() < seconds


def _row_id(row: Mapping[str, Any]) -> str:
    """Both sides of a transfer between accounts, and rows of two types, may share one number."""
    sign = ""
    if str(row["type"]) in _BETWEEN:
        sign = ":out" if any(str(v).startswith("-") for v in row.values()) else ":in"
    return f"{row['id']}:{row['type']}{sign}"


def _crypto_id(row: Mapping[str, Any]) -> str:
    """The transaction, and where in it the coins went: these rows have no id."""
    if row.get("id"):
        return f"{row['direction']}:{row['id']}"
    return ":".join(
        str(row.get(k) or "") for k in ("direction", "txid", "currency", "destinationAddress")
    )


def _earn_id(row: Mapping[str, Any]) -> str:
    fields = ("datetime", "type", "currency", "amount")
    return str(row.get("id") or ":".join(str(row.get(k) or "") for k in fields))


# ---- translate: pure


_KINDS = {
    0: "deposit",
    1: "withdrawal",
    2: "trade",
    14: "sub-account",
    25: STAKED,
    26: STAKED,
    27: "income:staking",
    32: "income:other",
    33: "sub-account",
    35: "sub-account",
    36: "trade",  # the simple buy of app and web
    53: "trade",  # small balances swept
    55: "trade",
}
_NOT_MONEY = frozenset(
    {"id", "order_id", "type", "fee", "datetime", "self_trade", "self_trade_order_id"}
    | {"margin_mode", "leverage"}
)
_NEAR = 3600  # seconds between a row and its transaction on a chain
Chain = dict[tuple[str, str, Decimal], list[dict[str, Any]]]


def translate(records: Iterable[RawRecord]) -> Translation:
    """Transactions to entries; deposits and withdrawals take hash and address from the crypto
    transaction of the same currency and amount that is nearest in time, each one once."""
    records = again(records)
    hashes = _hashes(records)
    wanted = (r for r in records if r.stream in ("transactions", UNREAD))
    return translated(wanted, lambda record: _entries(record, hashes))


def alone(record: RawRecord) -> bool:
    """A deposit or withdrawal takes its hash from another stream, a pot move has its other half."""
    if record.stream != "transactions":
        return record.stream in ("requests", "earn")
    return int(json.loads(record.body).get("type", 0)) not in (0, 1, 25, 26)


def _hashes(records: Iterable[RawRecord]) -> dict[str, dict[str, Any]]:
    """By the id of a deposit or withdrawal: its crypto transaction. In order of ids, so that what
    takes which does not depend on the order of arrival; a row that cannot be read lends nothing."""
    chain: Chain = defaultdict(list)
    moved: list[tuple[int, str, str, dict[str, Decimal], datetime]] = []
    for record in records:
        if record.stream not in ("transactions", "crypto"):
            continue
        row = json.loads(record.body)
        with suppress(DataError, KeyError, AttributeError, TypeError, ValueError):
            if record.stream == "crypto":
                way = row["direction"].removesuffix("s")
                chain[way, row["currency"].upper(), exact(row["amount"], "the amount")].append(row)
            elif _KINDS.get(int(row["type"])) in ("deposit", "withdrawal", "sub-account"):
                number, (kind, moves) = int(record.native_id.partition(":")[0]), _named(row)
                moved.append((number, record.native_id, kind, moves, from_iso(row["datetime"])))
    moved.sort(key=lambda one: one[:2])
    found = {i: _on_chain(chain, kind, moves, at) for _, i, kind, moves, at in moved}
    return {i: row for i, row in found.items() if row}


def _named(row: Mapping[str, Any]) -> tuple[str, dict[str, Decimal]]:
    kind, moves = _KINDS.get(int(row["type"]), f"unknown:type {row['type']}"), _moves(row)
    if kind in ("deposit", "withdrawal"):
        sign = 1 if kind == "deposit" else -1
        moves = {asset: sign * abs(quantity) for asset, quantity in moves.items()}
    if kind == "sub-account":
        kind = "deposit" if all(q > 0 for q in moves.values()) else "withdrawal"
    return kind, moves


def _entries(record: RawRecord, hashes: Mapping[str, dict[str, Any]]) -> list[Entry]:
    row = json.loads(record.body)
    kind, moves = _named(row)
    at, fee = from_iso(row["datetime"]), exact(row.get("fee") or 0, "the fee")
    if kind == "trade" and len(moves) > 1:
        return _trade(record, row, moves, at, fee)
    seen = hashes.get(record.native_id, {})
    told = Told(
        VENUE,
        record,
        kind,
        at,
        evidence=f"transaction {record.native_id} type {row['type']}",
        txid=seen.get("txid"),
        address=seen.get("destinationAddress"),
        network=seen.get("network"),
    )
    return told.entries(*moves.items(), fee=(next(iter(moves), ""), fee))


def _moves(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """The currency columns that are not zero; a column with a line in its name is a rate."""
    found = {
        name.upper(): exact(value, name)
        for name, value in row.items()
        if name not in _NOT_MONEY and "_" not in name and value not in (None, "")
    }
    return {name: quantity for name, quantity in found.items() if quantity}


def _trade(
    record: RawRecord, row: dict[str, Any], moves: dict[str, Decimal], at: datetime, fee: Decimal
) -> list[Entry]:
    rates = {
        tuple(name.upper().split("_")): rate
        for name, rate in row.items()
        if name not in _NOT_MONEY and "_" in name
    }
    pair = next((p for p in rates if len(p) == 2 and set(p) == moves.keys()), None)
    if pair is None:
        raise DataError(f"the pair of trade {record.native_id} cannot be told from its columns")
    base, quote = pair
    moves[quote] = _all_digits(moves[base], exact(rates[pair], "the rate"), moves[quote])
    evidence = f"trade {record.native_id} {base}/{quote} order {row.get('order_id')}"
    told = Told(VENUE, record, "trade", at, evidence=evidence)
    return told.entries(*moves.items(), fee=(quote, fee))


def _all_digits(base: Decimal, rate: Decimal, told: Decimal) -> Decimal:
    """The quote side, which its column tells rounded: base times rate where that rounds to it."""
    whole = -base * rate
    return whole if whole.quantize(told, rounding=ROUND_HALF_UP) == told else told


def _on_chain(
    chain: Chain, kind: str, moves: Mapping[str, Decimal], at: datetime
) -> dict[str, Any] | None:
    for asset, quantity in moves.items():
        near = chain.get((kind, asset, abs(quantity)), [])
        best = min(near, key=lambda row: _apart(row, at), default=None)
        if best is not None and _apart(best, at) <= _NEAR:
            near.remove(best)
            return best
    return None


def _apart(row: Mapping[str, Any], at: datetime) -> float:
    return abs((from_seconds(row["datetime"]) - at).total_seconds())
