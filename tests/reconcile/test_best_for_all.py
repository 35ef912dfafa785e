"""What a second reader found: cents that moved gains, guesses that became codes, pairs that were
taken too early. Each is worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from config.tax_law import tax_year
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.expected import expected_forms
from syncer.reconcile.model import AWAITED, Facts, Move, Reconciliation, Word
from syncer.reconcile.reconcile import reconcile
from syncer.reconcile.summary import unconfirmed, unexplained
from syncer.tax.form_8949 import Row, rows
from tests.conftest import Run
from tests.reconcile.test_reconcile import PLACES, ZONE, line, sold
from tests.reports.reporting import FORM, JOURNAL, report, settle, take_in

D = Decimal
SHORT = datetime(2025, 1, 1, 12, tzinfo=UTC)
LONG = datetime(2023, 1, 1, 12, tzinfo=UTC)


def _run(
    lines: list[FormLine],
    disposals: list[Disposal],
    facts: Facts | None = None,
    words: dict[str, Word] | None = None,
) -> tuple[Reconciliation, list[Row]]:
    found = reconcile(lines, disposals, [], PLACES, tax_year(2025), ZONE, facts, words)
    return found, rows(disposals, found.reported, ZONE)


def _sale(event: str, acquired: datetime, proceeds: str, basis: str, **more: object) -> Disposal:
    return sold(
        event_id=event, disposal_id=f"{event}.1", lot_id=f"l{event}", quantity=D(1),
        acquired_at=acquired, proceeds_usd=D(proceeds), basis_usd=D(basis),
        term="long" if acquired is LONG else "short", **more,
    )  # fmt: skip


def _gains(printed: list[Row]) -> dict[str, Decimal]:
    return {p: sum((r.gain or D(0) for r in printed if r.part == p), D(0)) for p in ("I", "II")}


def test_a_cent_of_rounding_moves_a_cent_and_no_gain() -> None:
    """Two fills on one line, 2,000.00 long and 100.01 short, that the form sums up to 2,100.00."""
    sales = [_sale("e1", LONG, "2000.00", "100"), _sale("e2", SHORT, "100.01", "100")]
    found, printed = _run([line(units=D(2), proceeds=D(2100))], sales)
    assert _gains(printed) == {"I": D("0.01"), "II": D("1899.99")}
    assert sum(r.proceeds or D(0) for r in printed) == D(2100)
    assert unexplained(found.lines) == D(0)


def test_a_dollar_that_the_form_says_more_is_dealt_by_dollars() -> None:
    sales = [_sale("e1", LONG, "2000.00", "100"), _sale("e2", SHORT, "100.00", "100")]
    _, printed = _run([line(units=D(2), proceeds=D(2101))], sales)
    assert _gains(printed) == {"I": D("0.05"), "II": D("1900.95")}


@pytest.mark.parametrize("theirs", [D(3000), D(210)])
def test_what_looks_like_a_slip_is_no_correction_until_a_person_says_so(theirs: Decimal) -> None:
    ours = D(300) if theirs == 3000 else D(201)
    sales = [_sale("e1", SHORT, str(ours), "100")]
    form = line(units=D(1), proceeds=theirs, box="G", basis=D(100), basis_reported=True)
    found, (row,) = _run([form], sales)
    assert (row.codes, row.proceeds, row.gain) == ("", theirs, theirs - 100)
    assert (found.lines[0].kinds, unconfirmed(found.lines)) == (
        ("broker_error",), abs(theirs - ours),
    )  # fmt: skip
    found, (row,) = _run([form], sales, None, {form.key: Word(broker_error="their slip")})
    assert (row.codes, row.adjustment, row.gain) == ("O", ours - theirs, ours - 100)
    assert unconfirmed(found.lines) == D(0)


@pytest.mark.parametrize(("letter", "acquired", "box"), [("J", SHORT, "G"), ("G", LONG, "J")])
def test_the_letter_says_the_term_where_box_6_does_not(
    letter: str, acquired: datetime, box: str
) -> None:
    form = line(units=D(1), proceeds=D(300), box=letter, basis=D(100), basis_reported=True)
    found, (row,) = _run([form], [_sale("e1", acquired, "300", "100")])
    assert (row.box, row.codes, row.needs_no_row) == (box, "T", False)
    assert found.lines[0].kinds == ("wrong_term",)


@pytest.mark.parametrize(
    ("given", "proceeds", "needs_no_row"),
    [
        ({}, "300", True),
        ({"wash_sale_disallowed": D(30)}, "300", False),
        ({}, "392.89", False),  # more was received than 1f
        ({}, "300.01", True),  # rounding: (d) is 1f
        ({"acquired": date(2025, 2, 7)}, "300", False),
    ],
)
def test_exception_1_is_for_lines_that_say_what_the_ledger_says(
    given: dict[str, object], proceeds: str, needs_no_row: bool
) -> None:
    form = line(units=D(1), proceeds=D(300), box="G", basis=D(100), basis_reported=True, **given)
    _, (row,) = _run([form], [_sale("e1", SHORT, proceeds, "100")])
    assert row.needs_no_row is needs_no_row


def test_equal_dollars_do_not_part_what_belongs_together() -> None:
    """A form of gross proceeds: line 1 is what the second sale brought net."""
    facts = Facts(fees={"e1": (D(1),), "e2": (D(1),)})
    sales = [
        _sale("e1", LONG, "999.00", "100", fees_usd=D(1)),
        _sale("e2", SHORT, "1000.00", "500", fees_usd=D(1)),
    ]
    lines = [
        line(units=D(1), proceeds=D(1000), basis=D(100), basis_reported=True, term="long"),
        line(line="2", units=D(1), proceeds=D(1001), basis=D(500), basis_reported=True,
             term="short"),
    ]  # fmt: skip
    found, printed = _run(lines, sales, facts)
    assert [(r.codes, r.adjustment) for r in printed] == [("E", D(-1)), ("E", D(-1))]
    assert (unexplained(found.lines), sum(_gains(printed).values())) == (D(0), D(1399))


def test_stablecoins_wait_for_the_form_like_all_else() -> None:
    sale = _sale("e1", SHORT, "1.00", "1.00")._replace(asset="USDC")
    found, (row,) = _run([], [sale])
    assert (found.statuses["e1.1"], row.box) == (AWAITED, None)
    assert [g.kind for g in found.gaps] == ["form_awaited"]


def test_units_of_eight_decimals_match_with_fees_and_another_day() -> None:
    units = D("0.123456789012345678")
    sale = _sale("e1", LONG, "98.00", "10", fees_usd=D(2))._replace(quantity=units)
    later = (sale.disposed_at + timedelta(days=1)).astimezone(ZONE).date()
    form = line(units=D("0.12345679"), proceeds=D(100), sold=later)
    found, (row,) = _run([form], [sale], Facts(fees={"e1": (D(2),)}))
    assert (row.codes, row.proceeds, row.adjustment) == ("E", D(100), D(-2))
    assert unexplained(found.lines) == D(0)


def test_an_undecided_withdrawal_is_asked_and_not_called_a_transfer() -> None:
    sale = _sale("e1", LONG, "5", "5")
    form = line(units=D(3), proceeds=D(300))
    move = Move("w", "withdrawal", "cb", "ETH", D(3), D(3), sale.disposed_at)
    found, _ = _run([form], [], Facts(moves=[move]))
    (reason,) = found.lines[0].reasons
    assert (reason.kind, "answer it first" in reason.evidence) == ("missing_in_ledger", True)


def test_another_part_of_a_loss_disallowed_is_a_difference() -> None:
    sale = _sale("e1", SHORT, "100", "500")._replace(washed_usd=D(200))
    form = line(units=D(1), proceeds=D(100), wash_sale_disallowed=D(30))
    found, _ = _run([form], [sale])
    assert found.lines[0].differences["wash_sale_usd"] == D(170)
    assert unexplained(found.lines) == D(170)


def test_an_aggregate_that_does_not_add_up_leaves_single_lines_their_sales() -> None:
    def usdc(event: str, units: int, dollars: int) -> Disposal:
        sale = _sale(event, SHORT, str(dollars), str(units))
        return sale._replace(asset="USDC", quantity=D(units))

    sales = [usdc("e1", 5000, 5000), usdc("e2", 6000, 6000), usdc("e3", 4000, 4002)]
    whole = line(name="USD Coin", units=D(11_000), proceeds=D(11_001), aggregate="stablecoin")
    single = line(line="2", name="USD Coin", units=D(4000), proceeds=D(4002))
    found, _ = _run([replace(whole, sold=None), single], sales)
    assert [len(x.pieces) for x in found.lines] == [2, 1]


def test_a_sale_without_a_price_is_on_no_expected_form() -> None:
    sale = _sale("e1", SHORT, "1", "1")._replace(proceeds_usd=None)
    assert expected_forms([sale], PLACES, Facts(), 2025, ZONE) == []


# ---- from the command line


def test_a_form_of_a_year_without_forms_is_refused(run: Run, config: Path) -> None:
    settle(config)
    path = config.parent / "f.csv"
    path.write_text(FORM + "Broker,1,2024,1,ETH,1,,2024-03-02,10000,,false,,true\n")
    done = run("import", str(path), config=config)
    assert (done.code, "there is no Form 1099-DA of 2024: it begins with 2025" in done.err) == (
        2, True,
    )  # fmt: skip


BOUGHT = "2025-01-02T15:00:00Z,buy,b,USD,20000,ETH,1,,\n"
AT_NEW_YEAR = "2026-01-01T03:00:00Z,sell,b,ETH,1,USD,2000,,\n"


def test_a_sale_on_the_form_of_another_year_is_told_in_both(run: Run, config: Path) -> None:
    """Ours is of Dec 31 in New York, the broker's day is Jan 1."""
    settle(config)
    take_in(run, config, "j.csv", JOURNAL + BOUGHT + AT_NEW_YEAR)
    take_in(run, config, "f.csv", FORM + "Broker,1,2026,1,ETH,1,,2026-01-01,2000,,false,,true\n")
    _, told = report(run, config, 2026)
    assert any("1 form lines of $2,000.00 are sales of another tax year" in t for t in told)
    _, told = report(run, config, 2025)
    assert any("1 sales are on the form of another tax year" in t for t in told)


def test_a_carryover_without_an_income_says_what_it_rests_on(run: Run, config: Path) -> None:
    settle(config)
    sale = "2025-03-02T15:00:00Z,sell,b,ETH,1,USD,10000,,\n"
    take_in(run, config, "j.csv", JOURNAL + BOUGHT + sale)
    _, told = report(run, config, 2025)
    assert any("filing single): tell [taxpayer] ordinary_income" in t for t in told)


def test_a_year_without_brackets_has_papers(run: Run, config: Path) -> None:
    settle(config)
    bought = "2022-01-02T15:00:00Z,buy,b,USD,100,ETH,1,,\n"
    take_in(run, config, "j.csv", JOURNAL + bought + "2023-03-02T15:00:00Z,sell,b,ETH,1,USD,90,,\n")
    out, _ = report(run, config, 2023)
    assert "-10.00" in (out / "schedule-d-2023.csv").read_text()
