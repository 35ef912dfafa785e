"""A Rev. Proc. 2024-28 allocation is checked, taken in whole or not at all, and stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Outcome, Run

JOURNAL = """time,kind,account,out_asset,out_quantity,in_asset,in_quantity
2019-07-01T12:00:00Z,buy,XYZ,USD,10,BTC,10
2020-09-01T12:00:00Z,buy,GHI,USD,100,BTC,20
2024-12-01T12:00:00Z,sell,XYZ,BTC,6,USD,60
2025-03-01T12:00:00Z,sell,GHI,BTC,2,USD,40
"""
HEAD = "type,rule_written_at,completed_at,asset,quantity,acquired_at,basis_usd,to_account\n"
# FIFO took six at 1: four at 1 and twenty at 5 are left
XYZ = ("4", "2019-07-01", "4", "XYZ")
GHI = ("20", "2020-09-01", "100", "GHI")


@pytest.fixture
def books(run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNCER_NOW", "2026-06-01T12:00:00Z")
    config.write_text(config.read_text() + '[lots]\nbefore_2025 = "universal"\n')
    (tmp_path / "j.csv").write_text(JOURNAL)
    assert run("import", str(tmp_path / "j.csv"), config=config).code == 0
    return config


def _allocate(
    run: Run,
    config: Path,
    *rows: tuple[str, ...],
    done: str = "2025-02-01T12:00:00Z",
    kind: str = "specific",
    written: str = "",
) -> Outcome:
    path = config.parent / "allocation.csv"
    lines = [",".join((kind, written, done, "BTC", *row)) for row in rows]
    path.write_text(HEAD + "\n".join(lines))
    return run("import", str(path), "--format", "allocation", config=config)


def _sale(run: Run, config: Path) -> tuple[str | None, list[str]]:
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    return row["basis_usd"], row["gaps"]


def test_allocation_that_fits_is_taken_and_again_changes_nothing(run: Run, books: Path) -> None:
    for new in (2, 0):
        done = _allocate(run, books, XYZ, GHI)
        assert (done.code, done.err) == (0, "")
        assert f"2 rows, {new} new records" in done.out
        assert _sale(run, books) == ("10.00", [])


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((XYZ,), "GHI held 20 units, the allocation gives it 0"),
        ((("5", *XYZ[1:]), GHI), "XYZ held 4 units, the allocation gives it 5"),
        ((("4", "2020-09-01", "20", "XYZ"), GHI), "each used once"),
        ((("4", "2019-07-01", "5", "XYZ"), GHI), "dates and basis must be theirs"),
        ((("4", "2019-07-02", "4", "XYZ"), GHI), "dates and basis must be theirs"),
        ((("-4", *XYZ[1:]), GHI), "quantity must be above zero"),
        ((("4", "0001-01-01T00:00:00+14:00", "4", "XYZ"), GHI), "not a time at which coins"),
    ],
)
def test_allocation_that_does_not_fit_is_refused_whole(
    rows: tuple[tuple[str, ...], ...], sentence: str, run: Run, books: Path
) -> None:
    done = _allocate(run, books, *rows)
    assert done.code == 2
    assert sentence in " ".join(done.err.split())
    assert "nothing of it was taken in" in " ".join(done.err.split())
    assert _allocate(run, books, XYZ, GHI).code == 0  # nothing of the first stands in the way


@pytest.mark.parametrize(
    ("kind", "written", "done", "sentence"),
    [
        ("specific", "", "2025-06-01T12:00:00Z", "the first disposition since 2025 was on"),
        ("specific", "", "2026-09-01T12:00:00Z", "completed_at lies in the future"),
        ("global", "2025-01-02T12:00:00Z", "2025-02-01T12:00:00Z", "written before 2025-01-01"),
        ("global", "2024-12-31T12:00:00Z", "2024-12-01T12:00:00Z", "was written after"),
        ("global", "", "2025-02-01T12:00:00Z", "needs rule_written_at"),
    ],
)
def test_allocation_out_of_time_is_refused(
    kind: str, written: str, done: str, sentence: str, run: Run, books: Path
) -> None:
    answer = _allocate(run, books, XYZ, GHI, done=done, kind=kind, written=written)
    assert answer.code == 2
    assert sentence in " ".join(answer.err.split())


def test_global_allocation_has_until_the_return_is_due(run: Run, books: Path) -> None:
    rows, late = (XYZ, GHI), "2025-06-01T12:00:00Z"
    done = _allocate(run, books, *rows, done=late, kind="global", written="2024-12-15T12:00:00Z")
    assert done.code == 0
    assert _sale(run, books) == ("10.00", [])


def test_rows_of_one_asset_are_all_specific_or_all_global(run: Run, books: Path) -> None:
    path = books.parent / "allocation.csv"
    done = "2025-02-01T12:00:00Z"
    rows = [
        ",".join(("specific", "", done, "BTC", *XYZ)),
        ",".join(("global", "2024-12-15T12:00:00Z", done, "BTC", *GHI)),
    ]
    path.write_text(HEAD + "\n".join(rows))
    answer = run("import", str(path), "--format", "allocation", config=books)
    assert answer.code == 2
    assert "BTC: its rows must be all specific or all global" in " ".join(answer.err.split())


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 2, 0, 3), (3, 2, 1, 0)])
def test_lots_a_cent_apart_are_allocated_in_any_order(
    order: tuple[int, ...], run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCER_NOW", "2026-06-01T12:00:00Z")
    config.write_text(config.read_text() + '[lots]\nbefore_2025 = "universal"\n')
    bought = "".join(
        f"2024-01-02T{hour}:00:00Z,buy,XYZ,USD,{usd},BTC,1\n"
        for hour, usd in ((12, "0.99"), (13, "1.00"), (14, "1.01"), (15, "1.02"))
    )
    head = JOURNAL.splitlines()[0]
    rest = "2024-03-01T12:00:00Z,buy,GHI,USD,9,BTC,1\n2024-04-01T12:00:00Z,sell,GHI,BTC,1,USD,8\n"
    (tmp_path / "j.csv").write_text(f"{head}\n{bought}{rest}")
    assert run("import", str(tmp_path / "j.csv"), config=config).code == 0
    rows = [("1", "2024-01-02", usd, "XYZ") for usd in ("1.00", "1.01", "1.02")]
    rows.append(("1", "2024-03-01", "9", "XYZ"))
    done = _allocate(run, config, *(rows[n] for n in order))
    assert (done.code, done.err) == (0, "")


def test_another_allocation_is_refused_as_irrevocable(run: Run, books: Path) -> None:
    assert _allocate(run, books, XYZ, GHI).code == 0
    again = _allocate(run, books, XYZ, GHI, done="2025-01-15T12:00:00Z")
    assert again.code == 2
    assert "an allocation is irrevocable" in " ".join(again.err.split())
    assert _sale(run, books) == ("10.00", [])


def test_per_account_books_take_no_allocation(run: Run, config: Path) -> None:
    done = _allocate(run, config, XYZ, GHI)
    assert done.code == 2
    assert 'an allocation needs [lots] before_2025 = "universal"' in " ".join(done.err.split())


def test_allocation_that_a_late_row_breaks_is_told_apart(
    run: Run, books: Path, tmp_path: Path
) -> None:
    assert _allocate(run, books, XYZ, GHI).code == 0
    late = "2024-12-15T12:00:00Z,buy,XYZ,USD,9,BTC,1"
    (tmp_path / "late.csv").write_text(f"{JOURNAL.splitlines()[0]}\n{late}\n")
    assert run("import", str(tmp_path / "late.csv"), config=books).code == 0
    assert _sale(run, books) == (None, ["allocation_needed"])
    items = run("review", "--json", config=books).json["review"]
    (item,) = [i for i in items if i["kind"] == "allocation_needed"]
    assert "does not fit the lots that were left" in item["detail"]
