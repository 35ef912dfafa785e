"""The universal files of Koinly and CoinTracker.

Facts: Koinly's fee is on top of what was sent; CoinTracker's `Sent Quantity` of a sending holds it.
Files that other programs write follow either rule or none, so balances decide. A sending or receipt
without a label is one half of a transfer here, not a sale and not income.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from config.errors import DataError
from connectors.files.cells import Row
from connectors.files.statement import Amount, Context, Format, Line

_RECEIVED = {
    **dict.fromkeys(("reward", "staking", "staked", "staking reward"), "income:staking"),
    **dict.fromkeys(("airdrop",), "income:airdrop"),
    **dict.fromkeys(("fork", "hard fork"), "income:fork"),
    **dict.fromkeys(("mining", "mined"), "income:mining"),
    **dict.fromkeys(
        ("lending interest", "loan interest", "interest", "interest payment"), "income:interest"
    ),
    **dict.fromkeys(
        ("income", "other income", "salary", "payment", "cashback", "fee refund", "rebate"),
        "income:other",
    ),
    "gift": "gift_in",
}
_SENT = {
    "gift": "gift_out",
    "donation": "donation",
    "lost": "lost",
    **dict.fromkeys(
        ("cost", "tax", "margin fee", "loan fee", "interest payment", "payment"), "spend"
    ),
}
_SWAPS = frozenset({"swap", "wrap", "unwrap"})
_PLAIN = frozenset({"", "transfer", "stake", "unstake", "trade", "buy", "sell", "exchange"})


def koinly_lines(row: Row, context: Context) -> Iterator[Line]:
    worth = row.number("Net Worth Amount")
    yield _line(
        row,
        at_column=("Date", "Date (UTC)", "Koinly Date"),
        sent=_amount(row, "Sent"),
        received=_amount(row, "Received"),
        label=row.text("Label", "Tag"),
        usd=abs(worth) if worth and row.text("Net Worth Currency") == "USD" else None,
        txid=row.text("TxHash"),
        note=row.text("Description"),
    )


def simple_lines(row: Row, context: Context) -> Iterator[Line]:
    """Koinly's short form: a sending is negative."""
    quantity, word = row.amount("Amount"), row.text("Currency")
    worth = row.number("Net Worth Amount")
    coin = (word, abs(quantity))
    yield _line(
        row,
        at_column=("Koinly Date",),
        sent=coin if quantity < 0 else None,
        received=coin if quantity > 0 else None,
        label=row.text("Label", "Tag"),
        usd=abs(worth) if worth and row.text("Net Worth Currency") == "USD" else None,
        txid=row.text("TxHash"),
        note=row.text("Description"),
    )


def cointracker_lines(row: Row, context: Context) -> Iterator[Line]:
    sent, received = _amount(row, "Sent", "Quantity"), _amount(row, "Received", "Quantity")
    fee = _amount(row, "Fee")
    if sent and fee and not received and sent[0] == fee[0]:
        sent = (sent[0], sent[1] - fee[1])
    yield _line(
        row,
        at_column=("Date",),
        sent=sent,
        received=received,
        label=row.text("Tag"),
        usd=None,
        txid=row.text("Transaction ID"),
        note="",
    )


def _line(
    row: Row,
    at_column: tuple[str, ...],
    sent: Amount | None,
    received: Amount | None,
    label: str,
    usd: Decimal | None,
    txid: str,
    note: str,
) -> Line:
    word = " ".join(label.casefold().replace("_", " ").split())
    kind, stated = _kind(word, sent is not None, received is not None)
    return Line(
        kind,
        row.when(*at_column),
        out=sent,
        into=received,
        fee=_amount(row, "Fee"),
        usd=usd,
        txid=txid,
        note=f"{word}: {note}" if word and note else word or note,
        stated=stated,
    )


def _kind(word: str, sent: bool, received: bool) -> tuple[str, bool]:
    """What a row is, and whether that is the file's own word."""
    if sent and received:
        return ("wrap" if word in _SWAPS else "trade"), False
    if not (sent or received):
        return "fee", False
    if word in _PLAIN:
        return ("deposit" if received else "withdrawal"), False
    kind = (_RECEIVED if received else _SENT).get(word)
    if kind is None:
        return f"unknown:{word}", False
    return kind, not (kind.startswith("income:") or kind == "spend")


def _amount(row: Row, side: str, column: str = "Amount") -> Amount | None:
    name = f"{side} {column}" if side != "Fee" else "Fee Amount"
    quantity, word = row.number(name), row.text(f"{side} Currency").split(";")[0]
    if not quantity:
        return None
    if not word:
        raise DataError(f"{side} Currency is empty")
    if quantity < 0:
        raise DataError(f"{name} is negative: {quantity}")
    return word, quantity


KOINLY = Format(
    name="koinly",
    title="Koinly universal",
    columns=(
        *(("Date", "Date (UTC)", "Koinly Date"), ("Sent Amount",), ("Sent Currency",)),
        *(("Received Amount",), ("Received Currency",), ("Fee Amount",), ("Fee Currency",)),
    ),
    lines=koinly_lines,
    never=("Sent Cost Basis", "Parent ID (read-only)"),
)
KOINLY_SIMPLE = Format(
    name="koinly-simple",
    title="Koinly simple",
    columns=(("Koinly Date",), ("Amount",), ("Currency",)),
    lines=simple_lines,
    never=("Sent Amount",),
)
COINTRACKER = Format(
    name="cointracker",
    title="CoinTracker",
    columns=(
        *(("Date",), ("Received Quantity",), ("Received Currency",), ("Sent Quantity",)),
        *(("Sent Currency",), ("Fee Amount",), ("Fee Currency",)),
    ),
    lines=cointracker_lines,
    never=("Type", "Ignored", "Received Wallet", "Sent Wallet", "Sent Tag", "Received Tag"),
)
