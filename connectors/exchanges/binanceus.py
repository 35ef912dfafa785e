"""Binance.US: fills per pair, and everything else on an endpoint of its own.

Facts: fills have ids that rise within a pair, so they are walked by id; deposits and withdrawals
answer for 90 days at most, and their `offset` pages a window; dollar transfers have pages of a size
that nobody tells, so they are read until nothing comes; a withdrawal's fees come on top of its
amount, a deposit's amount is what was credited; a dust conversion's amount has its charge already
taken; coins that are staked are still the account's; rewards for staking are told by a history of
their own, and again among the distributions.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.errors import DataError
from config.exact import ZERO
from connectors.exchanges.binanceus_histories import HISTORIES, History, moment
from connectors.exchanges.exchange import (
    Exchange,
    Rights,
    Told,
    again,
    from_iso,
    from_millis,
    instant_of,
    rows,
    text,
    translated,
)
from connectors.exchanges.walk import DAY, WEEK, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "binanceus"
OPENED = 1_567_296_000  # 2019-09-01
FILLS = 1_000
QUOTES = ("USD", "USDT", "USDC", "BUSD", "BTC", "ETH", "BNB")
ASSET_FIELDS = ("coin", "asset", "fromCoin", "toCoin", "fromAsset", "toAsset")


class BinanceUs(Exchange):
    venue = VENUE

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._touched: set[str] = set()  # assets that the account is known to have had

    async def now(self) -> int:
        return int((await self.client.call("public_get_time"))["serverTime"]) // 1000

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        for name, one in HISTORIES.items():
            fetch = self._windowed(name, one)
            yield Feed(name, fetch, one.overlap, one.window, OPENED, one.optional)
        pairs = await self._pairs()
        yield Feed("pairs", self._listing(pairs), 0)
        async for symbol in self._symbols(pairs, cursors, full):
            yield Feed(f"trades:{symbol}", self._fills(symbol, symbol in pairs))

    # ---- everything but fills

    def _windowed(self, name: str, one: History) -> Any:
        seen: set[str] = set()

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            at = cursor or one.first
            if cursor is None:
                seen.clear()
            asked = {"startTime": start * 1000, "endTime": end * 1000, **one.page(at)}
            answer = await self.client.call(one.endpoint, asked)
            listed = rows(self.client, one.endpoint, answer, one.within)
            found = one.rows(listed)
            self._touched |= {str(r[f]).upper() for r in found for f in ASSET_FIELDS if r.get(f)}
            records = [
                self.record(name, one.native_id(r), r, lambda r=r: one.when(r))  # type: ignore[misc]
                for r in found
            ]
            new = {r.native_id for r in records} - seen
            seen.update(new)
            full = len(listed) >= one.most and bool(new)  # a page again is the end of all pages
            if full and not one.counts:
                told = f"lists {len(listed)} {name} from {instant_of(start):%Y-%m-%d} on"
                return Batch([*records, self.doubt(name, start, told)])
            step = len(listed) if one.counts == "rows" else 1
            return Batch(records, at + step if full else None)

        return fetch

    # ---- fills

    async def _pairs(self) -> dict[str, dict[str, str]]:
        answer = await self.client.call("public_get_exchangeinfo")
        listed = rows(self.client, "public_get_exchangeinfo", answer, "symbols")
        kept = ("symbol", "baseAsset", "quoteAsset")
        return {r["symbol"]: {k: r[k] for k in kept} for r in listed}

    def _listing(self, pairs: Mapping[str, dict[str, str]]) -> Any:
        """Pairs vanish when they are delisted, so each is kept from the day it was seen."""

        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            return Batch(
                [RawRecord(self.account, "pairs", s, None, text(p)) for s, p in pairs.items()]
            )

        return fetch

    async def _symbols(
        self, pairs: Mapping[str, dict[str, str]], cursors: Mapping[str, str], full: bool
    ) -> AsyncIterator[str]:
        """Every pair once a day; those that the account may have traded now, each time."""
        now = await self.now()
        states = {s: json.loads(cursors.get(f"trades:{s}", "{}")) for s in pairs}
        traded = {s for s, state in states.items() if state.get("mark")}
        self._touched |= {raw for raw, held in await self.held() if exact(held, "a balance")}
        for symbol in traded:
            self._touched |= {pairs[symbol]["baseAsset"], pairs[symbol]["quoteAsset"]}
        for symbol, pair in pairs.items():
            old = now - (states[symbol].get("complete_to") or 0) >= DAY
            near = {pair["baseAsset"], pair["quoteAsset"]} <= self._touched
            if full or old or near or symbol in traded:
                yield symbol
        gone = {n.removeprefix("trades:") for n in cursors if n.startswith("trades:")}
        gone |= {b + q for b in self._touched for q in QUOTES if b != q}
        for symbol in sorted(gone):
            if symbol not in pairs:
                state = json.loads(cursors.get(f"trades:{symbol}", "{}"))
                old = now - (state.get("complete_to") or 0) >= DAY
                if full or old or state.get("mark"):
                    yield symbol

    def _fills(self, symbol: str, listed: bool) -> Any:
        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            asked = {"symbol": symbol, "fromId": cursor or 0, "limit": FILLS}
            try:
                answer = await self.client.call("private_get_mytrades", asked)
            except DataError:
                if listed:
                    raise
                return Batch([])  # a pair that was only thought of
            found = rows(self.client, "private_get_mytrades", answer)
            records = [
                self.record("trades", f"{symbol}:{r['id']}", r, lambda r=r: from_millis(r["time"]))  # type: ignore[misc]
                for r in found
            ]
            settled = [r["id"] for r in found if int(r["time"]) <= (end - WEEK) * 1000]
            newest = max((int(r["id"]) for r in found), default=0)
            more = newest + 1 if len(found) >= FILLS else None
            first = min((int(r["id"]) for r in found), default=None)
            mark = max(map(int, settled)) if settled else None if cursor else first
            return Batch(records, more, mark=mark)

        return fetch

    # ---- balances, key

    async def held(self) -> Iterable[tuple[str, Any]]:
        account = await self.client.call("private_get_account")
        found = rows(self.client, "private_get_account", account, "balances")
        staked = await self.client.call("sapi_get_staking_stakingbalance")
        more = rows(self.client, "sapi_get_staking_stakingbalance", staked, "data")
        held = [(r["asset"], exact(r[f], "a balance")) for r in found for f in ("free", "locked")]
        return held + [(r["asset"], exact(r["stakingAmount"], "a stake")) for r in more]

    async def rights(self) -> Rights | None:
        """`account` tells what the account may do, which is no word on the key."""
        return None


# ---- translate: pure


def translate(records: Iterable[RawRecord]) -> Translation:
    """Each row to entries; a fill needs to know what its pair is made of."""
    records = again(records)
    pairs = {r.native_id: json.loads(r.body) for r in records if r.stream == "pairs"}
    wanted = (r for r in records if r.stream != "pairs")
    return translated(wanted, lambda record: _entries(record, pairs))


def alone(record: RawRecord) -> bool:
    """What a pair is made of may make fills readable that were not."""
    return record.stream != "pairs"


def _entries(record: RawRecord, pairs: Mapping[str, dict[str, str]]) -> list[Entry]:
    row = json.loads(record.body)
    if record.stream == "trades":
        return _fill(record, row, pairs)
    return _READERS[record.stream](record, row)


def _fill(
    record: RawRecord, row: dict[str, Any], pairs: Mapping[str, dict[str, str]]
) -> list[Entry]:
    base, quote = _sides(row["symbol"], pairs)
    sign = 1 if row["isBuyer"] else -1
    side = "buy" if row["isBuyer"] else "sell"
    evidence = f"fill {record.native_id} {side} order {row['orderId']}"
    told = Told(VENUE, record, "trade", from_millis(row["time"]), evidence=evidence)
    return told.entries(
        (base, sign * exact(row["qty"], "the quantity")),
        (quote, -sign * exact(row["quoteQty"], "the quote quantity")),
        fee=(row["commissionAsset"], exact(row["commission"], "the commission")),
    )


def _sides(symbol: str, pairs: Mapping[str, dict[str, str]]) -> tuple[str, str]:
    """Base and quote; of a pair that was never seen listed, by a known quote at its end."""
    if symbol in pairs:
        return pairs[symbol]["baseAsset"], pairs[symbol]["quoteAsset"]
    quote = next((q for q in sorted(QUOTES, key=len, reverse=True) if symbol.endswith(q)), None)
    if quote is None:
        raise DataError(f"binanceus no longer lists {symbol}, so its coins are not known")
    return symbol.removesuffix(quote), quote


def _deposit(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    if int(row["status"]) not in (1, 6):  # credited, credited but not yet to be withdrawn
        return []
    told = _told(record, "deposit", from_millis(row["insertTime"]), row)
    return told.entries((row["coin"], exact(row["amount"], "the amount")))


def _withdrawal(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    if int(row["status"]) not in (2, 4, 6):  # approved, on its way, sent; else it came back
        return []
    told = _told(record, "withdrawal", from_iso(row["applyTime"]), row)
    fee = exact(row.get("transactionFee") or 0, "the fee")
    return told.entries((row["coin"], -exact(row["amount"], "the amount")), fee=(row["coin"], fee))


def _told(record: RawRecord, kind: str, at: datetime, row: dict[str, Any]) -> Told:
    evidence = f"{kind} {record.native_id}"
    return Told(
        VENUE,
        record,
        kind,
        at,
        evidence=evidence,
        txid=row.get("txId"),
        address=row.get("address"),
        network=row.get("network"),
    )


def _money(sign: int) -> Callable[[RawRecord, dict[str, Any]], list[Entry]]:
    def read(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
        if str(row["orderStatus"]).casefold() != "successful":
            return []
        kind = "deposit" if sign > 0 else "withdrawal"
        told = Told(VENUE, record, kind, from_millis(row["createTime"]))
        fees = [row.get(f) or 0 for f in ("transactionFee", "platformFee")] if sign < 0 else []
        asset = str(row.get("fiatCurrency") or "USD").upper()
        paid = sum((exact(f, "the fee") for f in fees), ZERO)
        return told.entries((asset, sign * exact(row["amount"], "the amount")), fee=(asset, paid))

    return read


def _convert(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    """A conversion, or an order of the buy and sell widget. Whether its fee is in the amounts or
    beside them differs, so the rate decides."""
    if row["orderStatus"] != "SUCCESS":
        return []
    out, into = exact(row["fromAmount"], "the amount"), exact(row["toAmount"], "the amount")
    fee, coin = exact(row.get("feeAmount") or 0, "the fee"), row.get("feeCoin") or row["fromCoin"]
    if fee:
        within = (out - fee, into) if coin == row["fromCoin"] else (out, into + fee)
        beside_off, within_off = _off(out, into, row), _off(*within, row)
        if beside_off == within_off or min(beside_off, within_off) >= _last_digit(into):
            raise DataError(f"whether order {record.native_id} holds its fee cannot be told")
        if within_off < beside_off and coin in (row["fromCoin"], row["toCoin"]):
            out, into = within
    told = Told(VENUE, record, "trade", moment(row["createTime"]))
    return told.entries((row["fromCoin"], -out), (row["toCoin"], into), fee=(coin, fee))


def _off(out: Decimal, into: Decimal, row: dict[str, Any]) -> Decimal:
    """How far what came is from what the rate makes of what left."""
    rate = exact(row["ratio"], "the rate")
    return min(abs(into - out * rate), abs(into - out / rate))


def _last_digit(told: Decimal) -> Decimal:
    return Decimal(1).scaleb(int(told.as_tuple().exponent))


def _dust(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    got = exact(row["transferredAmount"], "the amount")
    fee = exact(row["serviceChargeAmount"], "the fee")
    told = Told(VENUE, record, "trade", from_millis(row["operateTime"]))
    into = row["toAsset"]
    return told.entries(
        (row["fromAsset"], -exact(row["amount"], "the amount")), (into, got + fee), fee=(into, fee)
    )


def _distribution(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    words = str(row.get("category") or "").casefold()
    if "staking" in words:
        return []  # told by the staking rewards
    kind = next((k for word, k in _DISTRIBUTIONS if word in words), f"unknown:{words}")
    told = Told(VENUE, record, kind, from_millis(row["divTime"]))
    return told.entries((row["asset"], exact(row["amount"], "the amount")))


def _reward(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    told = Told(VENUE, record, "income:staking", from_millis(row["time"]))
    return told.entries((row["asset"], exact(row["amount"], "the amount")))


def _nothing(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    """Into staking and back: the coins stay the account's."""
    return []


_DISTRIBUTIONS = (
    ("airdrop", "income:airdrop"),
    ("fork", "income:fork"),
    ("vault", "income:interest"),
    ("reward", "income:other"),
    ("rebate", "income:other"),
    ("referral", "income:other"),
)


def _subaccount(record: RawRecord, row: dict[str, Any]) -> list[Entry]:
    """Between this account and one under it; which of the two this is, is not told."""
    told = Told(VENUE, record, "unknown:transfer of a sub-account", moment(row["time"]))
    return told.entries((row["asset"], exact(row["qty"], "the quantity")))


_READERS: dict[str, Callable[[RawRecord, dict[str, Any]], list[Entry]]] = {
    "deposits": _deposit,
    "withdrawals": _withdrawal,
    "fiat_deposits": _money(1),
    "fiat_withdrawals": _money(-1),
    "converts": _convert,
    "orders": _convert,
    "dust": _dust,
    "distributions": _distribution,
    "staking": _nothing,
    "staking_rewards": _reward,
    "referrals_referrer": _nothing,  # credited among the distributions
    "referrals_referee": _nothing,
    "subaccounts": _subaccount,
}
