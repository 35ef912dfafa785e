"""Binance.US's transaction history.

Facts: of a spot trade the base is the pair's, and the fee stands beside the amounts; of `Buy`,
`Quick Buy`, `Sell` and `Convert` the base is what was given and the quote what was received, and
the fee is inside; a negative staking reward is Binance.US's cut of the positive one of its instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from config.errors import DataError
from config.exact import ZERO
from connectors.files.cells import Row
from connectors.files.statement import Amount, Context, Format, Line, by_sign, traded

_DISTRIBUTED = {
    "staking rewards": "income:staking",
    "staking reward": "income:staking",
    "referral commission": "income:other",
    "airdrop": "income:airdrop",
}
_GIVEN_FIRST = frozenset({"quick buy", "quick sell", "buy", "sell", "convert"})


def lines(row: Row, context: Context) -> Iterator[Line]:
    category, operation = row.text("Category").casefold(), row.text("Operation").casefold()
    at, fee = row.when("Time"), _side(row, "Fee")
    note = f"{category}: {operation}"
    if category == "spot trading":
        yield _spot(row, operation, at, fee)
    elif category in _GIVEN_FIRST:
        yield _quick(row, at, fee, note)
    elif category in ("deposit", "withdrawal"):
        coin = _moved(row)
        sides = by_sign(coin[0], coin[1] if category == "deposit" else -coin[1])
        yield Line(category, at, fee=fee, note=note, **sides)
    elif category == "distribution":
        yield _distributed(row, operation, at, note)
    else:
        yield Line(f"unknown:{note}", at, into=_moved(row), note=note)


def _spot(row: Row, operation: str, at: datetime, fee: Amount | None) -> Line:
    base, quote = _side(row, "Base"), _side(row, "Quote")
    if operation not in ("buy", "sell") or base is None or quote is None:
        raise DataError("a spot trade needs Buy or Sell, a base and a quote")
    return Line("trade", at, fee=fee, **traded(operation, base, quote))


def _quick(row: Row, at: datetime, fee: Amount | None, note: str) -> Line:
    given, received = _side(row, "Base"), _side(row, "Quote")
    if given is None or received is None:
        raise DataError("what was given or what was received is empty")
    if fee and fee[0] == given[0]:
        given = (given[0], given[1] - fee[1])
    elif fee and fee[0] == received[0]:
        received = (received[0], received[1] + fee[1])
    return Line("trade", at, out=given, into=received, fee=fee, note=note)


def _distributed(row: Row, operation: str, at: datetime, note: str) -> Line:
    coin, quantity = row.text("Primary Asset"), row.amount("Realized Amount For Primary Asset")
    kind = _DISTRIBUTED.get(operation, "income:other" if quantity > ZERO else f"unknown:{note}")
    usd = row.number(
        "Realized Amount For Primary Asset In USD",
        "Realized Amount For Primary Asset In USD Value",
    )
    if quantity < ZERO:
        return Line(kind, at, fee=(coin, -quantity), group=f"{coin} {at.isoformat()}", note=note)
    worth = abs(usd) if usd else None
    group = f"{coin} {at.isoformat()}" if kind == "income:staking" else ""
    return Line(kind, at, into=(coin, quantity), usd=worth, group=group, note=note)


def _moved(row: Row) -> Amount:
    found = _side(row, "Primary") or _side(row, "Base") or _side(row, "Quote")
    if found is None:
        raise DataError("Primary Asset is empty")
    return found


def _side(row: Row, side: str) -> Amount | None:
    coin = row.text(f"{side} Asset")
    quantity = row.number(f"Realized Amount For {side} Asset")
    if quantity is None and coin.startswith("USD"):  # left out where it says the same
        quantity = row.number(
            f"Realized Amount For {side} Asset In USD",
            f"Realized Amount For {side} Asset In USD Value",
        )
    return (coin, abs(quantity)) if coin and quantity else None


FORMAT = Format(
    name="binanceus",
    title="Binance.US transaction history",
    columns=(
        *((c,) for c in ("Time", "Category", "Operation", "Transaction ID", "Primary Asset")),
        ("Realized Amount For Primary Asset",),
    ),
    lines=lines,
    venue="binanceus",
    id_=lambda row: row.text("Transaction ID"),
)
