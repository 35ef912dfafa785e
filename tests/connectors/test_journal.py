"""The journal in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import settings as configuration
from config.errors import DataError
from connectors.files import formulas, journal
from syncer import views
from syncer.books import Books
from syncer.pipeline import Pipeline
from syncer.reports.journal import journal_rows
from syncer.store.database import Database
from tests.conftest import GOLDEN, Run
from tests.reports.reporting import JOURNAL

# all worked examples, but for those that rest on more than a journal
ROUND_TRIPS = sorted(
    case.name
    for case in GOLDEN.iterdir()
    if (case / "journal.csv").exists() and not (case / "orders.json").exists()
)


def _own_settings(name: str, config: Path) -> None:
    own = GOLDEN / name / "settings.toml"
    if own.exists():
        config.write_text(own.read_text(encoding="utf-8") + config.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_is_written_reads_back_to_the_same_books(
    name: str, run: Run, config: Path, tmp_path: Path
) -> None:
    _own_settings(name, config)
    run("import", str(GOLDEN / name / "journal.csv"), config=config)
    written = tmp_path / "written.csv"
    expected = json.loads((GOLDEN / name / "expected.json").read_text(encoding="utf-8"))
    told = (key for section in expected.values() if isinstance(section, dict) for key in section)
    years = sorted({2025, *(int(key) for key in told if key.isdigit())})
    with _books(config) as books:
        rows, missing = journal_rows(books.events)  # as `syncer report` writes it
        written.write_text("".join(journal.write(rows)), encoding="utf-8")
        seen = _seen(books, years)
    assert missing == 0
    assert seen
    other = tmp_path / "other"
    other.mkdir()
    second = other / "syncer.toml"
    second.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
    done = run("import", str(written), config=second)
    assert (done.code, done.err) == (0, "")
    with _books(second) as books:
        assert _seen(books, years) == seen


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def _books(path: Path) -> Iterator[Books]:
    settings = configuration.load(path)
    database = Database(settings.database_url)
    with closing(Pipeline(settings, database, lambda: NOW).books()) as books:
        yield books
    database.close()


def _seen(books: Books, years: Iterable[int]) -> list[list[str]]:
    """All lots, and disposals and income of the years, but for what is named after a file."""
    rows: list[dict[str, Any]] = []
    zone, rests = books.settings.zone, books.shelf.rests_on
    for year in years:
        found = books.reconciliation(year)
        rows += [views.disposal(d, found, zone, rests) for d in books.disposals_in(year)]
        rows += [views.income(i) for i in books.incomes_in(year)]
    rows += [views.lot(x, NOW, zone) for x in books.lots]
    hidden = ("event_id", "disposal_id", "lot_id", "source_event", "road")
    return sorted([str(v) for k, v in r.items() if k not in hidden] for r in rows)


def test_importing_again_and_overlapping_files_change_nothing(
    run: Run, config: Path, tmp_path: Path
) -> None:
    header = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
    row = "2025-01-02T10:00:00Z,buy,w,USD,100,BTC,0.001\n"
    file = tmp_path / "journal.csv"
    file.write_text(header + row + row)  # two equal fills are two
    assert "2 rows, 2 new records" in run("import", str(file), config=config).out
    assert "2 rows, 0 new records" in run("import", str(file), config=config).out
    file.write_text(header + row)
    assert "1 rows, 0 new records" in run("import", str(file), config=config).out
    lots = run("lots", "--json", config=config).json["lots"]
    assert [x["quantity"] for x in lots] == ["0.001", "0.001"]


@given(
    st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["'=a", "''-1", "'", "-1"])
)
def test_a_guarded_cell_is_no_formula_and_reads_back(cell: str) -> None:
    written = formulas.guarded(cell)
    assert formulas.plain(written) == cell
    assert re.fullmatch(r"-?\d+(\.\d+)?", written) or not re.match(r"[=+\-@\t\r]", written)


def test_names_that_are_formulas_go_through_a_journal(run: Run, config: Path) -> None:
    row = "2025-01-02T12:00:00Z,buy,=cmd|x,USD,100,w:@sum,1,,\n"
    (config.parent / "j.csv").write_text(JOURNAL + row)
    assert run("import", str(config.parent / "j.csv"), config=config).code == 0
    out = config.parent / "out"
    run("report", "--year", "2025", "--out", str(out), config=config)
    written = (out / "journal.csv").read_text()
    assert "'=cmd|x" in written
    (found,), _ = journal.read(written)
    told = json.loads(found.body)
    assert (told["account"], told["in_asset"]) == ("=cmd|x", "w:@sum")


def test_bare_word_is_never_joined_to_a_listed_name(run: Run, config: Path, tmp_path: Path) -> None:
    file = tmp_path / "journal.csv"
    file.write_text(
        "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
        "2025-01-02T10:00:00Z,buy,w,USD,100,BTCX,0.001\n"
    )
    run("import", str(file), config=config)
    assert run("lots", "--json", config=config).json["lots"][0]["asset"] == "w:BTCX"
    kinds = {i["kind"] for i in run("review", "--json", config=config).json["review"]}
    assert kinds == {"new_account", "unknown_asset"}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"kind": "buy", "in_asset": "BTC", "in_quantity": "1"}, "a buy needs out_asset"),
        (
            {"kind": "buy", "out_asset": "ETH", "out_quantity": "1"}
            | {"in_asset": "BTC", "in_quantity": "1"},
            "a buy pays with money; write a trade for coin against coin",
        ),
        (
            {"kind": "transfer", "out_asset": "BTC", "out_quantity": "1"},
            "a transfer needs to_account, another than account",
        ),
        (
            {"kind": "transfer", "out_asset": "BTC", "out_quantity": "1", "to_account": "b"}
            | {"in_quantity": "2"},
            "in_quantity must be above zero and at most out_quantity",
        ),
        (
            {"kind": "transfer", "out_asset": "BTC", "out_quantity": "1", "to_account": "b"}
            | {"in_asset": "ETH"},
            "a transfer moves one asset: in_asset must equal out_asset",
        ),
        (
            {"kind": "opening", "in_asset": "BTC", "in_quantity": "1"},
            "an opening needs lot_acquired_at and lot_basis_usd",
        ),
        (
            {"kind": "inheritance", "in_asset": "BTC", "in_quantity": "1"}
            | {"lot_acquired_at": "2025-01-03"},
            "lot_acquired_at 2025-01-03 is later than the row's time",
        ),
        (
            {"kind": "buy", "out_asset": "USD", "out_quantity": "9", "in_asset": "BTC"}
            | {"in_quantity": "1", "lot_acquired_at": "2020-01-01", "lot_basis_usd": "5"},
            "a buy has no lot_acquired_at: its own time and cost are those of its lot",
        ),
        (
            {"kind": "income:staking", "in_asset": "SOL", "in_quantity": "1"}
            | {"fee_asset": "SOL", "fee_quantity": "2"},
            "fee_quantity is more than what was received",
        ),
        ({"kind": "fee", "fee_asset": "ETH"}, "fee_asset and fee_quantity go together"),
        ({"kind": "fee"}, "a fee needs fee_asset and fee_quantity"),
        (
            {"kind": "sell", "out_asset": "BTC", "out_quantity": "1"}
            | {"in_asset": "USD", "in_quantity": "5", "in_usd": "6"},
            "in_usd contradicts in_quantity: both are dollars",
        ),
        (
            {"kind": "deposit", "in_asset": "BTC", "in_quantity": "1", "out_asset": "BTC"},
            "a deposit has no out_asset",
        ),
        (
            {"kind": "deposit", "in_asset": "BTC", "in_quantity": "0"},
            "in_quantity must be above zero",
        ),
    ],
)
def test_rows_that_cannot_be(row: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        journal.entries_of_row({"time": "2025-01-02", "account": "a", **row}, "id")


@pytest.mark.parametrize("time", ["2025-01-02T08:00:00Z", "2025-01-02T00:30:00-05:00"])
def test_lot_may_be_acquired_on_the_day_of_its_row(time: str) -> None:
    row = {"kind": "inheritance", "account": "a", "in_asset": "SOL", "in_quantity": "1"}
    (entry,) = journal.entries_of_row({**row, "time": time, "lot_acquired_at": "2025-01-02"}, "id")
    assert entry.quantity == 1


def test_transfer_that_arrives_smaller_paid_a_fee() -> None:
    row = {"time": "2025-01-02", "account": "a", "to_account": "b", "kind": "transfer"}
    row |= {"out_asset": "BTC", "out_quantity": "1", "in_quantity": "0.9"}
    found = [(e.account, str(e.quantity), e.role) for e in journal.entries_of_row(row, "id")]
    assert found == [("a", "-0.9", "principal"), ("a", "-0.1", "fee"), ("b", "0.9", "principal")]
