"""Lots and tax by commands alone: a journal in, an order on record, the year's papers out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.conftest import Run

HEAD = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity,fee_asset,fee_quantity,txid"
JOURNAL = """2023-01-02T12:00:00Z,buy,w,USD,1000,BTC,1,,,
2025-02-01T12:00:00Z,buy,w,USD,3000,BTC,1,USD,10,
2025-04-01T12:00:00Z,sell,w,BTC,1.5,USD,4500,USD,9,0xabc
"""


def test_journal_order_lots_disposals_tax_compare_and_form(
    run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCER_NOW", "2025-03-01T12:00:00Z")
    config.write_text("[taxpayer]\nordinary_income = 40000\n" + config.read_text())
    first, second, sale = JOURNAL.splitlines()
    (tmp_path / "bought.csv").write_text("\n".join((HEAD, first, second)))
    (tmp_path / "sold.csv").write_text("\n".join((HEAD, sale)))
    assert run("import", str(tmp_path / "bought.csv"), config=config).code == 0
    assert run("identify", "--rule", "hifo", "--account", "w", config=config).code == 0
    monkeypatch.setenv("SYNCER_NOW", "2025-05-01T12:00:00Z")
    assert run("import", str(tmp_path / "sold.csv"), config=config).code == 0

    (lot,) = run("lots", "--json", config=config).json["lots"]
    assert (lot["quantity"], lot["basis_usd"], lot["term_today"]) == ("0.5", "500.00", "long")
    rows = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    # 4,491.00 net of the fee: two thirds and one third
    assert [(r["proceeds_usd"], r["basis_usd"], r["gain_usd"], r["term"]) for r in rows] == [
        ("2994.00", "3010.00", "-16.00", "short"),
        ("1497.00", "500.00", "997.00", "long"),
    ]
    tax = run("tax", "--year", "2025", "--json", config=config).json["tax"]
    assert (tax["short_term_usd"], tax["long_term_usd"]) == ("-16.00", "997.00")
    assert tax["identifications"] == {"none": 0, "proved": 2, "attested": 0}
    compared = run("tax", "--year", "2025", "--compare", "--json", config=config)
    rows = compared.json["tax"]["compare"]["year"]
    assert [r["method"] for r in rows if r["allowed"]] == ["hifo"]
    fifo = next(r for r in rows if r["method"] == "fifo")
    # 1 of 1,000 for 2,994.00 long; 0.5 of 3,010 for 1,497.00 short
    assert (fifo["short_term_usd"], fifo["long_term_usd"]) == ("-8.00", "1994.00")

    done = run("report", "--year", "2025", "--out", str(tmp_path / "papers"), config=config)
    assert done.code == 0
    with (tmp_path / "papers" / "form-8949-2025.csv").open(newline="") as file:
        form = list(csv.DictReader(file))
    columns = ("part", "box", "description", "date_acquired", "date_sold", "gain", "identification")
    assert [tuple(r[c] for c in columns) for r in form] == [
        ("I", "I", "1 BTC, 0xabc", "02/01/2025", "04/01/2025", "-16.00", "proved"),
        ("II", "L", "0.5 BTC, 0xabc", "01/02/2023", "04/01/2025", "997.00", "proved"),
    ]
