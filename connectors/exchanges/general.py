"""Any other venue that ccxt knows, through its unified methods: read by windows and ids, and never
called complete.

A unified method may give the newest or the oldest rows of what it is asked for, and may cut them
without a word. So a window that comes back full is halved until its parts do not, and rows are told
apart by the venue's own ids. What a venue lists for a time only is said in its note.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from config.errors import ConfigError, DataError
from connectors.exchanges import general_rights
from connectors.exchanges.exchange import (
    Exchange,
    Rights,
    Told,
    from_millis,
    rows,
    translated,
)
from connectors.exchanges.walk import DAY, PENDING, WEEK, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

OPENED = 1_483_228_800  # 2017-01-01
PAGE = 50  # where ccxt does not know how many rows a page has


@dataclass(frozen=True, slots=True)
class Limits:
    """How a venue wants to be asked: days of a window, days that it looks back, and whether
    fills are listed by pair only."""

    window: int = 7
    look_back: int | None = None
    by_pair: bool = False


LIMITS = {
    "okx": Limits(look_back=90),
    "okxus": Limits(look_back=90),
    "myokx": Limits(look_back=90),
    "bybit": Limits(look_back=729),
    "kucoin": Limits(),
    "bitfinex": Limits(window=90),
    "binance": Limits(window=30, by_pair=True),
}


def note(venue: str) -> str:
    """What a person must know of every figure from such a venue."""
    limits = LIMITS.get(venue, Limits())
    told = "not verified complete: read through ccxt's unified methods; conversions, rewards and "
    told += "fees outside trades are not in them"
    if limits.look_back:
        told += f"; {venue} lists only the last {limits.look_back} days, import what is older"
    return told


class General(Exchange):
    """`venue` is whatever the client talks to."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.venue = self.client.venue
        self._limits = LIMITS.get(self.venue, Limits())
        self._pairs: dict[str, Any] = {}
        if not self.client.can("fetchMyTrades") or not self._transfers():
            raise ConfigError(
                f"account {self.account}: ccxt cannot list the trades, deposits and withdrawals of "
                f"{self.venue}; import its files instead"
            )

    def _transfers(self) -> list[tuple[str, str]]:
        """(stream, method) for deposits and withdrawals, one for both where ccxt has only that."""
        both = [("deposits", "fetchDeposits"), ("withdrawals", "fetchWithdrawals")]
        if all(self.client.can(method) for _, method in both):
            return both
        one = "fetchDepositsWithdrawals"
        return [("transfers", one)] if self.client.can(one) else []

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        await self._load()
        back = self._limits.look_back
        keeps = back * DAY if back else None
        born = await self.now() - keeps if keeps else OPENED
        limits = self._limits.window * DAY, born, False, keeps
        for stream, method in self._transfers():
            yield Feed(stream, self._halved(stream, method, None), PENDING, *limits)
        if not self._limits.by_pair:
            yield Feed("trades", self._halved("trades", "fetchMyTrades", None), WEEK, *limits)
            return
        for pair in sorted(self._pairs):
            yield Feed(f"trades:{pair}", self._by_id(pair))

    async def _load(self) -> None:
        """Markets first with ccxt's own numbers, then everything with exact ones."""
        self._pairs = self._pairs or await self.client.markets()

    def _halved(self, stream: str, method: str, pair: str | None) -> Any:
        name, page = _snake(method), self.client.page_of(method) or PAGE

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            parts = [list(p) for p in cursor or [[start * 1000, end * 1000 + 999]]]
            low, high = parts.pop()
            answer = await self.client.method(name, pair, low, page, {"until": high})
            found = rows(self.client, name, answer)
            if len(found) >= page and high - low > 2:
                middle = (low + high) // 2  # in both halves, as bounds may be exclusive
                parts += [[middle, high], [low, middle + 1]]
            records = [self._row(stream, one) for one in found]
            if len(found) >= page and high - low <= 2:
                told = f"lists {len(found)} {stream} at millisecond {low}"
                records.append(self.doubt(stream, low, told))
            return Batch(records, parts or None)

        return fetch

    def _by_id(self, pair: str) -> Any:
        """Fills of a pair by rising id, as Binance lists them."""

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            asked = (pair, None, 1000, {"fromId": cursor or 0})
            found = rows(self.client, pair, await self.client.method("fetch_my_trades", *asked))
            records = [self._row("trades", one) for one in found]
            last = max((int(one["id"]) for one in found), default=None)
            more = last + 1 if last is not None and len(found) >= 1000 else None
            return Batch(records, more, mark=last)

        return fetch

    def _row(self, stream: str, one: dict[str, Any]) -> RawRecord:
        pair = self._pairs.get(one.get("symbol") or "") or {}
        body = {**one, "baseId": pair.get("baseId"), "quoteId": pair.get("quoteId")}
        return self.record(
            stream, _native_id(self.venue, one), body, lambda: from_millis(one["timestamp"])
        )

    async def held(self) -> Iterable[tuple[str, Any]]:
        await self._load()
        answer = await self.client.method("fetch_balance")
        return list((answer.get("total") or {}).items())

    async def rights(self) -> Rights | None:
        return await general_rights.rights(self.client)


def _snake(method: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in method)


def _native_id(venue: str, one: Mapping[str, Any]) -> str:
    """Unique within the account: ids of fills are unique within a pair only, and a fill against
    oneself has one id for both its sides; OKX has an id of its own for each."""
    info = one.get("info") or {}
    if isinstance(info, dict) and info.get("billId"):
        return str(info["billId"])
    own = one.get("id") or one.get("txid")
    parts = (one.get("symbol") or one.get("currency"), own, one.get("side"))
    return ":".join(str(p) for p in parts if p is not None)


# ---- translate: pure


_NOT_THROUGH = frozenset({"pending", "failed", "canceled", "rejected", "expired"})


def translator(venue: str) -> Any:
    """How to read what a venue's unified methods said."""

    def translate(records: Iterable[RawRecord]) -> Translation:
        return translated(records, lambda record: _entries(venue, record))

    return translate


def alone(record: RawRecord) -> bool:
    return True


def _entries(venue: str, record: RawRecord) -> list[Entry]:
    one = json.loads(record.body, parse_float=str)
    if one.get("id") is None and one.get("txid") is None:
        raise DataError(f"{venue} gives this row no id, so it cannot be told from others")
    if record.stream == "trades":
        return _trade(venue, record, one)
    return _transfer(venue, record, one)


def _trade(venue: str, record: RawRecord, one: dict[str, Any]) -> list[Entry]:
    base, quote = _sides(one)
    amount, sign = exact(one["amount"], "the amount"), {"buy": 1, "sell": -1}[one["side"]]
    cost = exact(one.get("cost") or amount * exact(one["price"], "the price"), "the cost")
    fees, inferred = _fees(one, quote)
    evidence = f"trade {one['id']} {one['side']} {one['symbol']} order {one.get('order')}"
    evidence += f"; the fee is taken to be in {quote}" if inferred else ""
    kind = "trade" if ":" not in one["symbol"] else f"unknown:derivative {one['symbol']}"
    told = Told(venue, record, kind, from_millis(one["timestamp"]), evidence=evidence)
    made = told.entries((base, sign * amount), (quote, -sign * cost), fee=fees[0] if fees else None)
    return made + [entry for fee in fees[1:] for entry in told.entries(fee=fee)]


def _sides(one: Mapping[str, Any]) -> tuple[str, str]:
    """The venue's own ids of both coins; of a pair that it no longer lists, the symbol's words."""
    if one.get("baseId") and one.get("quoteId"):
        return one["baseId"], one["quoteId"]
    base, _, quote = (one.get("symbol") or "").partition("/")
    if not quote:
        raise DataError(f"the coins of {one.get('symbol')} are not known: it is no longer listed")
    return base, quote.partition(":")[0]


def _fees(one: Mapping[str, Any], quote: str) -> tuple[list[tuple[str, Decimal]], bool]:
    """The fees, each told once however often it is there, and whether a currency was inferred."""
    told = [f for f in one.get("fees") or [one.get("fee") or {}] if f.get("cost") is not None]
    found = [(f.get("currency") or quote, exact(f["cost"], "the fee")) for f in told]
    return found, any(f.get("currency") is None for f in told)


def _transfer(venue: str, record: RawRecord, one: dict[str, Any]) -> list[Entry]:
    status = one.get("status")
    if status in _NOT_THROUGH:
        return []
    if status not in ("ok", None):
        raise DataError(f"the status {status!r} of this transfer is not known")
    way = "deposit" if record.stream == "deposits" else "withdrawal"
    if record.stream == "transfers":
        way = str(one.get("type"))
    kind = way if way in ("deposit", "withdrawal") else f"unknown:{way}"
    sign = -1 if kind == "withdrawal" else 1
    told = Told(
        venue,
        record,
        kind,
        from_millis(one["timestamp"]),
        evidence=f"{way} {one.get('id') or one['txid']}{'' if status else ', no status told'}",
        txid=one.get("txid"),
        address=one.get("address"),
        network=one.get("network"),
    )
    fees, _ = _fees(one, one["currency"])
    fee = (fees[0][0], abs(fees[0][1])) if fees else None
    return told.entries((one["currency"], sign * abs(exact(one["amount"], "the amount"))), fee=fee)
