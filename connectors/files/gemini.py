"""Gemini's transaction history, saved as CSV.

Facts: each coin has columns of its own (`BTC Amount BTC`, `Fee (BTC) BTC`); what is in parentheses
is negative; a fee stands beside the amount; the last row has no date and adds up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from config.assets import names
from config.errors import DataError
from config.exact import ZERO
from connectors.files.cells import Row, number, when
from connectors.files.statement import Context, Format, Line

VENUE = "gemini"
_AMOUNT = re.compile(r"(\w+) amount(?: \1)?")
_FEE = re.compile(r"(?:trading )?fee \((\w+)\)(?: \1)?")
_RUINED = re.compile(r"\d{1,2}:\d{2}\.\d+")
_REWARDS = (
    ("staking", "income:staking"),
    ("interest", "income:interest"),
    ("airdrop", "income:airdrop"),
    ("reward", "income:other"),
    ("referral", "income:other"),
)


def lines(row: Row, context: Context) -> Iterator[Line]:
    at, type_, told = _when(row), row.text("Type").casefold(), row.text("Specification")
    moves, fees = _cells(row, _AMOUNT), _cells(row, _FEE)
    if len(fees) > 1 or len(moves) > 2 or not moves:
        raise DataError("more than two coins moved, or none")
    fee = next(((coin, -q) for coin, q in fees.items() if q < ZERO), None)
    for coin, back in fees.items():
        if back > ZERO:  # a maker's rebate
            moves[coin] = moves.get(coin, ZERO) + back
    left = next(((coin, -q) for coin, q in moves.items() if q < ZERO), None)
    came = next(((coin, q) for coin, q in moves.items() if q > ZERO), None)
    yield Line(
        _kind(type_, told.casefold(), next(iter(moves))),
        at,
        out=left,
        into=came,
        fee=fee,
        txid=row.text("Tx Hash"),
        address=row.text("Withdrawal Destination", "Deposit Destination"),
        note=f"{type_} {told}".strip(),
    )


def _kind(type_: str, told: str, coin: str) -> str:
    if type_ in ("buy", "sell"):
        return "trade"
    way = {"credit": "deposit", "debit": "withdrawal"}.get(type_)
    if way and told.startswith(way):
        return way
    found = next((kind for word, kind in _REWARDS if word in f"{type_} {told}"), None)
    if found and type_ != "debit":
        return found
    fiat = names().is_fiat(names().at_venue(VENUE, coin))
    return way if way and fiat else f"unknown:{type_} {told}".strip()


def _cells(row: Row, columns: re.Pattern[str]) -> dict[str, Decimal]:
    """By coin, what is not zero."""
    found = {}
    for column in row:
        told = columns.fullmatch(column)
        if told and row[column]:
            quantity = number(row[column], column)
            if quantity:
                found[told[1].upper()] = quantity
    return found


def _when(row: Row) -> datetime:
    day, time = row.text("Date"), row.text("Time (UTC)").split(" ")[-1]
    if _RUINED.fullmatch(time):
        raise DataError(f"Time (UTC) was ruined by a spreadsheet: {time!r}; export the file again")
    return when(f"{day.split(' ')[0]} {time}".strip(), "Date")


FORMAT = Format(
    name="gemini",
    title="Gemini transaction history",
    columns=(("Date",), ("Time (UTC)",), ("Type",), ("Symbol",), ("Specification",)),
    lines=lines,
    venue=VENUE,
    id_=lambda row: row.text("Trade ID"),
    content=lambda row: (
        *(row.text(c) for c in ("Date", "Time (UTC)", "Type", "Symbol", "Tx Hash")),
        *(f"{coin} {q:f}" for coin, q in sorted(_cells(row, _AMOUNT).items())),
    ),
    is_row=lambda row: bool(row.text("Date") and row.text("Type")),
)
