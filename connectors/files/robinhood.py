"""Robinhood's crypto orders and transfers, as its data request gives them.

The activity report of the brokerage tells of no coins: what looks like one there is a fund. Orders
state no time zone and no fee; their times are read as UTC, which the evidence says.
"""

from __future__ import annotations

from collections.abc import Iterator

from config.errors import DataError
from config.exact import ZERO
from connectors.files.cells import Row
from connectors.files.statement import Context, Format, Line, by_sign, traded

VENUE = "robinhood"
_DONE = ("filled", "partially filled", "partially_filled")
_NO_ZONE = "the file states no time zone, read as UTC"


def order_lines(row: Row, context: Context) -> Iterator[Line]:
    at, side = row.when("Time Entered"), row.text("Side").casefold()
    done = row.amount("Quantity") - (row.number("Leaves Quantity") or ZERO)
    if not done or row.text("State").casefold() not in _DONE:
        return  # canceled, rejected or still open
    if side not in ("buy", "sell"):
        raise DataError(f"Side is neither Buy nor Sell: {side!r}")
    coin, money = (row.text("Symbol"), done), ("USD", abs(row.amount("Notional")))
    yield Line("trade", at, note=_NO_ZONE, **traded(side, coin, money))


def transfer_lines(row: Row, context: Context) -> Iterator[Line]:
    if row.text("state").casefold() not in ("succeeded", "completed"):
        return
    kind = row.text("transfer_type").casefold()
    if kind not in ("deposit", "withdrawal"):
        raise DataError(f"transfer_type is neither deposit nor withdrawal: {kind!r}")
    coin = (row.text("currency_code"), abs(row.amount("amount")))
    fee = row.number("network_fee")
    yield Line(
        kind,
        row.when("created_at"),
        fee=(coin[0], abs(fee)) if fee and kind == "withdrawal" else None,
        txid=row.text("blockchain_txn_id"),
        address=row.text("to_address"),
        network=row.text("network"),
        **by_sign(coin[0], coin[1] if kind == "deposit" else -coin[1]),
    )


ORDERS = Format(
    name="robinhood-orders",
    title="Robinhood crypto orders",
    columns=(
        *(
            (c,)
            for c in ("UUID", "Time Entered", "Symbol", "Side", "Quantity", "State", "Notional")
        ),
    ),
    lines=order_lines,
    id_=lambda row: row.text("UUID"),
    is_row=lambda row: bool(row.text("Side")),
)
TRANSFERS = Format(
    name="robinhood-transfers",
    title="Robinhood crypto transfers",
    columns=(*((c,) for c in ("id", "created_at", "currency_code", "transfer_type", "amount")),),
    lines=transfer_lines,
    id_=lambda row: row.text("id"),
    is_row=lambda row: bool(row.text("transfer_type")),
)
