"""Coinbase: v2 transactions of every account, and v3 fills of Advanced Trade.

Facts: v2 pages go from newest to oldest by `starting_after`; each account has its own list, vaults
and second wallets of a coin included; a transaction's amount is the change of its account and
holds the network fee; the two sides of a conversion share `trade.id`; an Advanced Trade fill is
told by both APIs, exactly only by v3, so v2's `advanced_trade_fill` rows, which leave the
commission out, count where v3 knows nothing of their order; a fill with `size_in_quote` has its
size in the quote currency, so how many coins it was is told by v2's row alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import DataError
from config.exact import ZERO
from connectors.exchanges.exchange import (
    Exchange,
    Rights,
    Told,
    again,
    from_iso,
    instant_of,
    rows,
    translated,
)
from connectors.exchanges.pots import OWN, STAKED
from connectors.exchanges.walk import PENDING, Batch, Feed
from connectors.records import Entry, RawRecord, Translation, exact

VENUE = "coinbase"
PAGE = 100
TRANSACTIONS = "v2_private_get_accounts_account_id_transactions"


class Coinbase(Exchange):
    venue = VENUE

    async def now(self) -> int:
        return int((await self.client.call("v3_public_get_brokerage_time"))["epochSeconds"])

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        for account in await self._accounts():
            if account.get("created_at", "") is None:
                continue  # a coin that was never held: its account has no id of its own yet
            name = f"transactions:{account['id']}"
            yield Feed(name, self._transactions(account["id"]), PENDING)
        yield Feed("fills", self._fills)

    async def _accounts(self) -> list[Any]:
        endpoint, found, after = "v2_private_get_accounts", [], None
        while True:
            asked = {"limit": PAGE} | ({"starting_after": after} if after else {})
            answer = await self.client.call(endpoint, asked)
            page = rows(self.client, endpoint, answer, "data")
            found += page
            after = page[-1]["id"] if page and _goes_on(answer) else None
            if after is None:
                return found

    def _transactions(self, account: str) -> Any:
        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            asked = {"account_id": account, "limit": PAGE}
            asked |= {"starting_after": cursor} if cursor else {}
            answer = await self.client.call(TRANSACTIONS, asked)
            found = rows(self.client, TRANSACTIONS, answer, "data")
            records = [
                self.record("transactions", r["id"], r, lambda r=r: from_iso(r["created_at"]))  # type: ignore[misc]
                for r in found
            ]
            young = any(not r.happened_at or r.happened_at >= instant_of(start) for r in records)
            if not _goes_on(answer) or (found and not young):
                return Batch(records)
            # a page may be short, or empty, and yet not be the last
            return Batch(records, found[-1]["id"] if found else _next_id(answer))

        return fetch

    async def _fills(self, start: int, end: int, cursor: Any) -> Batch:
        endpoint = "v3_private_get_brokerage_orders_historical_fills"
        asked: dict[str, Any] = {"limit": PAGE, "end_sequence_timestamp": _iso(end + 1)}
        asked |= {"start_sequence_timestamp": _iso(start - 1)} if start else {}
        asked |= {"cursor": cursor} if cursor else {}
        answer = await self.client.call(endpoint, asked)
        if answer.get("proof_token_required"):
            raise DataError(
                f"coinbase wants {self.account} to confirm itself before it lists fills"
            )
        found = rows(self.client, endpoint, answer, "fills")
        records = [
            self.record("fills", r["entry_id"], r, lambda r=r: from_iso(r["trade_time"]))  # type: ignore[misc]
            for r in found
        ]
        return Batch(records, answer.get("cursor") or None)

    async def held(self) -> Iterable[tuple[str, Any]]:
        """v3 tells all digits; v2 knows vaults and further wallets as well."""
        precise = {a["uuid"]: a for a in await self._brokerage()}
        found: list[tuple[str, Any]] = []
        for account in await self._accounts():
            v3 = precise.pop(account["id"], None)
            found += _in_v3(v3) if v3 else [(_code(account), account["balance"]["amount"])]
        return found + [pair for v3 in precise.values() for pair in _in_v3(v3)]

    async def _brokerage(self) -> list[Any]:
        endpoint, found, after = "v3_private_get_brokerage_accounts", [], None
        while True:
            asked = {"limit": 250} | ({"cursor": after} if after else {})
            answer = await self.client.call(endpoint, asked)
            found += rows(self.client, endpoint, answer, "accounts")
            after = answer.get("cursor") if answer.get("has_next") else None
            if not after:
                return found

    async def rights(self) -> Rights | None:
        told = await self.client.call("v3_private_get_brokerage_key_permissions")
        if "can_view" not in told:
            return None
        may = tuple(sorted(k for k, v in told.items() if k.startswith("can_") and v is True))
        portfolios = await self.client.call("v3_private_get_brokerage_portfolios")
        count = len(rows(self.client, "portfolios", portfolios, "portfolios"))
        return Rights(
            may,
            ("trade",) if told.get("can_trade") else (),
            ("can_transfer",) if told.get("can_transfer") else (),
            notes=(f"the key sees one of {count} portfolios",) if count > 1 else (),
        )


def _iso(seconds: int) -> str:
    return f"{instant_of(seconds):%Y-%m-%dT%H:%M:%SZ}"


def _goes_on(answer: Mapping[str, Any]) -> bool:
    pagination = answer.get("pagination") or {}
    return bool(pagination.get("next_uri") or pagination.get("next_starting_after"))


def _next_id(answer: Mapping[str, Any]) -> str | None:
    return (answer.get("pagination") or {}).get("next_starting_after") or None


def _code(account: Mapping[str, Any]) -> str:
    currency = account["currency"]
    return str(currency["code"] if isinstance(currency, dict) else currency)


def _in_v3(account: Mapping[str, Any]) -> list[tuple[str, Any]]:
    parts = (account["available_balance"], account.get("hold") or {})
    return [(account["currency"], p["value"]) for p in parts if p.get("value")]


# ---- translate: pure


_BY_SIGN = frozenset(
    {"send", "receive", "request", "fiat_deposit", "fiat_withdrawal"}
    | {"exchange_deposit", "exchange_withdrawal", "pro_deposit", "pro_withdrawal"}
    | {"prime_deposit", "prime_withdrawal", "intx_deposit", "intx_withdrawal"}
)
_INCOME = {
    "staking_reward": "income:staking",
    "inflation_reward": "income:staking",
    "interest": "income:interest",
    "earn_payout": "income:other",
    "incentives_rewards_payout": "income:other",
    "subscription_rebate": "income:other",
    "airdrop": "income:airdrop",
    "fork": "income:fork",
}
_POT_MOVES = {
    **dict.fromkeys(("staking_transfer", "unstaking_transfer"), STAKED),
    **dict.fromkeys(("vault_withdrawal", "vault_deposit", "transfer"), OWN),
    "retail_eth2_deprecation": OWN,
}
_SPENT = frozenset({"cardspend", "subscription"})
_MONEY = _SPENT | {"cardbuyback", "subscription_rebate", "clawback"}


def translate(records: Iterable[RawRecord]) -> Translation:
    """Fills of v3 and transactions of v2 to entries, each movement once."""
    records, seen = again(records), _Seen()
    for record in records:
        # a row that cannot be read is told of below
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            if record.stream == "fills":
                seen.fill(record, json.loads(record.body))
            elif record.stream == "transactions":
                seen.transaction(json.loads(record.body))
    return translated(records, lambda record: _entries(record, seen))


def alone(record: RawRecord) -> bool:
    """A purchase may have its payment in another account, a fill is told twice, a pot move has its
    other half."""
    if record.stream != "transactions":
        return False
    type_ = json.loads(record.body).get("type")
    return type_ not in ("buy", "sell", "advanced_trade_fill", *_POT_MOVES)


class _Seen:
    """What rows must know of other rows: orders that v3 tells, currencies in which an order has
    rows, and v2's coins for fills whose size is in the quote currency."""

    def __init__(self) -> None:
        self.orders: set[str] = set()
        self.currencies: dict[str, set[str]] = defaultdict(set)
        self._in_quote: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._coins: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)

    def fill(self, record: RawRecord, row: Mapping[str, Any]) -> None:
        self.orders.add(row.get("order_id", ""))
        if _in_quote(row):
            self._in_quote[row["order_id"]].append((row["trade_time"], record.native_id))

    def transaction(self, row: Mapping[str, Any]) -> None:
        order = _order_id(row)
        if order:
            amount = row["amount"]
            self.currencies[order].add(amount["currency"])
            told = (row["created_at"], row["id"], amount["amount"])
            self._coins[order, amount["currency"]].append(told)

    def coins(self, record: RawRecord, order: str, coin: str) -> Decimal | None:
        """How many coins v2 says this fill was, the fills of an order in order of time."""
        fills, told = sorted(self._in_quote[order]), sorted(self._coins.get((order, coin), ()))
        if len(fills) != len(told):
            return None
        place = [native_id for _, native_id in fills].index(record.native_id)
        return abs(exact(told[place][2], "the amount"))


def _order_id(row: Mapping[str, Any]) -> str | None:
    """What joins the rows of one purchase, sale or order."""
    for field, key in (("buy", "id"), ("sell", "id"), ("advanced_trade_fill", "order_id")):
        if found := (row.get(field) or {}).get(key):
            return str(found)
    return None


def _in_quote(row: Mapping[str, Any]) -> bool:
    return str(row.get("size_in_quote")).casefold() == "true"


def _entries(record: RawRecord, seen: _Seen) -> list[Entry]:
    row = json.loads(record.body)
    if record.stream == "fills":
        return _fill(record, row, seen)
    if row["status"] != "completed":
        return []
    amount = exact(row["amount"]["amount"], "the amount")
    if row["type"] in ("buy", "sell"):
        return _order(record, row, amount, seen)
    if (
        row["type"] == "advanced_trade_fill"
        and row["advanced_trade_fill"]["order_id"] in seen.orders
    ):
        return []
    return _movement(record, row, amount)


def _told(record: RawRecord, row: Mapping[str, Any], kind: str, group: str = "") -> Told:
    network, to = row.get("network") or {}, row.get("to") or {}
    details = row.get("details") or {}
    words = f"{details.get('title') or ''} {details.get('subtitle') or ''}".strip()
    return Told(
        VENUE,
        record,
        kind,
        from_iso(row["created_at"]),
        group,
        f"{row['type']} {record.native_id} {words}".strip(),
        network.get("hash"),
        to.get("address"),
        network.get("network_name"),
    )


def _movement(record: RawRecord, row: dict[str, Any], amount: Decimal) -> list[Entry]:
    currency = row["amount"]["currency"]
    kind, group = _kind(row, amount), ""
    if row["type"] == "trade":
        group = (row.get("trade") or {}).get("id") or ""
    elif row["type"] == "advanced_trade_fill":
        return _fill_of_v2(record, row, amount)
    told = _told(record, row, kind, group)
    if kind == "trade" or kind.startswith("income:"):
        told = replace(told, usd=_stated(row))
    fee = ((row.get("network") or {}).get("transaction_fee") or {}) if amount < 0 else {}
    if fee.get("currency") != currency:
        return told.entries((currency, amount))
    paid = exact(fee["amount"], "the network fee")  # the amount holds it
    return told.entries((currency, amount + paid), fee=(currency, paid))


def _kind(row: Mapping[str, Any], amount: Decimal) -> str:
    type_ = row["type"]
    if type_ == "trade":
        return "trade"
    if type_ in _POT_MOVES:
        return _POT_MOVES[type_]
    if type_ in _INCOME or _earned(row, amount):
        return _INCOME.get(type_, "income:other")
    fiat = names().is_fiat(names().at_venue(VENUE, row["amount"]["currency"]))
    if type_ in _BY_SIGN or (fiat and type_ in _MONEY):
        return "deposit" if amount > 0 else "withdrawal"
    return "spend" if type_ in _SPENT and amount < 0 else f"unknown:{type_}"


def _earned(row: Mapping[str, Any], amount: Decimal) -> bool:
    """Older rewards for learning are sends from Coinbase itself."""
    if row["type"] != "send" or amount < 0:
        return False
    subtitle = (row.get("details") or {}).get("subtitle") or ""
    learned = row.get("description") == "Earn Task" or subtitle.endswith("Coinbase Earn")
    return learned or (
        (row.get("from") or {}).get("resource") == "user" and subtitle.startswith("From Coinbase")
    )


def _stated(row: Mapping[str, Any]) -> Decimal | None:
    """What Coinbase says that it was worth; a value that rounds to nothing is no statement."""
    native = row.get("native_amount") or {}
    if native.get("currency") != "USD":
        return None
    return abs(exact(native["amount"], "the value")) or None


def _order(record: RawRecord, row: dict[str, Any], amount: Decimal, seen: _Seen) -> list[Entry]:
    """A purchase or sale outside the order book. It has a second row if the money was in an account
    of Coinbase; else it came from a bank or card, or went there, and that is told as well, so that
    balances hold."""
    order = row.get(row["type"]) or {}
    told = _told(record, row, "trade", order.get("id") or "")
    currency = row["amount"]["currency"]
    total = order.get("total") or row["native_amount"]
    fee = exact((order.get("fee") or {}).get("amount") or 0, "the fee")
    if total["currency"] == currency:  # the side of the money, fee included
        return told.entries((currency, amount + fee), fee=(currency, fee))
    if len(seen.currencies.get(order.get("id", ""), ())) > 1:
        return told.entries((currency, amount))
    bought = row["type"] == "buy"
    money = abs(exact(total["amount"], "the total")) * (-1 if bought else 1)
    payment = replace(
        told,
        kind="deposit" if bought else "withdrawal",
        group=f"{told.group or record.native_id}:payment",
    )
    return [
        *told.entries(
            (currency, amount), (total["currency"], money + fee), fee=(total["currency"], fee)
        ),
        *payment.entries((total["currency"], -money)),
    ]


def _fill_of_v2(record: RawRecord, row: dict[str, Any], amount: Decimal) -> list[Entry]:
    """One side of a fill of which v3 knows nothing; the commission belongs to the quote's side."""
    fill, currency = row["advanced_trade_fill"], row["amount"]["currency"]
    group = f"{fill['order_id']}:{row['created_at']}"
    told = replace(_told(record, row, "trade", group), usd=_stated(row))
    quote = str(fill.get("product_id") or "").rpartition("-")[2]
    paid = exact(fill.get("commission") or 0, "the commission") if currency == quote else ZERO
    return told.entries((currency, amount), fee=(currency, paid))


def _fill(record: RawRecord, row: dict[str, Any], seen: _Seen) -> list[Entry]:
    base, _, quote = row["product_id"].rpartition("-")
    others = seen.currencies.get(row["order_id"], set()) - {base}
    if len(others) == 1:  # the dollar books are shared: an order in USD may be paid in USDC
        (quote,) = others
    price, size = exact(row["price"], "the price"), exact(row["size"], "the size")
    coins, money = size, size * price
    if _in_quote(row):
        told_coins = seen.coins(record, row["order_id"], base)
        coins, money = told_coins or round(size / price, 8), size
    sign = 1 if row["side"] == "BUY" else -1
    fee = exact(row.get("commission") or 0, "the commission")
    evidence = f"fill {record.native_id} {row['side']} {row['product_id']} order {row['order_id']}"
    type_ = row.get("trade_type") or "FILL"
    kind = "trade" if type_ == "FILL" else f"unknown:{type_}"
    if "-" in base:  # BIT-29NOV24-CDE, BTC-PERP-INTX: no coins move
        told = Told(VENUE, record, "unknown:derivative", from_iso(row["trade_time"]))
        return told.entries(("USD", -fee))
    told = Told(VENUE, record, kind, from_iso(row["trade_time"]), evidence=evidence)
    return told.entries((base, sign * coins), (quote, -sign * money), fee=(quote, fee))
