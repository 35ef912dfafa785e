"""The papers of a year: official PDFs read back and held against the CSV, and all the rest."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from config import official
from config.official import official_forms
from syncer.reports.fill import read_back
from syncer.reports.money import Money
from tests.conftest import Run
from tests.reports.reporting import FORM, JOURNAL, number, report, rows, settle, take_in

D = Decimal


def _many(count: int, year: int = 2025) -> str:
    """Sales of one lot each: every third held for long, every second at a loss."""
    rows = []
    for n in range(count):
        bought = f"{year - 2 if n % 3 == 0 else year}-01-{n % 27 + 1:02}T15:{n % 60:02}:00Z"
        cost, brought = 1000 + n, 1400 if n % 2 else 700
        rows.append(f"{bought},buy,b,USD,{cost},b:C{n},1,USD,1.50")
        sold = f"{year}-0{n % 7 + 2}-15T15:{n % 60:02}:00Z"
        rows.append(f"{sold},sell,b,b:C{n},1,USD,{brought},USD,2.25")
    return JOURNAL + "\n".join(rows) + "\n"


def _printed(found: dict[str, str], year: int) -> list[list[str]]:
    """All rows of all copies, with the box of their page."""
    forms = official_forms(year)
    assert forms
    rows = []
    copies = sorted({n.partition(".")[0] for n in found}, key=lambda c: int(c.split("-")[-1]))
    for copy in copies:
        for name, part in forms.form_8949.parts.items():

            def value(field: str, copy: str = copy) -> str:
                return found.get(f"{copy}.{field.removeprefix('topmostSubform[0].')}", "")

            ticked = [b for b, (f, on) in part.boxes.items() if value(part.prefix + f) == on]
            cells = [
                [value(part.cell(r, c)) for c in official.COLUMNS]
                for r in range(1, forms.form_8949.rows + 1)
            ]
            told = [c for c in cells if any(c)]
            assert len(ticked) == (1 if told else 0)
            rows += [[name, ticked[0], *c] for c in told]
            _totals_are_right(part, value, told)
    return rows


def _totals_are_right(part: official.Part, value: Any, rows: list[list[str]]) -> None:
    for place, column in ((3, "d"), (4, "e"), (6, "g"), (7, "h")):
        total = value(part.prefix + part.totals[column])
        assert number(total) == sum((number(r[place]) for r in rows), D(0))


@pytest.mark.parametrize(("year", "copies"), [(2025, 3), (2024, 2)])
def test_every_field_read_back_is_the_csv(
    year: int, copies: int, run: Run, config: Path, blanks: Path
) -> None:
    """25 rows in one part are 3 copies of 11 in 2025 and 2 of 14 in 2024."""
    settle(config)
    take_in(run, config, "j.csv", _many(37, year))
    out, _ = report(
        run, config, year, "--forms", str(blanks), "--name", "Zoë Ünal", "--without-forms"
    )
    pdf = (out / f"form-8949-{year}.pdf").read_bytes()
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 2 * copies
    found = read_back(pdf)
    assert found[
        "form-8949-1.Page1[0].f1_01[0]" if year == 2025 else "form-8949-1.Page1[0].f1_1[0]"
    ]
    printed = sorted(_printed(found, year))
    money = Money().printed
    wanted = [
        [
            r["part"],
            r["box"],
            r["description"],
            r["date_acquired"],
            r["date_sold"],
            money(D(r["proceeds"])),
            money(D(r["basis"])),
            r["codes"],
            money(D(r["adjustment"])) if r["codes"] else "",
            money(D(r["gain"])),
        ]
        for r in rows(out / f"form-8949-{year}.csv")
    ]
    assert (len(printed), printed) == (37, sorted(wanted))


def test_schedule_d_foots_with_form_8949_and_answers_what_follows(
    run: Run, config: Path, blanks: Path
) -> None:
    settle(config, taxpayer="carryover_short = 100\ncarryover_year = 2025\n")
    take_in(run, config, "j.csv", _many(6))
    out, warnings = report(run, config, 2025, "--forms", str(blanks), "--without-forms")
    lines = {r["line"]: r for r in rows(out / "schedule-d-2025.csv")}
    found = read_back((out / "schedule-d-2025.pdf").read_bytes())
    forms = official_forms(2025)
    assert forms

    def printed(line: str, column: str = "h") -> str:
        field = forms.schedule_d.lines[line][column].removeprefix("topmostSubform[0].")
        return found.get(f"schedule-d-1.{field}", "")

    money = Money().printed
    for line in ("3", "10"):
        for column, name in zip("degh", ("proceeds", "basis", "adjustment", "gain"), strict=True):
            assert printed(line, column) == money(D(lines[line][name]))
    assert printed("6") == "100.00"  # the parentheses are on the paper
    assert printed("7") == money(D(lines["3"]["gain"]) - 100)
    assert printed("16") == money(D(lines["7"]["gain"]) + D(lines["15"]["gain"]))
    assert printed("21") == (money(-D(lines["21"]["gain"])) if D(lines["16"]["gain"]) < 0 else "")
    assert any("qualified opportunity funds" in w for w in warnings)


def test_what_has_no_line_leaves_the_sums_of_schedule_d_open(
    run: Run, config: Path, blanks: Path
) -> None:
    settle(config, taxpayer="other_short_term = 250\n")
    take_in(run, config, "j.csv", _many(3))
    out, warnings = report(run, config, 2025, "--forms", str(blanks), "--without-forms")
    found = read_back((out / "schedule-d-2025.pdf").read_bytes())
    forms = official_forms(2025)
    assert forms
    for line in ("7", "15", "16", "21"):
        field = forms.schedule_d.lines[line]["h"].removeprefix("topmostSubform[0].")
        assert f"schedule-d-1.{field}" not in found
    assert any(
        "$250.00 (short-term from outside the ledger) is on no line yet" in w for w in warnings
    )


def test_exception_1_leaves_rows_out_only_where_it_is_wished(
    run: Run, config: Path, blanks: Path
) -> None:
    """Instructions for Schedule D, line 8a: 6,000 / 2,000 and 5,000 / 3,000 are 11,000 / 5,000 /
    6,000; a wrong basis stays on Form 8949."""
    settle(config)
    journal = JOURNAL + "".join(
        f"2023-01-0{n}T15:00:00Z,buy,b,USD,{cost},b:C{n},1,,\n"
        f"2025-03-0{n}T15:00:00Z,sell,b,b:C{n},1,USD,{brought},,\n"
        for n, cost, brought in ((1, 2000, 6000), (2, 3000, 5000), (3, 400, 900))
    )
    take_in(run, config, "j.csv", journal)
    form = FORM + "".join(
        f"Broker,1,2025,{n},b:C{n},1,2023-01-0{n},2025-03-0{n},{p},{b},true,long,false\n"
        for n, p, b in ((1, 6000, 2000), (2, 5000, 3000), (3, 900, 500))
    )
    take_in(run, config, "f.csv", form)
    out, _ = report(run, config, 2025, "--forms", str(blanks))
    lines = {r["line"]: r for r in rows(out / "schedule-d-2025.csv")}
    assert (lines["8a"]["gain"], lines["8b"]["gain"]) == ("0.00", "6500.00")
    config.write_text(config.read_text() + "[report]\nexception_1 = true\n")
    out, _ = report(run, config, 2025, "--forms", str(blanks))
    lines = {r["line"]: r for r in rows(out / "schedule-d-2025.csv")}
    total = [lines["8a"][k] for k in ("proceeds", "basis", "gain")]
    assert total == ["11000.00", "5000.00", "6000.00"]
    assert [lines["8b"][k] for k in ("proceeds", "basis", "adjustment", "gain")] == [
        "900.00", "500.00", "100.00", "500.00",
    ]  # fmt: skip
    printed = _printed(read_back((out / "form-8949-2025.pdf").read_bytes()), 2025)
    assert [(r[1], r[2], r[7], r[9]) for r in printed] == [("J", "1 b:C3", "B", "500.00")]


def test_exception_2_is_a_row_a_broker_and_a_statement(
    run: Run, config: Path, blanks: Path
) -> None:
    settle(config, "[report]\nexception_2 = true\n")
    take_in(run, config, "j.csv", _many(12))
    out, _ = report(run, config, 2025, "--forms", str(blanks), "--without-forms")
    made = rows(out / "form-8949-2025.csv")
    printed = _printed(read_back((out / "form-8949-2025.pdf").read_bytes()), 2025)
    assert [(r[0], r[1], r[2], r[3], r[7]) for r in printed] == [
        ("I", "I", "Broker see attached statement", "", "M"),
        ("II", "L", "Broker see attached statement", "", "M"),
    ]
    money = Money().printed
    for part, row in zip(("I", "II"), printed, strict=True):
        mine = [r for r in made if r["part"] == part]
        assert number(row[5]) == sum((D(r["proceeds"]) for r in mine), D(0))
        assert number(row[9]) == sum((D(r["gain"]) for r in mine), D(0))
    statement = "\n".join(
        p.extract_text() for p in PdfReader(out / "statement-8949-2025.pdf").pages
    )
    assert all(r["description"] in statement for r in made)
    totals = [r for r in rows(out / "statement-8949-2025.csv") if "Total" in r["description"]]
    assert [money(D(r["gain"])) for r in totals] == [r[9] for r in printed]


def test_a_blank_that_is_another_edition_is_refused(run: Run, config: Path, blanks: Path) -> None:
    settle(config)
    take_in(run, config, "j.csv", _many(1))
    (blanks / "f8949-2025.pdf").write_bytes(b"%PDF-1.7 of another year")
    out = config.parent / "out"
    words = ("report", "--year", "2025", "--out", str(out), "--forms", str(blanks))
    done = run(*words, config=config)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "is not the f8949-2025.pdf that Syncer knows (its SHA-256 differs)" in done.err
    (blanks / "f8949-2025.pdf").unlink()
    done = run(*words, config=config)
    assert "--download-forms gets it from irs.gov" in done.err


def test_other_papers_say_what_they_are_about(run: Run, config: Path) -> None:
    settle(config)
    told = (
        "2025-01-02T15:00:00Z,buy,b,USD,1000,ETH,1,USD,4\n"
        "2025-02-02T15:00:00Z,income:staking,b,,,ETH,0.1,,\n"
        "2025-03-02T15:00:00Z,sell,b,ETH,0.5,USD,700,USD,3.50\n"
        "2025-04-02T15:00:00Z,sell,b,ETH,0.5,USD,300,,\n"
    )
    take_in(run, config, "j.csv", JOURNAL + told)
    take_in(
        run,
        config,
        "f.csv",
        FORM + "Broker,1,2025,1,Ethereum,0.5,2025-01-02,2025-03-02,700,502,true,short,false\n",
    )
    out, warnings = report(run, config, 2025)
    assert [r["kind"] for r in rows(out / "digital-assets-2025.csv")] == [
        "income:staking", "sell", "sell",
    ]  # fmt: skip
    assert [(r["month"], r["kind"], r["usd"]) for r in rows(out / "fees-by-month-2025.csv")] == [
        ("2025-01", "commission", "4.00"), ("2025-03", "commission", "3.50"),
    ]  # fmt: skip
    turbotax = rows(out / "turbotax-2025.csv")
    assert turbotax[0] == {
        "Currency Name": "ETH", "Purchase Date": "01/02/2025", "Cost Basis": "505.50",
        "Date Sold": "03/02/2025", "Proceeds": "700.00",
    }  # fmt: skip
    txf = (out / "form-8949-2025.txf").read_text().split("\n")
    assert "N321" in txf
    assert "P0.5 ETH" in txf
    assert any("TXF format is of 2011" in w for w in warnings)
    assert any("official PDFs are not filled in" in w for w in warnings)
    summary = PdfReader(out / "summary-2025.pdf")
    text = summary.pages[0].extract_text()
    assert len(summary.pages) == 1
    assert "This year is NOT complete" in text  # the reward has no price
    assert "receipts of income without a price" in text


def test_the_audit_bundle_has_every_lots_road_and_proves_itself(
    run: Run, config: Path, blanks: Path
) -> None:
    settle(config)
    header = "time,kind,account,to_account,out_asset,out_quantity,in_asset,in_quantity\n"
    take_in(
        run,
        config,
        "j.csv",
        header
        + "2023-01-02T15:00:00Z,buy,w,,USD,1000,ETH,1\n"
        + "2024-01-02T15:00:00Z,transfer,w,x,ETH,1,,\n"
        + "2024-02-02T15:00:00Z,transfer,x,b,ETH,1,,\n"
        + "2025-03-02T15:00:00Z,sell,b,,ETH,1,USD,1500\n"
        + "2025-03-03T15:00:00Z,buy,b,,USD,10,BTC,1\n",
    )
    out, _ = report(run, config, 2025, "--forms", str(blanks))
    first = (out / "audit-2025.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as bundle:
        sums = dict(
            reversed(line.split("  ")) for line in bundle.read("SHA256SUMS").decode().splitlines()
        )
        names = set(bundle.namelist()) - {"SHA256SUMS"}
        assert sums.keys() == names
        for name in names:
            assert hashlib.sha256(bundle.read(name)).hexdigest() == sums[name]
        (lot,) = csv.DictReader(io.StringIO(bundle.read("lots.csv").decode()))
        events = [json.loads(x) for x in bundle.read("events.jsonl").decode().splitlines()]
        raw = [json.loads(x) for x in bundle.read("raw.jsonl").decode().splitlines()]
    kinds = {e["event_id"]: e["kind"] for e in events}
    assert kinds[lot["opened_by"]] == "buy"
    assert [kinds[e] for e in lot["road"].split()] == ["transfer", "transfer"]
    assert sorted(kinds.values()) == ["buy", "buy", "sell", "transfer", "transfer"]
    assert len(raw) == 5
    assert "papers/form-8949-2025.pdf" in names
    again, _ = report(run, config, 2025, "--forms", str(blanks))
    assert (again / "audit-2025.zip").read_bytes() == first


def test_carryover_worksheet_is_a_paper(run: Run, config: Path) -> None:
    settle(config, taxpayer="ordinary_income = 26000\n")
    take_in(
        run,
        config,
        "j.csv",
        JOURNAL
        + "2025-01-02T15:00:00Z,buy,b,USD,10000,ETH,1,,\n"
        + "2025-03-02T15:00:00Z,sell,b,ETH,1,USD,3000,,\n",
    )
    out, _ = report(run, config, 2025, "--without-forms")
    found = {r["line"]: r["amount"] for r in rows(out / "carryover-2025.csv")}
    assert (found["1"], found["2"], found["8"], found["13"]) == (
        "23000.00", "3000.00", "4000.00", "0.00",
    )  # fmt: skip
