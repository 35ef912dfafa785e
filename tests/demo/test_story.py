"""The demo's story against its spreadsheet: every figure, to the cent."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import GOLDEN, Run

pytestmark = pytest.mark.usefixtures("at_story_end")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((GOLDEN / "demo" / "expected.json").read_text(encoding="utf-8"))


def _same(found: Rows, wanted: Rows) -> None:
    """The same rows, whatever their order; only the fields that the spreadsheet has."""
    keys = sorted(wanted[0])
    cut = [{k: r[k] for k in keys} for r in found]
    assert sorted(map(str, cut)) == sorted(str({k: r[k] for k in keys}) for r in wanted)


def test_spreadsheet_is_what_its_script_makes(tmp_path: Path) -> None:
    for name in ("worksheet.py", "worksheet.md", "expected.json"):
        (tmp_path / name).write_bytes((GOLDEN / "demo" / name).read_bytes())
    subprocess.run([sys.executable, str(tmp_path / "worksheet.py")], check=True)
    for name in ("worksheet.md", "expected.json"):
        assert (tmp_path / name).read_bytes() == (GOLDEN / "demo" / name).read_bytes()


def test_every_lot_is_there(run: Run, synced: Path, expected: dict[str, Any]) -> None:
    found = run("lots", "--json", config=synced).json["lots"]
    assert {r["state"] for r in found} == {"held"}
    _same(found, expected["lots"])


@pytest.mark.parametrize("year", ["2024", "2025", "2026"])
def test_every_disposal_is_there(
    year: str, run: Run, synced: Path, expected: dict[str, Any]
) -> None:
    found = run("disposals", "--year", year, "--json", config=synced).json["disposals"]
    _same(found, expected["disposals"][year])
    assert {tuple(r["gaps"]) for r in found} == {()}


@pytest.mark.parametrize("year", ["2024", "2025", "2026"])
def test_every_income_row_is_there(
    year: str, run: Run, synced: Path, expected: dict[str, Any]
) -> None:
    found = run("income", "--year", year, "--json", config=synced).json["income"]
    _same(found, expected["income"][year])


@pytest.mark.parametrize("year", ["2024", "2025", "2026"])
def test_tax_of_the_year(year: str, run: Run, synced: Path, expected: dict[str, Any]) -> None:
    found = run("tax", "--year", year, "--json", config=synced).json["tax"]
    wanted = expected["tax"][year]
    assert {k: found[k] for k in wanted} == wanted


def test_harvest_figures(run: Run, synced: Path, expected: dict[str, Any]) -> None:
    found = run("harvest", "--json", config=synced).json
    _same(found["harvest"], expected["harvest"])
    (unpriced,) = found["not_for_sale"]
    assert (unpriced["asset"], unpriced["reasons"]) == ("GLDX", ["no_price"])


def test_form_lines_and_their_gaps(run: Run, synced: Path, expected: dict[str, Any]) -> None:
    found = run("reconcile", "--year", "2025", "--json", config=synced).json["reconcile"]
    wanted = expected["reconcile"]
    assert [{k: v for k, v in x.items() if k != "disposal_ids"} for x in found["lines"]] == wanted[
        "lines"
    ]
    assert [len(x["disposal_ids"]) for x in found["lines"]] == [1, 11, 11, 0]
    gaps = sorted([g["kind"], g["severity"], g["usd"]] for g in found["gaps"])
    assert sorted(gaps, key=str) == sorted(wanted["gaps"], key=str)


@pytest.mark.parametrize("year", ["2024", "2025"])
def test_schedule_d_totals(
    year: str, run: Run, synced: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    done = run("report", "--year", year, "--out", str(tmp_path / "out"), config=synced)
    assert done.code == 0
    with (tmp_path / "out" / f"schedule-d-{year}.csv").open(encoding="utf-8") as file:
        lines = {r["line"]: r for r in csv.DictReader(file)}
    for number, columns in expected["schedule_d"][year].items():
        row = lines[number]
        assert [row["proceeds"], row["basis"], row["adjustment"], row["gain"]] == columns
    assert lines["16"]["gain"] == expected["tax"][year]["net_usd"]


def test_sales_of_2026_await_the_form(run: Run, synced: Path) -> None:
    found = run("disposals", "--year", "2026", "--json", config=synced).json["disposals"]
    assert {r["box"] for r in found} == {None}
    gaps = run("reconcile", "--year", "2026", "--json", config=synced).json["reconcile"]["gaps"]
    assert [(g["kind"], g["usd"]) for g in gaps] == [("form_awaited", "2689.20")]


def test_events_are_named_by_rules(run: Run, synced: Path) -> None:
    found = run("events", "--year", "2025", "--account", "wallet", "--json", config=synced)
    assert [(e["kind"], e["rule"], e["confidence"]) for e in found.json["events"]] == [
        ("transfer", "same_transaction_hash", "sure"),
        ("wrap", "wrapped", "sure"),
        ("fee", "approval", "sure"),
        ("trade", "swapped", "sure"),
        ("fee", "failed_transaction", "sure"),
        ("spam", "lure", "likely"),
        ("transfer", "same_transaction_hash", "sure"),
    ]


def test_balances_are_proved_to_the_last_unit(run: Run, synced: Path) -> None:
    rows = run("balances", "--json", config=synced).json["balances"]
    assert {(r["account"], r["asset"]): (r["quantity"], r["difference"]) for r in rows} == {
        ("kraken", "BTC"): ("1.1727", "0"),
        ("kraken", "ETH"): ("1.6975", "0"),
        ("kraken", "SOL"): ("5.59", "0"),
        ("kraken", "USD"): ("76070.72", "0"),
        ("wallet", "ETH"): ("0.79555818", "0"),
        ("wallet", "GLDX"): ("800", "0"),
        ("wallet", "WETH"): ("0.2", "0"),
        ("wallet", "demo:0x82c839fa4a41e158f613ec8a1a84be3c816d370f"): ("9000", "0"),
    }


def test_review_holds_only_the_spam(run: Run, synced: Path) -> None:
    rows = run("review", "--json", config=synced).json["review"]
    assert [(r["kind"], r["quantity"], r["usd"]) for r in rows] == [("spam", "9000", None)]
