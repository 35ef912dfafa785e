"""All statements that are read; a new format is one module and one sample beside its test."""

from __future__ import annotations

from connectors.files import (
    binanceus,
    coinbase,
    coinbase_raw,
    cryptocom_app,
    explorer,
    gemini,
    kraken,
    robinhood,
    tax_programs,
)
from connectors.files.statement import SOURCE, Format

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        coinbase.FORMAT,
        coinbase.BEFORE_IDS,
        coinbase_raw.FORMAT,
        kraken.LEDGERS,
        kraken.TRADES,
        gemini.FORMAT,
        binanceus.FORMAT,
        cryptocom_app.FORMAT,
        robinhood.ORDERS,
        robinhood.TRANSFERS,
        explorer.TRANSACTIONS,
        explorer.INTERNAL,
        explorer.TOKENS,
        tax_programs.KOINLY,
        tax_programs.KOINLY_SIMPLE,
        tax_programs.COINTRACKER,
    )
}


def is_statement(source: str) -> bool:
    """Whether stored records of a source are rows of such files."""
    return source.startswith(f"{SOURCE}:")


def account_of(source: str) -> str:
    """The account whose rows a source has; a wallet's rows are told by chain."""
    return source.split(":", 2)[2].partition("@")[0]
