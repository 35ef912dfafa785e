"""Kraken's ledgers and trades.

Facts: a ledger row changes its asset's balance by amount - fee, the fee in the row's own asset and
beside the amount; rows of one refid are one event; a row without txid is a pending copy. Trades
know nothing of the app's own buys and state the fee in the quote currency, so ledgers go before
them: a trade's txid is the refid of its ledger rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from config.assets import names
from config.errors import DataError
from config.exact import ZERO
from connectors.exchanges.kraken import is_part, kind_of
from connectors.files.cells import Row
from connectors.files.statement import Context, Format, Line, by_sign, traded

VENUE = "kraken"
# what pairs are quoted in; the longest that fits, if what is left is a coin
_QUOTES = (
    *(
        "ZUSD",
        "ZEUR",
        "ZGBP",
        "ZCAD",
        "ZAUD",
        "ZJPY",
        "USDT",
        "USDC",
        "XXBT",
        "XETH",
        "USD",
        "EUR",
        "GBP",
    ),
    *("CAD", "AUD", "JPY", "CHF", "DAI", "XBT", "ETH", "DOT"),
)


def refids(rows: Sequence[Row]) -> Counter[str]:
    """How many rows each event has."""
    return Counter(row.text("refid") for row in rows)


def ledger_lines(row: Row, several: Counter[str]) -> Iterator[Line]:
    """`several` counts the rows of a refid: a fee that comes back cancels the one that was paid."""
    type_, subtype = row.text("type").casefold(), row.text("subtype").casefold()
    amount, fee = row.amount("amount"), row.number("fee") or ZERO
    if fee < ZERO and several[row.text("refid")] < 2:
        amount, fee = amount - fee, ZERO  # given back, and what it was paid for is not in the file
    kind, coin, usd = kind_of(type_, subtype, amount), row.text("asset"), row.number("amountusd")
    yield Line(
        kind,
        row.when("time"),
        fee=(coin, fee),
        usd=abs(usd) if usd and amount else None,
        group=row.text("refid") if is_part(kind) else "",
        note=f"{type_} {subtype}".strip(),
        **by_sign(coin, amount),
    )


def trade_lines(row: Row, context: Context) -> Iterator[Line]:
    base, quote = _sides(row.text("pair"))
    side, volume = row.text("type").casefold(), row.amount("vol")
    if side not in ("buy", "sell"):
        raise DataError(f"type is neither buy nor sell: {side!r}")
    if row.number("margin"):
        yield Line(
            f"unknown:margin {side}", row.when("time"), into=(base, volume), note="on margin"
        )
        return
    coin, money = (base, volume), (quote, row.amount("cost"))
    fee = (quote, row.number("fee") or ZERO)
    yield Line(
        "trade", row.when("time"), fee=fee, note=row.text("pair"), **traded(side, coin, money)
    )


def _sides(pair: str) -> tuple[str, str]:
    if "/" in pair:
        base, quote = pair.split("/", 1)
        return base, quote
    for quote in _QUOTES:
        base = pair.removesuffix(quote)
        if base != pair and names().listed(names().at_venue(VENUE, base)):
            return base, quote
    raise DataError(f"pair cannot be parted into its coins: {pair!r}")


LEDGERS = Format(
    name="kraken-ledgers",
    title="Kraken ledgers",
    columns=(*((c,) for c in ("txid", "refid", "time", "type", "asset", "amount", "fee")),),
    lines=ledger_lines,
    venue=VENUE,
    id_=lambda row: row.text("txid"),
    is_row=lambda row: bool(row.text("txid")),
    context=refids,
)
TRADES = Format(
    name="kraken-trades",
    title="Kraken trades",
    columns=(*((c,) for c in ("txid", "pair", "time", "type", "cost", "fee", "vol")),),
    lines=trade_lines,
    venue=VENUE,
    id_=lambda row: row.text("txid"),
)
