"""Exports of Etherscan and its kind: transactions, internal transactions, token transfers.

Facts: a token's row has no direction, so own addresses tell it; a fee is shown on incoming rows
too and was paid by `From`; a failed transaction moved nothing and cost its fee. A token is its
contract, whatever it calls itself. Rows of one hash, in whichever file, are one event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import DataError
from config.exact import ZERO
from connectors.chains.spam import shown, trick
from connectors.chains.tokens import Token
from connectors.files.cells import Row, number
from connectors.files.statement import OWN, Context, Format, Line

FAMILY = "explorer"
NATIVE = "native"
EARLIEST, LATEST = 1_230_768_000, 7_258_118_400  # 2009 to 2200
_HASH = ("Transaction Hash", "Txhash")
_TIME = ("UnixTimestamp",)


def transaction_lines(row: Row, context: Context) -> Iterator[Line]:
    own, failed = _own(row), _failed(row)
    mine, theirs = row.text("From").lower() in own, row.text("To").lower() in own
    if not (mine or theirs):
        raise DataError("neither From nor To is an address of the account")
    out = _dynamic(row, "value out(") if mine and not theirs and not failed else ZERO
    into = _dynamic(row, "value in(") if theirs and not mine and not failed else ZERO
    fee = _dynamic(row, "txnfee(") if mine else ZERO
    if not (out or into or fee):
        return
    kind = "failed" if failed else "sent" if mine else "received"
    if kind == "sent" and not out and row.text("Method").casefold().startswith("approve"):
        kind = "approval"
    other = row.text("To", "ContractAddress") if mine else row.text("From")
    yield _line(row, kind, other, out=(NATIVE, out), into=(NATIVE, into), fee=(NATIVE, fee))


def internal_lines(row: Row, context: Context) -> Iterator[Line]:
    own = _own(row)
    mine, theirs = row.text("From").lower() in own, row.text("TxTo").lower() in own
    status = row.text("Status")
    if mine == theirs or status == "1" or status.casefold().startswith("error"):
        return
    value = _dynamic(row, "value out(" if mine else "value in(")
    if value and mine:
        yield _line(row, "sent", row.text("TxTo"), out=(NATIVE, value))
    elif value:
        yield _line(row, "received", row.text("From"), into=(NATIVE, value))


def token_lines(row: Row, context: Context) -> Iterator[Line]:
    own, contract = _own(row), row.text("ContractAddress").lower()
    mine, theirs = row.text("From").lower() in own, row.text("To").lower() in own
    if not (mine or theirs):
        raise DataError("neither From nor To is an address of the account")
    value = row.amount("TokenValue", "Value")
    if not value or mine == theirs:
        return  # a transfer of nothing can be sent in anybody's name
    if mine:
        yield _line(row, "sent", row.text("To"), out=(contract, value))
    else:
        yield _line(row, _came(row, contract), row.text("From"), into=(contract, value))


def _came(row: Row, contract: str) -> str:
    """What an unasked token tries, if no list knows it."""
    if names().listed(asset(row, "", contract)):
        return "received"
    return trick(Token(None, row.text("TokenSymbol"), row.text("TokenName"))) or "received"


def _line(row: Row, kind: str, other: str, **sides: Any) -> Line:
    seconds = int(row.amount(*_TIME))
    if not EARLIEST <= seconds <= LATEST:
        raise DataError(f"UnixTimestamp is no time in seconds: {seconds}")
    txid, symbol = row.text(*_HASH).lower(), row.text("TokenSymbol")
    called = f', calls itself "{shown(symbol)}"' if symbol else ""
    return Line(
        kind,
        datetime.fromtimestamp(seconds, UTC),
        group=txid,
        txid=txid,
        address=other,
        network=_context(row)["chain"],
        note=f"transaction {txid}{called}",
        **sides,
    )


def _failed(row: Row) -> bool:
    return row.text("Status").casefold().startswith("error") or bool(row.text("ErrCode"))


def _dynamic(row: Row, prefix: str) -> Decimal:
    """A column that names the chain's coin in parentheses."""
    column = next((c for c in row if c.startswith(prefix) and "usd" not in c), None)
    return number(row[column], column) if column and row[column] else ZERO


def _context(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.text(OWN))
    return found


def _own(row: Row) -> frozenset[str]:
    return frozenset(_context(row)["addresses"])


def asset(row: Row, account: str, word: str) -> str:
    """The chain's coin, or a token by its contract."""
    told = _context(row)
    if word == NATIVE:
        return names().native(told["chain"], told["chain_id"])
    return names().token(told["chain"], told["chain_id"], word)


def touched(row: Row) -> set[str]:
    """Addresses of a row, among which the own ones are."""
    cells = (row.text(c) for c in ("From", "To", "TxTo", "ParentTxFrom"))
    return {c.lower() for c in cells if c}


TRANSACTIONS = Format(
    name="explorer-transactions",
    title="explorer transactions",
    columns=(_HASH, _TIME, ("From",), ("To",), ("Status",), ("ErrCode",)),
    lines=transaction_lines,
    id_=lambda row: row.text(*_HASH).lower(),
    asset=asset,
    family=FAMILY,
    never=("ParentTxFrom", "TokenSymbol", "TokenName"),
)
INTERNAL = Format(
    name="explorer-internal",
    title="explorer internal transactions",
    columns=(_HASH, _TIME, ("ParentTxFrom",), ("From",), ("TxTo",)),
    lines=internal_lines,
    content=lambda row: (
        row.text(*_HASH).lower(),
        *(row.text(c).lower() for c in ("From", "TxTo", "Type", "ContractAddress")),
        *(format(_dynamic(row, side), "f") for side in ("value in(", "value out(")),
    ),
    asset=asset,
    family=FAMILY,
)
TOKENS = Format(
    name="explorer-tokens",
    title="explorer token transfers",
    columns=(
        *(_HASH, _TIME, ("From",), ("To",), ("TokenValue", "Value"), ("ContractAddress",)),
        ("TokenSymbol",),
    ),
    lines=token_lines,
    content=lambda row: (
        row.text(*_HASH).lower(),
        *(row.text(c).lower() for c in ("From", "To", "ContractAddress")),
        row.text("TokenValue", "Value"),
    ),
    asset=asset,
    family=FAMILY,
    never=("Token ID", "TokenId"),
)
