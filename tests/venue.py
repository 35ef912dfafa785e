"""A small Kraken for tests that need one of their own: few rows, and faults on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from syncer.demo import market, story
from syncer.demo.exchange import Book, ExchangeServer
from syncer.demo.sandbox import API_KEY, API_SECRET
from tests.serving import serving

NOW = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)


@dataclass
class Venue:
    """The server, its address and settings that name it."""

    server: ExchangeServer
    url: str
    config: Path

    @property
    def book(self) -> Book:
        return self.server.book


def row(ref: str, when: str, type_: str, asset: str, amount: str, **more: str) -> dict[str, object]:
    """One ledger row."""
    seconds = int(story.at(when).timestamp())
    fields = {"subtype": "", "fee": "0.0000", "aclass": "currency", **more}
    return {
        "refid": ref,
        "time": seconds,
        "type": type_,
        "asset": asset,
        "amount": amount,
        **fields,
    }


def small_book() -> Book:
    """1000 dollars in, 0.01 BTC bought for 900.00 + 3.60."""
    book = Book()
    book.ledgers = {
        "L1": row("Q1", "2025-05-01 10:00:00", "deposit", "ZUSD", "1000.0000"),
        "L2": row("T1", "2025-05-02 10:00:00", "trade", "ZUSD", "-900.0000", fee="3.6000"),
        "L3": row("T1", "2025-05-02 10:00:00", "trade", "XXBT", "0.0100000000"),
    }
    return book


@contextmanager
def venue(folder: Path, book: Book | None = None) -> Iterator[Venue]:
    server = ExchangeServer(
        book or small_book(),
        API_KEY,
        API_SECRET,
        lambda: Decimal(int(NOW.timestamp())),
        market.price,
    )
    with serving(server.app()) as url:
        key = folder / "kraken.json"
        key.touch(mode=0o600)
        key.write_text(json.dumps({"apiKey": API_KEY, "secret": API_SECRET}))
        config = folder / "syncer.toml"
        config.write_text(settings(url), encoding="utf-8")
        yield Venue(server, url, config)


def settings(url: str) -> str:
    return f"""\
[[account]]
name = "kraken"
kind = "exchange"
venue = "kraken"
broker = "Kraken"
key_file = "kraken.json"
api_url = "{url}"
rate_limit_ms = 1
[prices]
sources = ["kraken"]
[prices.kraken]
api_url = "{url}"
rate_limit_ms = 1
"""
