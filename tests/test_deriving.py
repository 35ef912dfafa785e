"""Stored records to books: what one source said oddly stops no other, fills are added."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from config.accounts import Account
from config.sections import Prices
from config.settings import Settings
from connectors.records import Page, RawRecord
from syncer.deriving import Deriving
from syncer.events import DUPLICATE, Event
from syncer.files import import_file
from syncer.pipeline import Pipeline
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.shelf import StoredShelf

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS = (
    Account(name="us", kind="exchange", venue="binanceus"),
    Account(name="k", kind="exchange", venue="kraken"),
)
PAIR = RawRecord("us", "pairs", "DOGEUSD", None, '{"baseAsset": "DOGE", "quoteAsset": "USD"}')


def fill(number: int) -> RawRecord:
    row = {
        "symbol": "DOGEUSD",
        "id": number,
        "orderId": number,
        "price": "0.2",
        "qty": "100",
        "quoteQty": "20.0",
        "commission": "0.1",
        "commissionAsset": "USD",
        "time": 1_750_000_000_000 + number,
        "isBuyer": True,
    }
    return RawRecord("us", "trades", f"DOGEUSD:{number}", None, json.dumps(row))


def ledger(number: int, asset: str, amount: str) -> RawRecord:
    row = {"asset": asset, "amount": amount, "fee": "0", "type": "trade", "refid": "T"}
    row |= {"time": "1750000000.5"}
    return RawRecord("k", "ledgers", f"L{number}", None, json.dumps(row))


class Books:
    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'x.db'}")
        migrate(self.database)
        settings = Settings(account=ACCOUNTS, prices=Prices(sources=()))
        self.pipeline = Pipeline(settings, self.database, lambda: NOW)

    def take(self, *said: RawRecord) -> None:
        with self.database.write() as connection:
            for one in said:
                records.write_page(connection, one.source, Page(one.stream, (one,), "1"), NOW)
        asyncio.run(self.pipeline.derive())

    def held(self) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        with self.database.read() as connection:
            for lot in StoredShelf(connection).lots:
                sums[lot.asset] = sums.get(lot.asset, Decimal(0)) + lot.quantity
        return sums

    def problems(self) -> list[str]:
        return [p.sentence for p in self.pipeline.books().problems]


def test_records_that_break_a_reader_are_told_of_and_other_sources_are_read(tmp_path: Path) -> None:
    books = Books(tmp_path)
    odd = RawRecord("us", "pairs", "BTCUSD", None, "{not JSON")
    books.take(odd, fill(1), ledger(1, "XXBT", "1"), ledger(2, "ZUSD", "-60000"))
    assert books.held() == {"BTC": Decimal(1)}
    (sentence,) = books.problems()
    assert sentence.startswith("its records cannot be read (JSONDecodeError")
    books.take(fill(2), ledger(3, "XXBT", "2"), ledger(4, "ZUSD", "-120000"))
    assert books.held() == {"BTC": Decimal(3)}


def test_a_later_fill_is_added_to_the_books_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books(tmp_path)
    books.take(PAIR, fill(1))
    with monkeypatch.context() as patch:
        patch.setattr(Deriving, "_anew", lambda self: pytest.fail("derived anew"))
        books.take(fill(2))
    assert books.held() == {"DOGE": Decimal(200)}
    added = books.pipeline.stored_digest()
    assert books.pipeline.rebuild() == added
    # what a pair is made of may make older fills readable: all is read again
    books.take(
        RawRecord("us", "pairs", "ADAUSD", None, '{"baseAsset": "ADA", "quoteAsset": "USD"}')
    )
    assert books.held() == {"DOGE": Decimal(200)}


def test_a_fill_beside_rows_that_are_held_out_is_compared_with_them(tmp_path: Path) -> None:
    """The journal's row is out for one fill that looks alike; then its very twin comes."""
    books = Books(tmp_path)
    twin = 1_750_000_000_000 + 36_000_000
    told = datetime.fromtimestamp(twin / 1000, UTC).isoformat()
    file = tmp_path / "journal.csv"
    head = "id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity,fee_asset,fee_quantity"
    file.write_text(f"{head}\n1,{told},buy,us,USD,20.0,DOGE,100,USD,0.1\n")
    import_file(books.database, file, NOW)
    books.take(PAIR, fill(1))
    assert [e.confidence for e in _duplicates(books)] == ["unsure"]
    books.take(fill(36_000_000))
    assert [e.confidence for e in _duplicates(books)] == ["likely"]
    added = books.pipeline.stored_digest()
    assert books.pipeline.rebuild() == added


def _duplicates(books: Books) -> list[Event]:
    return [e for e in books.pipeline.books().events if e.kind == DUPLICATE]


@pytest.mark.parametrize(
    ("field", "value", "is_old"),
    [
        ("api_url", "http://127.0.0.1:1", False),
        ("rate_limit_ms", 7, False),
        ("key_file", "other.json", False),
        ("min_sale_usd", Decimal(5), False),
        ("fee_percent", Decimal(1), False),
        ("pool", "P", True),
        ("broker", "B", True),
        ("name", "other", True),
    ],
)
def test_books_are_old_only_where_settings_decide_what_they_are(
    tmp_path: Path, field: str, value: object, is_old: bool
) -> None:
    books = Books(tmp_path)
    books.take(fill(1))
    changed = Account.model_validate({**ACCOUNTS[0].model_dump(), field: value})
    settings = Settings(account=(changed, ACCOUNTS[1]), prices=Prices(sources=()))
    assert Deriving(settings, books.database).is_old() is is_old
