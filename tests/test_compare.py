"""`syncer tax --compare`: each method's year and sale today, and what the law allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run

# ten coins long-term at 100, ten short-term at 150 and ten at 120; four sold at 200 in 2025
JOURNAL = """time,kind,account,out_asset,out_quantity,in_asset,in_quantity
2020-01-02T12:00:00Z,buy,w,USD,1000,BTC,10
2025-01-02T12:00:00Z,buy,w,USD,1500,BTC,10
2025-02-02T12:00:00Z,buy,w,USD,1200,BTC,10
2025-03-01T12:00:00Z,sell,w,BTC,4,USD,800
"""


@pytest.fixture
def books(run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNCER_NOW", "2025-06-01T12:00:00Z")
    config.write_text("[taxpayer]\nordinary_income = 40000\n" + config.read_text())
    (tmp_path / "j.csv").write_text(JOURNAL)
    assert run("import", str(tmp_path / "j.csv"), config=config).code == 0
    return config


def _compare(run: Run, config: Path, *more: str) -> dict[str, Any]:
    done = run("tax", "--year", "2025", "--compare", *more, "--json", config=config)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = done.json["tax"]["compare"]
    return found


def test_year_under_each_method(run: Run, books: Path) -> None:
    rows = {r["method"]: r for r in _compare(run, books)["year"]}
    gains = {m: (r["short_term_usd"], r["long_term_usd"]) for m, r in rows.items()}
    assert gains == {
        "fifo": ("0.00", "400.00"),  # 4 x (200 - 100)
        "lifo": ("320.00", "0.00"),  # 4 x (200 - 120)
        "hifo": ("200.00", "0.00"),  # 4 x (200 - 150)
        "lofo": ("0.00", "400.00"),
        "tax_min": ("0.00", "400.00"),  # long at 0% costs nothing
        "average": ("0.00", "306.67"),  # 800 - 4 x 3700/30, dated by FIFO
    }
    # 40,000 single in 2025: 1,192.50 + 12% x 28,075; short gains at 12%
    assert rows["fifo"]["federal_tax_usd"] == "4561.50"
    assert rows["hifo"]["federal_tax_usd"] == "4585.50"


def test_only_what_was_identified_before_the_sales_was_allowed(run: Run, books: Path) -> None:
    rows = {r["method"]: r for r in _compare(run, books)["year"]}
    assert [m for m, r in rows.items() if r["allowed"]] == ["fifo"]
    assert rows["hifo"]["why"] == "an order with this rule was recorded before 0 of 1 sales"
    assert rows["average"]["why"].startswith("there is no average basis for digital assets")
    early = ("--effective", "2025-02-28T12:00:00Z", "--attested", "a letter")
    run("identify", "--rule", "hifo", "--account", "w", *early, config=books)
    rows = {r["method"]: r for r in _compare(run, books)["year"]}
    assert [m for m, r in rows.items() if r["allowed"]] == ["hifo"]
    assert rows["fifo"]["why"] == "1 of 1 sales followed an order with another rule, or named lots"
    assert rows["fifo"]["long_term_usd"] == "400.00"  # what FIFO would have given all the same


def test_named_lots_bound_the_sale_and_first_in_first_out_did_not(
    run: Run, books: Path, tmp_path: Path
) -> None:
    # a fee withheld from a purchase takes no lots, and uses up no record
    cut = "2025-02-28T18:00:00Z,buy,w,USD,150,BTC,1,BTC,0.01,1.50\n"
    head = f"{JOURNAL.splitlines()[0]},fee_asset,fee_quantity,fee_usd\n"
    (tmp_path / "cut.csv").write_text(head + cut)
    assert run("import", str(tmp_path / "cut.csv"), config=books).code == 0
    lot = ("--account", "w", "--asset", "BTC", "--lot", "2025-02-02T12:00:00Z:4")
    when = ("--before", "2025-03-01T12:00:00Z", "--recorded", "2025-02-28T12:00:00Z")
    assert run("identify", *lot, *when, "--attested", "a letter", config=books).code == 0
    rows = {r["method"]: r for r in _compare(run, books)["year"]}
    assert [m for m, r in rows.items() if r["allowed"]] == []
    assert rows["fifo"]["why"] == "1 of 1 sales followed an order with another rule, or named lots"


def test_record_that_an_earlier_sale_used_up_names_no_later_one(
    run: Run, books: Path, tmp_path: Path
) -> None:
    head = JOURNAL.splitlines()[0]
    (tmp_path / "early.csv").write_text(f"{head}\n2024-12-15T12:00:00Z,sell,w,BTC,1,USD,150\n")
    assert run("import", str(tmp_path / "early.csv"), config=books).code == 0
    letter = ("--attested", "a letter")
    order = ("--rule", "hifo", "--account", "w", "--effective", "2024-01-01T12:00:00Z")
    assert run("identify", *order, *letter, config=books).code == 0
    lot = ("--account", "w", "--asset", "BTC", "--lot", "2020-01-02T12:00:00Z:1")
    when = ("--before", "2025-12-31T12:00:00Z", "--recorded", "2024-12-01T12:00:00Z")
    assert run("identify", *lot, *when, *letter, config=books).code == 0
    rows = {r["method"]: r for r in _compare(run, books)["year"]}
    assert [m for m, r in rows.items() if r["allowed"]] == ["hifo"]


def test_sale_today_under_each_method(run: Run, books: Path) -> None:
    found = _compare(run, books, "--price", "BTC=110", "--sell", "0.25")["today"]
    rows = {r["method"]: r for r in found}
    # 26 are left, 6.5 are sold for 715.00; FIFO took 4 of the first lot
    gains = {m: (r["gain_short_usd"], r["gain_long_usd"]) for m, r in rows.items()}
    assert {r["quantity"] for r in found} == {"6.5"}
    assert gains == {
        "fifo": ("-20.00", "60.00"),  # 6 at 100, 0.5 at 150
        "lifo": ("-65.00", "0.00"),  # 6.5 at 120
        "hifo": ("-260.00", "0.00"),  # 6.5 at 150
        "lofo": ("-5.00", "60.00"),  # 6 at 100, 0.5 at 120
        "tax_min": ("-20.00", "60.00"),  # long at 0% costs nothing, so the dear lots stay
        "average": ("-8.46", "-101.54"),  # basis 3300/26 a unit, dated by FIFO
    }
    assert rows["hifo"]["allowed"]
    assert "if recorded before the sale" in rows["hifo"]["why"]
    assert not rows["average"]["allowed"]


def test_share_to_sell_must_be_a_part(run: Run, books: Path) -> None:
    done = run("tax", "--year", "2025", "--compare", "--sell", "2", config=books)
    assert (done.code, done.err.strip()) == (2, "--sell is a part: above 0 and at most 1")


def test_comparison_is_readable(run: Run, books: Path) -> None:
    done = run("tax", "--year", "2025", "--compare", "--price", "BTC=110", config=books)
    assert done.code == 0
    assert "2025 under each method" in done.out
    assert "A sale today" in done.out


def test_earlier_years_stay_as_they_were(
    run: Run, books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An identification of this year that may still wait next year bound a sale of this year."""
    before = ("--before", "2026-01-15T00:00:00Z")
    lot = ("--account", "w", "--asset", "BTC", "--lot", "2025-01-02T12:00:00Z:10")
    assert run("identify", *lot, *before, config=books).code == 0
    head = JOURNAL.splitlines()[0]
    rows = (
        "2025-12-20T12:00:00Z,sell,w,BTC,10,USD,2000\n2026-02-20T12:00:00Z,sell,w,BTC,16,USD,3200\n"
    )
    (tmp_path / "more.csv").write_text(f"{head}\n{rows}")
    monkeypatch.setenv("SYNCER_NOW", "2026-06-01T12:00:00Z")
    assert run("import", str(tmp_path / "more.csv"), config=books).code == 0
    done = run("tax", "--year", "2026", "--compare", "--json", config=books).json["tax"]
    # what is left in 2026 is 6 at 100 and 10 at 120, and all of it is sold
    assert {r["net_usd"] for r in done["compare"]["year"]} == {done["net_usd"]} == {"1400.00"}
