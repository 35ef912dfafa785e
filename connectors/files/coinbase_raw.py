"""Coinbase's raw transactions of its tax centre (`...-CB-RAWTX.csv`).

Facts: no preamble; what was acquired and what was disposed of stand in columns of their own, both
in one row or in two (`Converted from`, `Converted to`) of neighbouring times; cost holds the fees
and proceeds are net of them, so that no fee is told. It tells what the history tells by other ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from config.errors import DataError
from connectors.files.cells import Row
from connectors.files.statement import Amount, Format, Line

_ACQUIRED, _DISPOSED = "Asset Acquired", "Asset Disposed (Sold, Sent, etc)"
_COST = ("Cost Basis (incl. fees and/or spread) (USD)", "Cost Basis (incl. fees paid) (USD)")
_PROCEEDS = (
    "Proceeds (excl. fees and/or spread) (USD)",
    "Proceeds (excl. fees paid) (USD)",
)
_TIME = ("Date & time", "Date &amp; time")
_TRADES = frozenset(
    {"buy", "sell", "convert", "converted from", "converted to", "advanced trade trade"}
    | {"asset rebranding remediation", "credit"}
)
_INCOME = {
    **dict.fromkeys(("reward", "rewards", "card rebate reward"), "income:other"),
    "interest": "income:interest",
    "airdrop": "income:airdrop",
    "fork": "income:fork",
}
_APART = timedelta(minutes=2)  # the rows of one conversion
_SPREAD = Decimal("0.05")


def lines(row: Row, pairs: Mapping[str, str]) -> Iterator[Line]:
    """`pairs` gives rows of one conversion one group."""
    type_, at = row.text("Transaction Type").casefold(), row.when(*_TIME)
    came = _amount(row, _ACQUIRED, "Quantity Acquired (Bought, Received, etc)")
    left = _amount(row, _DISPOSED, "Quantity Disposed")
    cost, proceeds = row.number(*_COST), row.number(*_PROCEEDS)
    group = pairs.get(row.text("Transaction ID"), "")
    if not (came or left):
        raise DataError("neither an acquired nor a disposed asset is told")
    if type_ in ("buy", "sell"):
        paid = cost if came else proceeds
        if paid is None:
            raise DataError(f"{(_COST if came else _PROCEEDS)[0]} is empty")
        yield Line("trade", at, out=left or ("USD", paid), into=came or ("USD", paid))
    elif type_ in _TRADES:
        usd = (cost if came else proceeds) or None
        yield Line("trade", at, out=left, into=came, usd=usd, group=group)
    elif type_ in ("wrap", "unwrap"):
        yield Line("wrap", at, out=left, into=came)
    elif type_ in _INCOME and came:
        yield Line(_INCOME[type_], at, into=came, usd=cost or None)
    elif type_ == "spend" and left:
        yield Line("spend", at, out=left, usd=proceeds)
    elif type_ in ("receive", "send", "deposit", "withdrawal", "transfer", "incoming"):
        yield Line("deposit" if came else "withdrawal", at, out=left, into=came)
    else:
        yield Line(f"unknown:{type_}", at, out=left, into=came)


def _amount(row: Row, asset: str, quantity: str) -> Amount | None:
    word, number = row.text(asset), row.number(quantity)
    return (word, abs(number)) if word and number else None


def conversions(rows: Sequence[Row]) -> dict[str, str]:
    """Each `Converted from` with the next `Converted to`, in order of time."""
    found: dict[str, str] = {}
    waiting: list[Row] = []
    for row in sorted(_readable(rows), key=_order):
        if _is_from(row):
            waiting.append(row)
            continue
        before = [
            w
            for w in waiting
            if row.when(*_TIME) - w.when(*_TIME) <= _APART and _worth_the_same(w, row)
        ]
        if before:
            waiting.remove(before[0])
            key = before[0].text("Transaction ID")
            found |= {key: key, row.text("Transaction ID"): key}
    return found


def _is_from(row: Row) -> bool:
    return row.text("Transaction Type").casefold() == "converted from"


def _order(row: Row) -> tuple[datetime, bool, str]:
    return row.when(*_TIME), not _is_from(row), row.text("Transaction ID")


def _worth_the_same(left: Row, came: Row) -> bool:
    """What one brought the other cost, within the spread of a conversion."""
    brought, cost = left.number(*_PROCEEDS), came.number(*_COST)
    return not brought or not cost or abs(brought - cost) <= _SPREAD * max(brought, cost)


def _readable(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        if row.text("Transaction Type").casefold() in ("converted from", "converted to"):
            try:
                row.when(*_TIME), row.number(*_COST), row.number(*_PROCEEDS)
            except DataError:
                continue  # told where the row itself is read
            yield row


FORMAT = Format(
    name="coinbase-raw",
    title="Coinbase raw transactions",
    columns=(("Transaction ID",), ("Transaction Type",), _TIME, (_ACQUIRED,), (_DISPOSED,)),
    lines=lines,
    venue="coinbase",
    id_=lambda row: row.text("Transaction ID"),
    context=conversions,
)
