"""Coinbase's transaction history, in all its shapes since 2018.

Facts: `Total` is what was paid or received with fees, whatever its sign; from mid 2024 on the
quantity is signed. A conversion is one row with both coins in its note, from 2025 on two rows of
one id. A staking reward whose row has a fee is credited at Subtotal. Of an Advanced Trade against a
coin only the note tells what was paid, fees included.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from config.assets import names
from config.errors import DataError
from connectors.exchanges.pots import OWN, STAKED
from connectors.files.cells import Row, number
from connectors.files.statement import Amount, Format, Line, by_sign, positive, traded

VENUE = "coinbase"
_QUANTITY = "Quantity Transacted"
_TOTAL = (
    *("Total (inclusive of fees and/or spread)", "Total (inclusive of fees)"),
    *("USD Total (inclusive of fees)", "USD Amount Transacted (Inclusive of Coinbase Fees)"),
)
_SUBTOTAL = ("Subtotal", "USD Subtotal")
_FEES = ("Fees and/or Spread", "Fees", "USD Fees")
_NUMBER = r"([\d.,]+(?:E[+-]?\d+)?)"
_CONVERTED = re.compile(rf"Converted {_NUMBER} (\S+) to {_NUMBER} (\S+)")
_SENT = re.compile(r"^Sent .* to ((?=\S*\d)[A-Za-z0-9:]{10,})")
_TRADED = re.compile(rf"(?:Bought|Sold) {_NUMBER} \S+ for \$?{_NUMBER} (\S+)")
_OF_MONEY = re.compile(r"\d ([A-Z]{3})$")

_BUYS = frozenset({"buy", "credit", "recurring buy"})
_ADVANCED = {
    f"{word} trade {side}": side for word in ("advanced", "advance") for side in ("buy", "sell")
}
_INCOME = {
    **dict.fromkeys(("staking income", "inflation reward"), "income:staking"),
    **dict.fromkeys(("interest", "interest payout"), "income:interest"),
    **dict.fromkeys(("rewards income", "reward income", "coinbase earn"), "income:other"),
    **dict.fromkeys(("learning reward", "incentives rewards payout"), "income:other"),
    **dict.fromkeys(
        ("rewards payout", "credit card reward", "coinbase one rewards"), "income:other"
    ),
    **dict.fromkeys(("retail simple price improvement", "subscription rebate"), "income:other"),
    "subscription rebates (24 hours)": "income:other",
    "airdrop": "income:airdrop",
    "fork": "income:fork",
}
_COMES = frozenset(
    {"receive", "deposit", "pro withdrawal", "exchange withdrawal", "prime withdrawal"}
)
_ONLY_COMES = _COMES | _INCOME.keys() | _BUYS | {t for t, s in _ADVANCED.items() if s == "buy"}
_LEAVES = frozenset({"send", "withdrawal", "pro deposit", "exchange deposit", "prime deposit"})
_SPENT = frozenset({"card spend", "subscription"})
_STAKED = frozenset({"retail staking transfer", "retail unstaking transfer"})
_OWN = frozenset({"vault withdrawal", "transfer", "portfolio transfer"}) | frozenset(
    {"cash to savings", "savings to cash", "retail eth2 deprecation", "asset migration"}
)
_WRAPS = frozenset({"wrap asset", "unwrap asset"})


def lines(row: Row, pairs: Counter[str]) -> Iterator[Line]:
    """`pairs` counts the rows of each conversion's id."""
    type_ = row.text("Transaction Type").casefold()
    at, note, quantity = row.when("Timestamp"), row.text("Notes"), row.amount(_QUANTITY)
    if quantity < 0 and type_ in _ONLY_COMES:
        yield Line(
            f"unknown:negative {type_}", at, note=note, **by_sign(row.text("Asset"), quantity)
        )
        return
    coin: Amount = (row.text("Asset"), abs(quantity))
    usd, key = _dollars(row), row.text("ID")
    address = row.text("Recipient Address", "Sender Address", "Address") or _address(note)
    if type_ in _ADVANCED:
        yield _traded(row, _ADVANCED[type_], coin)
    elif type_ in _BUYS or type_ == "sell":
        yield _for_money(row, "sell" if type_ == "sell" else "buy", coin)
    elif type_ == "convert":
        yield from _converted(row, coin, quantity, pairs[key] > 1)
    elif type_ in _INCOME:
        yield Line(_INCOME[type_], at, into=coin, usd=_dollars(row, *_SUBTOTAL) or usd, note=note)
    elif type_ in _SPENT:
        yield Line("spend", at, out=coin, usd=usd, note=note)
    elif type_ in _STAKED | _OWN | _WRAPS:
        kind = "wrap" if type_ in _WRAPS else STAKED if type_ in _STAKED else OWN
        group = f"{type_} {at.isoformat()}"
        yield Line(kind, at, group=group, note=note, **by_sign(coin[0], quantity))
    elif type_ in _COMES:
        yield Line("deposit", at, into=coin, address=address, note=note)
    elif type_ in _LEAVES:
        yield Line("withdrawal", at, out=coin, address=address, note=note)
    else:
        yield Line(f"unknown:{type_}", at, usd=usd, note=note, **by_sign(coin[0], quantity))


def _address(note: str) -> str:
    """Where coins were sent, in files without a column for it."""
    told = _SENT.search(note)
    return told[1] if told else ""


def _dollars(row: Row, *columns: str) -> Decimal | None:
    """The total in dollars, None where the account's money is another."""
    found = row.number(*(columns or _TOTAL))
    return abs(found) if found and _money(row) == "USD" else None


def _money(row: Row) -> str:
    """The account's money: a column of its own, or behind the amounts of some early files."""
    told = _OF_MONEY.search(row.text(*_TOTAL))
    return row.text("Price Currency", "Spot Price Currency") or (told[1] if told else "USD")


def _for_money(row: Row, side: str, coin: Amount) -> Line:
    total, fee = positive(row.amount(*_TOTAL)), positive(row.number(*_FEES))
    money, at, note = _money(row), row.when("Timestamp"), row.text("Notes")
    paid_in = (money, fee)
    if side == "buy":
        return Line("trade", at, out=(money, total - fee), into=coin, fee=paid_in, note=note)
    received = positive(row.number(*_SUBTOTAL)) if fee > total else total + fee
    return Line("trade", at, out=coin, into=(money, received), fee=paid_in, note=note)


def _traded(row: Row, side: str, coin: Amount) -> Line:
    """Against a coin as the note tells, fees included; else against money."""
    note = row.text("Notes")
    told = _TRADED.match(note)
    if told is None or names().is_fiat(names().at_venue(VENUE, told[3].strip(","))):
        return _for_money(row, side, coin)
    other = (told[3].strip(","), _of_note(told[2]))
    sides = traded(side, coin, other)
    return Line("trade", row.when("Timestamp"), usd=_dollars(row), note=note, **sides)


def _converted(row: Row, coin: Amount, quantity: Decimal, has_pair: bool) -> Iterator[Line]:
    at, note = row.when("Timestamp"), row.text("Notes")
    worth = _dollars(row, *_SUBTOTAL)
    told = _CONVERTED.search(note)
    if has_pair or (told is None and row.text("ID") and quantity > 0):
        usd = worth if quantity > 0 else None
        sides = by_sign(coin[0], quantity)
        yield Line("trade", at, usd=usd, group=row.text("ID"), note=note, **sides)
    elif told is None:
        raise DataError(f"Notes do not say what was converted into what: {note!r}")
    else:
        left, came = ((told[n + 1].rstrip(",."), _of_note(told[n])) for n in (1, 3))
        if coin[0] == came[0] != left[0]:  # the row of what was received
            yield Line("trade", at, out=left, into=coin, usd=worth, note=note)
        else:
            yield Line("trade", at, out=coin, into=came, usd=worth, note=note)


def _of_note(text: str) -> Decimal:
    return abs(number(text.rstrip(",."), "Notes"))


def conversions(rows: Sequence[Row]) -> Counter[str]:
    """How many rows each conversion's id has."""
    return Counter(r.text("ID") for r in rows if _is_conversion(r) and r.text("ID"))


def key(row: Row) -> str:
    """Rows of one event may have one id; a filtered export has only some of them."""
    sign = "-" if row.text(_QUANTITY).startswith("-") else "+"
    return f"{row.text('ID')}:{row.text('Asset')}{sign}" if row.text("ID") else ""


def _is_conversion(row: Row) -> bool:
    return row.text("Transaction Type").casefold() == "convert"


_COLUMNS = (("Timestamp",), ("Transaction Type",), ("Asset",), (_QUANTITY,), _TOTAL)

FORMAT = Format(
    name="coinbase",
    title="Coinbase transaction history",
    columns=(("ID",), *_COLUMNS),
    lines=lines,
    venue=VENUE,
    id_=key,
    is_row=lambda row: bool(row.text("Transaction Type")),
    context=conversions,
)
# before mid 2024 rows had no id: a source of its own, so that what both tell is compared
BEFORE_IDS = Format(
    name="coinbase-before-ids",
    title="Coinbase transaction history before 2024",
    columns=_COLUMNS,
    lines=lines,
    venue=VENUE,
    content=lambda row: (
        *(row.text(c) for c in ("Timestamp", "Transaction Type", "Asset", _QUANTITY, "Notes")),
        row.text(*_TOTAL),
    ),
    is_row=lambda row: bool(row.text("Transaction Type")),
    context=conversions,
    never=("ID",),
)
