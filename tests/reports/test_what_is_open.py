"""What is not complete is said first and by figures; papers agree with each other and with tax."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from config.official import official_forms
from syncer.events import Event, Leg
from syncer.reports.fill import printable, read_back, wrapped
from syncer.tax.digital_assets import behind_the_answer
from syncer.tax.fees import fees
from tests.conftest import Run
from tests.reports.reporting import FORM, JOURNAL, report, rows, settle, take_in

SALE = (
    "2025-01-02T15:00:00Z,buy,b,USD,20000,ETH,1,,\n2025-03-02T15:00:00Z,sell,b,ETH,1,USD,10000,,\n"
)


def _summary(out: Path, year: int = 2025) -> str:
    return PdfReader(out / f"summary-{year}.pdf").pages[0].extract_text()


def test_what_nothing_explains_is_followed_everywhere_and_said(run: Run, config: Path) -> None:
    """The form says 700 more than was received: Schedule D, the carryover worksheet, the next
    year's line 6 and `tax` are all by the form, until somebody explains it."""
    settle(config)
    take_in(run, config, "j.csv", JOURNAL + SALE)
    take_in(run, config, "f.csv", FORM + "Broker,1,2025,1,ETH,1,,2025-03-02,10700,,false,,true\n")
    out, told = report(run, config, 2025)
    assert told[0] == "$700.00 of difference with forms is not explained"
    assert "This year is NOT complete" in _summary(out)
    lines = {r["line"]: r["gain"] for r in rows(out / "schedule-d-2025.csv")}
    carried = {r["line"]: r["amount"] for r in rows(out / "carryover-2025.csv")}
    assert (lines["16"], carried["8"]) == ("-9300.00", "6300.00")
    tax = run("tax", "--year", "2025", "--json", config=config).json["tax"]
    assert (tax["net_usd"], tax["carryover_short_usd"], tax["incomplete"]) == (
        "-9300.00", "6300.00", True,
    )  # fmt: skip
    after, _ = report(run, config, 2026)
    assert {r["line"]: r["gain"] for r in rows(after / "schedule-d-2026.csv")}["6"] == "-6300.00"
    run("reconcile", "broker-error", "Broker/1/2025/1", "--note", "a slip", config=config)
    out, told = report(run, config, 2025)
    assert {r["line"]: r["gain"] for r in rows(out / "schedule-d-2025.csv")}["16"] == "-10000.00"
    assert not any("not explained" in t for t in told)


def test_a_line_that_the_ledger_lacks_keeps_the_year_open(run: Run, config: Path) -> None:
    settle(config)
    take_in(run, config, "f.csv", FORM + "Broker,1,2025,1,ETH,7,,2025-03-02,10000,,false,,true\n")
    out, told = report(run, config, 2025)
    assert told[0] == "1 form lines of $10,000.00 are no sale of the ledger"
    assert "1 not in the ledger" in _summary(out)
    done = run("report", "--year", "2025", "--out", str(out), "--strict", config=config)
    assert done.code == 1


def test_a_complete_year_is_strictly_complete(run: Run, config: Path, blanks: Path) -> None:
    settle(config, taxpayer="ordinary_income = 60000\n")
    take_in(run, config, "j.csv", JOURNAL + SALE)
    take_in(run, config, "f.csv", FORM + "Broker,1,2025,1,ETH,1,,2025-03-02,10000,,false,,true\n")
    words = ("--forms", str(blanks), "--strict", "--out", str(config.parent / "o"))
    assert run("report", "--year", "2025", *words, config=config).code == 0
    assert "This year is complete" in _summary(config.parent / "o")


def test_txf_and_turbotax_have_the_gain_of_column_h(run: Run, config: Path) -> None:
    """B, L, W: what column (g) corrects is in the basis, a wash sale on a line of its own."""
    settle(config)
    journal = JOURNAL + "".join(
        f"2025-01-0{n}T15:00:00Z,buy,b,USD,{cost},b:C{n},1,,\n"
        f"2025-03-0{n}T15:00:00Z,sell,b,b:C{n},1,USD,{brought},,\n"
        for n, cost, brought in ((1, 100, 1000), (2, 5000, 1000), (3, 1000, 600))
    )
    take_in(run, config, "j.csv", journal)
    head = FORM.rstrip() + ",loss_not_allowed,wash_sale_disallowed\n"
    form = head + (
        "Broker,1,2025,1,b:C1,1,2025-01-01,2025-03-01,1000,900,true,short,false,,\n"
        "Broker,1,2025,2,b:C2,1,2025-01-02,2025-03-02,1000,5000,true,short,false,true,\n"
        "Broker,1,2025,3,b:C3,1,2025-01-03,2025-03-03,600,1000,true,short,false,,300\n"
    )
    take_in(run, config, "f.csv", form)
    out, _ = report(run, config, 2025)
    assert [(r["codes"], r["adjustment"], r["gain"]) for r in rows(out / "form-8949-2025.csv")] == [
        ("B", "800.00", "900.00"), ("L", "4000.00", "0.00"), ("W", "300.00", "-100.00"),
    ]  # fmt: skip
    assert [(r["Proceeds"], r["Cost Basis"]) for r in rows(out / "turbotax-2025.csv")] == [
        ("1000.00", "100.00"), ("1000.00", "1000.00"), ("600.00", "700.00"),
    ]  # fmt: skip
    txf = (out / "form-8949-2025.txf").read_text().replace("\n", " ")
    assert "$100.00 $1000.00 ^" in txf
    assert "$1000.00 $1000.00 ^" in txf
    assert "$1000.00 $600.00 $300.00 ^" in txf
    tax = run("tax", "--year", "2025", "--json", config=config).json["tax"]
    assert tax["short_term_usd"] == "800.00"


def test_exception_1_is_not_for_lines_that_need_a_hand(run: Run, config: Path) -> None:
    settle(config, "[report]\nexception_1 = true\n")
    take_in(run, config, "j.csv", JOURNAL + SALE)
    head = FORM.rstrip() + ",ordinary\n"
    row = "Broker,1,2025,1,ETH,1,2025-01-02,2025-03-02,10000,20000,true,short,false,true\n"
    take_in(run, config, "f.csv", head + row)
    out, _ = report(run, config, 2025)
    lines = {r["line"]: r["gain"] for r in rows(out / "schedule-d-2025.csv")}
    assert (lines["1a"], lines["1b"]) == ("0.00", "-10000.00")


def _event(kind: str, asset: str, *, beside: bool = False, received: str = "") -> Event:
    legs = [Leg("b", asset, Decimal(-1), "fee", Decimal("2.50"))]
    if received:
        legs.append(Leg("b", received, Decimal(5), "principal", Decimal(9)))
    at = datetime(2025, 3, 2, 15, tzinfo=UTC)
    return Event("e1", kind, at, tuple(legs), "r", "", "sure", fees_beside=beside)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (_event("duplicate", "USD"), None),
        (_event("spam", "ETH"), None),
        (_event("sell", "USD"), "commission"),
        (_event("deposit", "USD", received="USD"), "commission"),
        (_event("trade", "BTC", received="BTC"), "withheld"),
        (_event("trade", "ETH", beside=True, received="ETH"), "network"),
        (_event("gift_out", "ETH"), "network"),
        (_event("transfer", "ETH"), "network"),
    ],
)
def test_kinds_of_fees_and_what_counts(event: Event, kind: str | None) -> None:
    zone = ZoneInfo("America/New_York")
    assert [f.kind for f in fees([event], 2025, zone)] == ([kind] if kind else [])
    behind = list(behind_the_answer([event], 2025, zone))
    assert bool(behind) is (kind in ("network", "withheld"))  # the others are dollars


def test_interest_in_dollars_is_no_income_in_digital_assets(run: Run, config: Path) -> None:
    settle(config)
    head = "time,kind,account,in_asset,in_quantity,in_usd\n"
    both = "2025-02-02T15:00:00Z,income:interest,b,USD,500,\n"
    both += "2025-02-03T15:00:00Z,income:staking,b,ETH,0.01,30\n"
    take_in(run, config, "j.csv", head + both)
    out, _ = report(run, config, 2025)
    text = _summary(out)
    assert "Income in digital assets (Schedule 1, line 8v)\n30.00" in text
    assert "Interest in dollars (Form 1040, line 2b)\n500.00" in text


def test_papers_of_an_earlier_run_do_not_stay(run: Run, config: Path, blanks: Path) -> None:
    settle(config, "[report]\nexception_2 = true\n")
    take_in(run, config, "j.csv", JOURNAL + SALE)
    out, _ = report(run, config, 2025, "--forms", str(blanks), "--without-forms")
    assert (out / "carryover-2025.csv").exists()
    (out / "mine.txt").write_text("stays")
    config.write_text(config.read_text().replace("exception_2 = true", "exception_2 = false"))
    gain = (
        "2025-01-03T15:00:00Z,buy,b,USD,1,BTC,1,,\n2025-04-02T15:00:00Z,sell,b,BTC,1,USD,90000,,\n"
    )
    take_in(run, config, "k.csv", JOURNAL + gain)
    out, _ = report(run, config, 2025)
    left = {p.name for p in out.iterdir()}
    assert "mine.txt" in left
    gone = {"carryover-2025.csv", "form-8949-2025.pdf", "schedule-d-2025.pdf"}
    assert not left & {*gone, "statement-8949-2025.csv", "statement-8949-2025.pdf"}


def test_papers_are_written_all_or_none(run: Run, config: Path) -> None:
    settle(config)
    take_in(run, config, "j.csv", JOURNAL + SALE)
    out = config.parent / "o"
    (out / "journal.csv").mkdir(parents=True)
    done = run("report", "--year", "2025", "--out", str(out), config=config)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert [p.name for p in out.iterdir()] == ["journal.csv"]


def test_long_term_nfts_leave_the_28_percent_lines_open(
    run: Run, config: Path, blanks: Path
) -> None:
    settle(config)
    nft = "ethereum:0x" + "ab" * 20 + "/7"
    journal = (
        f"2023-01-02T15:00:00Z,buy,b,USD,100,{nft},1,,\n"
        f"2025-03-02T15:00:00Z,sell,b,{nft},1,USD,5000,,\n"
    )
    take_in(run, config, "j.csv", JOURNAL + journal)
    out, told = report(run, config, 2025, "--forms", str(blanks), "--without-forms")
    assert any("1 long-term rows are NFTs" in t for t in told)
    found = read_back((out / "schedule-d-2025.pdf").read_bytes())
    forms = official_forms(2025)
    assert forms
    yes, _ = forms.schedule_d.questions["20"]["yes"]
    assert f"schedule-d-1.{yes.removeprefix('topmostSubform[0].')}" not in found


def test_a_cell_is_no_formula(run: Run, config: Path) -> None:
    settle(config)
    evil = '"w:=cmd(1)"'
    journal = (
        f"2025-01-02T15:00:00Z,buy,b,USD,100,{evil},1,,\n"
        f"2025-03-02T15:00:00Z,sell,b,{evil},1,USD,50,,\n"
    )
    take_in(run, config, "j.csv", JOURNAL + journal)
    out, _ = report(run, config, 2025)
    for path in out.glob("*-2025.csv"):
        for row in rows(path):
            assert not any(c.startswith(("=", "+", "@")) for c in row.values()), path
    assert rows(out / "schedule-d-2025.csv")[4]["gain"] != ""


@pytest.mark.parametrize(
    ("text", "printed"),
    [("Zoë Ünal", "Zoë Ünal"), ("Łukasz Černý", "Lukasz Cerný"), ("w:狗狗", "w:??"), ("Ⅻ", "XII")],
)
def test_letters_that_a_form_lacks(text: str, printed: str) -> None:
    assert printable(text) == printed


def test_a_description_is_shown_whole_whatever_its_length() -> None:
    text = (
        "123456789.123456789012345678 ethereum:0x" + "ab" * 20 + "/" + "7" * 78 + ", 0x" + "f" * 64
    )
    value = wrapped(text, 130.0)
    assert isinstance(value, tuple)
    assert value[0].replace("\n", "") == text
    assert value[0].count("\n") + 1 <= {5.0: 4, 4.5: 5, 4.0: 6}[value[2]]
