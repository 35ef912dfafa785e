"""Later records added to the books as they are give the same books as deriving all anew."""

from __future__ import annotations

import asyncio
import csv
import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from config.settings import Settings
from connectors.files import journal
from syncer.deriving import Deriving
from syncer.files import import_file
from syncer.ledger.decisions import Decision
from syncer.lots.terms import StandingOrder
from syncer.pipeline import Pipeline
from syncer.store import decisions, identifications
from syncer.store.database import Database
from syncer.store.migrate import migrate

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2024, 12, 1, tzinfo=UTC)
COINS = ("BTC", "ETH", "SOL", "w:FOO")


class Books:
    """Books in a file, with their settings, fed by journals."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder, self.count = folder, 0
        self.database = Database(f"sqlite:///{folder / 'x.db'}")
        migrate(self.database)
        self.settings = Settings(**{"prices": {"sources": ()}, **settings})  # type: ignore[arg-type]
        self.pipeline = Pipeline(self.settings, self.database, lambda: NOW)

    def take(self, rows: list[dict[str, str]]) -> None:
        self.count += 1
        path = self.folder / f"{self.count}.csv"
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, journal.COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(buffer.getvalue())
        import_file(self.database, path, NOW)
        asyncio.run(self.pipeline.derive())


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes each time that all is derived anew."""
    calls: list[str] = []
    whole = Deriving.anew

    def noted(self: Deriving) -> object:
        calls.append("anew")
        return whole(self)

    monkeypatch.setattr(Deriving, "anew", noted)
    return calls


def _row(chance: random.Random, at: datetime, number: int) -> dict[str, str]:
    def units() -> str:
        return str(Decimal(chance.randint(1, 5000)) / 1000)

    kinds = ("buy", "buy", "buy", "sell", "sell", "trade", "spend", "gift_in", "gift_out")
    more = ("income:staking", "fee", "opening", "inheritance", "lost", "transfer")
    kind = chance.choice(kinds + more)
    out, into = chance.sample(COINS, 2)
    account = chance.choice("ab")
    row = {"id": f"r{number}", "time": at.isoformat(), "kind": kind, "account": account}
    if "o" in journal.KINDS[kind]:
        row |= {"out_asset": "USD" if kind == "buy" else out, "out_quantity": units()}
    if "i" in journal.KINDS[kind]:
        row |= {"in_asset": "USD" if kind == "sell" else into, "in_quantity": units()}
        row |= {"in_usd": units()} if kind not in ("sell", "buy") and chance.random() < 0.9 else {}
    if kind == "transfer":
        row["to_account"] = "b" if account == "a" else "a"
    if kind in ("opening", "gift_in", "inheritance"):
        row |= {"lot_acquired_at": "2023-05-05", "lot_basis_usd": units()}
    if kind == "fee" or chance.random() < 0.3:
        row |= {"fee_asset": chance.choice((*COINS, "USD")), "fee_quantity": units()}
    if kind.startswith("income:") and row.get("fee_asset") == row["in_asset"]:
        row["fee_quantity"] = min(row["fee_quantity"], row["in_quantity"], key=Decimal)
    return row


def _history(chance: random.Random, length: int) -> list[dict[str, str]]:
    at, rows = START, []
    for number in range(length):
        at += timedelta(hours=chance.choice((0, 1, 24, 240)) if number % 5 else 48)
        rows.append(_row(chance, at, number))
    return rows


SETTINGS = (
    {},
    {"account": [{"name": n, "kind": "manual", "broker": "B"} for n in "ab"]},
    {"lots": {"transfer_order": "lifo", "method": "hifo"}},
    {"lots": {"before_2025": "universal"}},
)


@pytest.mark.parametrize("seed", range(24))
def test_batch_by_batch_gives_the_same_books(seed: int, tmp_path: Path, anew: list[str]) -> None:
    chance = random.Random(seed)
    books = Books(tmp_path, **SETTINGS[seed % len(SETTINGS)])  # type: ignore[arg-type]
    rule = chance.choice(("fifo", "lifo", "hifo", "lofo"))
    with books.database.write() as connection:
        order = StandingOrder("a", None, rule, START, "proved")
        identifications.add_order(connection, order, START, None)
    rows = _history(chance, chance.randint(25, 80))
    cuts = sorted(chance.sample(range(5, len(rows), 5), 3))
    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        books.take(rows[start:end])
        added = books.pipeline.stored_digest()
        stored = books.pipeline.books()
        found = (stored.shelf.gains, stored.review)
        assert books.pipeline.rebuild() == added, rows[start:end]
        derived = books.pipeline.books()
        assert (derived.shelf.gains, derived.review) == found
    assert len(anew) <= len(cuts)  # some batch was added (the first is derived anew)


def test_pool_of_the_name_of_another_account_is_one_pool(tmp_path: Path) -> None:
    books = Books(tmp_path, account=[{"name": "a", "kind": "manual", "pool": "P"}])
    row = {"kind": "buy", "out_asset": "USD", "out_quantity": "1", "in_asset": "BTC"}
    row |= {"in_quantity": "1"}
    sold = {"kind": "sell", "out_asset": "BTC", "out_quantity": "1", "in_asset": "USD"}
    books.take(
        [
            {"time": "2025-01-05", "account": "a", **row},
            {"time": "2025-02-05", "account": "P", **row},
        ]
    )
    books.take([{"time": "2025-03-05", "account": "P", "in_quantity": "2", **sold}])
    (lot,) = books.pipeline.books().lots
    assert (lot.account, lot.pool) == ("a", "P")  # the one of 2025-02-05, which is now a's
    added = books.pipeline.stored_digest()
    assert books.pipeline.rebuild() == added


@pytest.mark.parametrize("seed", range(24))
def test_batches_in_any_order_give_the_same_books(
    seed: int, tmp_path: Path, anew: list[str]
) -> None:
    chance = random.Random(f"late {seed}")
    books = Books(tmp_path, **SETTINGS[seed % len(SETTINGS)])  # type: ignore[arg-type]
    rows = _history(chance, chance.randint(25, 80))
    batches = [rows[n : n + 5] for n in range(0, len(rows), 5)]
    chance.shuffle(batches)
    for batch in batches[:6]:
        books.take(batch)
        added, stored = books.pipeline.stored_digest(), books.pipeline.books()
        found = (stored.shelf.gains, stored.review)
        assert books.pipeline.rebuild() == added, batch
        derived = books.pipeline.books()
        assert (derived.shelf.gains, derived.review) == found


def test_late_trade_starts_only_its_own_lots_anew(
    tmp_path: Path, anew: list[str], engine: str
) -> None:
    books = Books(tmp_path)
    place = "rowid" if engine == "sqlite" else "ctid::text"
    rows = f"SELECT {place}, disposal_id FROM disposal"

    def trade(kind: str, account: str, coin: str, day: int) -> dict[str, str]:
        out, into = ("USD", coin) if kind == "buy" else (coin, "USD")
        row = {"time": f"2025-01-{day:02}T12:00:00Z", "kind": kind, "account": account}
        row |= {"out_asset": out, "out_quantity": "1" if kind == "sell" else "100"}
        return row | {"in_asset": into, "in_quantity": "1" if kind == "buy" else "150"}

    books.take(
        [trade("buy", a, coin, 10) for a in "ab" for coin in ("BTC", "ETH")]
        + [trade("sell", a, coin, 20) for a in "ab" for coin in ("BTC", "ETH")]
    )
    with books.database.read() as connection:
        before = set(connection.exec_driver_sql(rows).all())
    books.take([trade("buy", "a", "BTC", 5)])
    assert len(anew) == 1
    with books.database.read() as connection:
        after = set(connection.exec_driver_sql(rows).all())
        dates = connection.exec_driver_sql(
            "SELECT account, asset, substr(acquired_at, 1, 10) FROM disposal ORDER BY 1, 2"
        ).all()
    assert len(before - after) <= 1  # only the sale of BTC at a is another row
    assert dates == [
        ("a", "BTC", "2025-01-05"),
        ("a", "ETH", "2025-01-10"),
        ("b", "BTC", "2025-01-10"),
        ("b", "ETH", "2025-01-10"),
    ]


def test_trades_that_come_later_are_added(tmp_path: Path, anew: list[str]) -> None:
    books = Books(tmp_path)
    rows = [
        {"time": f"2025-01-{d:02}T12:00:00Z", "kind": "buy", "account": "a", "out_asset": "USD"}
        | {"out_quantity": "100", "in_asset": "BTC", "in_quantity": str(d)}
        for d in range(1, 20)
    ]
    sale = {"time": "2025-02-01T12:00:00Z", "kind": "sell", "account": "a", "out_asset": "BTC"}
    sale |= {"out_quantity": "50", "in_asset": "USD", "in_quantity": "900"}
    books.take(rows)
    books.take([sale])
    books.take([sale | {"time": "2025-02-02T12:00:00Z"}])
    assert len(anew) == 1  # the first time only
    (year,) = books.pipeline.books().shelf.gains
    assert year == 2025


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "deposit", "in_asset": "BTC", "in_quantity": "1"},  # may match a withdrawal
        {"id": "r1", "in_quantity": "7"},  # a row that is known has changed
    ],
)
def test_what_may_change_the_past_is_derived_anew(
    change: dict[str, str], tmp_path: Path, anew: list[str]
) -> None:
    books = Books(tmp_path)
    row = {"id": "r1", "time": "2025-01-02T12:00:00Z", "kind": "buy", "account": "a"}
    row |= {"out_asset": "USD", "out_quantity": "100", "in_asset": "BTC", "in_quantity": "5"}
    books.take([row])
    new = {**row, "id": "r2", "time": "2025-01-03T12:00:00Z", **change}
    if new["kind"] == "deposit":
        new = {k: v for k, v in new.items() if not k.startswith("out")}
    books.take([new])
    assert len(anew) == 2
    added = books.pipeline.stored_digest()
    assert books.pipeline.rebuild() == added


def test_changed_settings_derive_anew_before_anything_is_shown(tmp_path: Path) -> None:
    books = Books(tmp_path)
    row = {"time": "2025-01-01T02:00:00Z", "kind": "income:staking", "account": "a"}
    sale = {"time": "2025-06-01T12:00:00Z", "kind": "sell", "account": "a", "out_asset": "BTC"}
    sale |= {"out_quantity": "1", "in_asset": "USD", "in_quantity": "90"}
    books.take([row | {"in_asset": "BTC", "in_quantity": "1", "in_usd": "50"}, sale])
    late = {**sale, "time": "2026-01-01T02:00:00Z"}
    books.take([late])
    assert set(books.pipeline.books().shelf.gains) == {2025}  # New Year's Eve in New York
    there = Settings(prices={"sources": ()}, taxpayer={"time_zone": "UTC"})  # type: ignore[arg-type]
    assert set(Pipeline(there, books.database, lambda: NOW).books().shelf.gains) == {2025, 2026}


def test_halves_that_came_together_may_belong_to_ones_that_are_stored(
    tmp_path: Path, anew: list[str]
) -> None:
    """Two withdrawals could be the one that arrived: joined alone, the later one would be it."""
    out = {"kind": "withdrawal", "account": "a", "out_asset": "BTC", "out_quantity": "1"}
    into = {"kind": "deposit", "account": "b", "in_asset": "BTC", "in_quantity": "1"}
    books = Books(tmp_path)
    books.take([out | {"time": "2025-03-01T12:00:00Z"}])
    late = [out | {"time": "2025-03-01T13:00:00Z"}, into | {"time": "2025-03-01T14:00:00Z"}]
    books.take(late)
    assert len(anew) == 2
    kinds = sorted(e.kind for e in books.pipeline.books().shelf.events)
    assert kinds == ["deposit", "withdrawal", "withdrawal"]


def test_what_a_rule_names_may_be_the_half_of_what_is_stored(
    tmp_path: Path, anew: list[str]
) -> None:
    """The rule is for what stays open: this withdrawal does not, for its deposit is known."""
    books = Books(tmp_path)
    with books.database.write() as connection:
        rule = Decision("unmatched_withdrawal:account=a", "spend", NOW)
        decisions.add_decision(connection, rule, "me")
    into = {"kind": "deposit", "account": "b", "in_asset": "BTC", "in_quantity": "1"}
    out = {"kind": "withdrawal", "account": "a", "out_asset": "BTC", "out_quantity": "1"}
    books.take([into | {"time": "2025-03-01T14:00:00Z"}])
    books.take([out | {"time": "2025-03-01T13:00:00Z"}, out | {"time": "2025-05-01T13:00:00Z"}])
    assert len(anew) == 2
    kinds = sorted(e.kind for e in books.pipeline.books().shelf.events)
    assert kinds == ["spend", "transfer"]
