"""Form lines against disposals: the public cases, and each reason by its name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.tax_law import tax_year
from connectors.brokers.form_1099da import FormLine
from syncer.lots.holding_period import term
from syncer.lots.model import Disposal
from syncer.reconcile.model import Place, Reconciliation
from syncer.reconcile.reconcile import reconcile
from syncer.reconcile.summary import unexplained
from syncer.tax.form_8949 import rows
from syncer.tax.netting import Carryover
from syncer.tax.schedule_d import SCHEDULE_D, schedule_d

D = Decimal
ZONE = ZoneInfo("America/New_York")
PLACES = {"cb": Place("Coinbase", "A-1"), "wallet": Place(None, None)}


def line(**given: Any) -> FormLine:
    """A form line; what is not given is not stated."""
    fields: dict[str, Any] = {"broker": "Coinbase", "account": "A-1", "year": 2025, "line": "1"}
    fields |= {"name": "Ethereum", "units": D(2), "sold": date(2025, 5, 20)}
    return FormLine(**{**fields, "proceeds": D(5100), **given})


def sold(**given: Any) -> Disposal:
    """A slice; gain and term follow from the rest. `disposal_id` names its event and leg."""
    event, _, leg = given.pop("disposal_id", "e1.1").rpartition(".")
    fields: dict[str, Any] = {
        "event_id": event,
        "leg": int(leg),
        "part": 1,
        "account": "cb",
        "pool": "Coinbase",
        "asset": "ETH",
        "quantity": D(2),
        "acquired_at": datetime(2022, 6, 15, 12, tzinfo=UTC),
        "disposed_at": datetime(2025, 5, 20, 12, tzinfo=UTC),
        "proceeds_usd": D("5100.00"),
        "fees_usd": D(0),
        "basis_usd": D("2200.00"),
        "lot_id": "l1",
        "txid": None,
        "kind": "sale",
        **given,
    }
    fields["term"] = term(fields["acquired_at"], fields["disposed_at"], ZONE)
    return Disposal(**fields)


def run(lines: list[FormLine], disposals: list[Disposal]) -> Reconciliation:
    return reconcile(lines, disposals, [], PLACES, tax_year(2025), ZONE)


def form_row(found: Reconciliation, disposals: list[Disposal]) -> list[Any]:
    (row,) = rows(disposals, found.reported, ZONE)
    return [row.part, row.box, row.acquired, row.sold, row.proceeds, row.basis, row.codes,
            row.adjustment, row.gain]  # fmt: skip


def test_form_without_basis_for_coins_that_were_transferred_in() -> None:
    disposals = [sold()]
    found = run([line(noncovered=True, basis_reported=False)], disposals)
    assert (found.lines[0].status, found.lines[0].kinds) == (
        "matched",
        ("basis_unknown_to_broker",),
    )
    assert form_row(found, disposals) == [
        "II", "K", "06/15/2022", "05/20/2025", D("5100.00"), D("2200.00"), "", D(0), D("2900.00"),
    ]  # fmt: skip


def test_form_with_gross_proceeds() -> None:
    disposals = [
        sold(
            acquired_at=datetime(2025, 2, 1, 12, tzinfo=UTC),
            disposed_at=datetime(2025, 8, 1, 12, tzinfo=UTC),
            proceeds_usd=D("9940.00"),
            fees_usd=D("60.00"),
            basis_usd=D("7500.00"),
        )
    ]
    form = line(sold=date(2025, 8, 1), proceeds=D(10000), gross_or_net="gross", noncovered=True)
    found = run([form], disposals)
    assert found.lines[0].differences == {"proceeds_usd": D("-60.00")}
    assert found.lines[0].kinds == ("fee_treatment", "basis_unknown_to_broker")
    assert form_row(found, disposals) == [
        "I", "H", "02/01/2025", "08/01/2025", D("10000.00"), D("7500.00"), "E", D("-60.00"),
        D("2440.00"),
    ]  # fmt: skip


def test_wrong_reported_basis_is_corrected_with_code_b() -> None:
    # Instructions for Form 8949, example 4: reported 900, correct 100, proceeds 1,000
    disposals = [sold(proceeds_usd=D("1000.00"), basis_usd=D("100.00"))]
    form = line(
        proceeds=D(1000),
        basis=D(900),
        basis_reported=True,
        term="long",
        acquired=date(2022, 6, 15),
    )
    found = run([form], disposals)
    assert found.lines[0].kinds == ("broker_error",)
    assert form_row(found, disposals)[1:2] + form_row(found, disposals)[4:] == [
        "J", D("1000.00"), D(900), "B", D("800.00"), D("900.00"),
    ]  # fmt: skip


def test_shown_but_unreported_basis_is_only_information() -> None:
    disposals = [sold()]
    found = run([line(basis=D(2000), basis_reported=False)], disposals)
    assert found.lines[0].kinds == ("informational_basis",)
    row = form_row(found, disposals)
    assert (row[1], row[5], row[6], row[7], row[8]) == ("K", D("2200.00"), "B", D(0), D("2900.00"))


def test_wrong_term_and_basis_give_bt() -> None:
    disposals = [sold()]
    found = run([line(basis=D(2000), basis_reported=True, term="short")], disposals)
    assert found.lines[0].kinds == ("unexplained", "wrong_term")
    assert unexplained(found.lines) == D("200.00")
    row = form_row(found, disposals)
    assert (row[0], row[1], row[6], row[7], row[8]) == ("II", "J", "BT", D("-200.00"), D("2900.00"))


def test_a_day_apart_is_the_time_zone() -> None:
    found = run([line(sold=date(2025, 5, 21))], [sold()])
    assert "time_zone" in found.lines[0].kinds
    assert found.lines[0].differences == {"disposed_on": ["2025-05-20", "2025-05-21"]}


def test_two_days_apart_is_another_sale() -> None:
    found = run([line(sold=date(2025, 5, 22))], [sold()])
    assert [x.status for x in found.lines] == ["missing_in_ledger"]
    assert found.statuses == {"e1.1": "missing_on_form"}


def test_transferred_in_units_are_the_brokers_other_order() -> None:
    form = line(basis=D(50), basis_reported=True, term="long", transferred_in_units=D(2))
    assert "transferred_in_order" in run([form], [sold()]).lines[0].kinds


def test_unexplained_proceeds_are_not_adjusted() -> None:
    disposals = [sold(fees_usd=D(10))]
    found = run([line(proceeds=D(5300))], disposals)
    assert found.lines[0].kinds == ("unexplained", "basis_unknown_to_broker")
    assert [g.severity for g in found.gaps] == ["wrong", "info"]
    row = form_row(found, disposals)
    assert (row[4], row[6], row[7], row[8]) == (D("5300.00"), "", D(0), D("3100.00"))
    assert unexplained(found.lines) == D("200.00")


def test_the_nearer_sale_gets_the_line() -> None:
    near = sold(disposal_id="e2.1", event_id="e2", proceeds_usd=D("5100.00"))
    far = sold(proceeds_usd=D("5099.00"))
    found = run([line(), line(line="2", proceeds=D(5099))], [far, near])
    assert [x.pieces[0].slice.event_id for x in found.lines if x.pieces] == ["e2", "e1"]
    assert {x.status for x in found.lines} == {"matched"}


def test_short_and_long_part_of_one_sale_have_a_line_each() -> None:
    long = sold(quantity=D("1.5"), proceeds_usd=D("3825.00"), basis_usd=D("1000.00"))
    short = sold(
        disposal_id="e1.2",
        quantity=D("0.5"),
        acquired_at=datetime(2025, 1, 2, tzinfo=UTC),
        proceeds_usd=D("1275.00"),
        basis_usd=D("1200.00"),
    )
    lines = [
        line(units=D("0.5"), proceeds=D(1275), term="short"),
        line(line="2", units=D("1.5"), proceeds=D(3825), term="long"),
    ]
    found = run(lines, [long, short])
    assert [x.status for x in found.lines] == ["matched", "matched"]
    assert {i: r.box for i, (r,) in found.reported.items()} == {"e1.1": "K", "e1.2": "H"}


def test_units_with_fee_units_in_the_same_coin() -> None:
    main = sold(quantity=D(1), proceeds_usd=D("100.00"), kind="swap")
    fee = sold(disposal_id="e1.2", quantity=D("0.1"), proceeds_usd=D("10.00"), kind="fee")
    found = run([line(units=D("1.1"), proceeds=D(110))], [main, fee])
    assert found.lines[0].status == "matched"
    assert set(found.statuses.values()) == {"reported"}


def test_wallet_sales_and_withheld_fees_are_rightly_unreported() -> None:
    disposals = [
        sold(account="wallet"),
        sold(disposal_id="e2.1", event_id="e2", kind="fee_withheld"),
        sold(disposal_id="e3.1", event_id="e3", asset="USDC", kind="swap"),
    ]
    found = run([line(units=D(77))], disposals)
    assert set(found.statuses.values()) == {"rightly_unreported"}
    assert {r.box for (r,) in found.reported.values()} == {"L"}


def test_boxes_lead_to_the_lines_of_schedule_d() -> None:
    long_ago, lately = datetime(2022, 1, 3, tzinfo=UTC), datetime(2025, 2, 3, tzinfo=UTC)
    facts = [
        ("s1", lately, "cb", 1000, 900),
        ("s2", lately, "cb", 2000, 2300),
        ("s3", lately, "wallet", 300, 100),
        ("l1", long_ago, "cb", 5000, 1000),
        ("l2", long_ago, "cb", 700, 800),
        ("l3", long_ago, "wallet", 50, 40),
    ]
    disposals = [
        sold(
            disposal_id=f"{i}.1",
            event_id=i,
            acquired_at=acquired,
            account=account,
            quantity=D(n + 1),
            proceeds_usd=D(proceeds),
            basis_usd=D(basis),
        )
        for n, (i, acquired, account, proceeds, basis) in enumerate(facts)
    ]
    lines = [
        line(line="1", units=D(1), proceeds=D(1000), basis=D(900), basis_reported=True),
        line(line="2", units=D(2), proceeds=D(2000)),
        line(line="3", units=D(4), proceeds=D(5000), basis=D(1000), basis_reported=True),
        line(line="4", units=D(5), proceeds=D(700)),
    ]
    found = run(lines, disposals)
    assert {i.split(".")[0]: r.box for i, (r,) in found.reported.items()} == {
        "s1": "G", "s2": "H", "s3": "I", "l1": "J", "l2": "K", "l3": "L",
    }  # fmt: skip
    printed = rows(disposals, found.reported, ZONE)
    done = schedule_d(printed, Carryover(), (D(0), D(0)), D(3000))
    totals = {x.line: x.gain for x in done.lines}
    assert (done.netting.line_7, done.netting.line_15) == (D(0), D(3910))
    assert {n: totals[n] for n in SCHEDULE_D.values()} == {
        "1b": D(100), "2": D(-300), "3": D(200), "8b": D(4000), "9": D(-100), "10": D(10),
    }  # fmt: skip
    assert all(r.gain == r.proceeds - r.basis + r.adjustment for r in printed)  # type: ignore[operator]


@pytest.mark.parametrize(("year", "box"), [(2024, "F"), (2025, "L")])
def test_boxes_without_a_form_by_year(year: int, box: str) -> None:
    disposals = [sold(account="wallet", disposed_at=datetime(year, 5, 20, 12, tzinfo=UTC))]
    found = reconcile([], disposals, [], PLACES, tax_year(year), ZONE)
    assert found.reported["e1.1"][0].box == box


def test_lots_of_one_term_have_a_line_each_where_the_form_says_so() -> None:
    """2 ETH of two short lots: one noncovered of 2025, one covered of 2026."""
    at = datetime(2026, 8, 1, 12, tzinfo=UTC)
    old = sold(
        quantity=D(1),
        acquired_at=datetime(2025, 12, 1, tzinfo=UTC),
        disposed_at=at,
        proceeds_usd=D("2000.00"),
        basis_usd=D("1500.00"),
    )
    new = sold(
        disposal_id="e1.2",
        quantity=D(1),
        acquired_at=datetime(2026, 4, 1, tzinfo=UTC),
        disposed_at=at,
        proceeds_usd=D("2000.00"),
        basis_usd=D("1800.00"),
    )
    day = date(2026, 8, 1)
    lines = [
        line(year=2026, units=D(1), sold=day, proceeds=D(2000), noncovered=True),
        line(
            year=2026,
            line="2",
            units=D(1),
            sold=day,
            proceeds=D(2000),
            basis=D(1800),
            basis_reported=True,
            acquired=date(2026, 3, 31),
            term="short",
        ),
    ]
    found = reconcile(lines, [old, new], [], PLACES, tax_year(2026), ZONE)
    assert {i: r.box for i, (r,) in found.reported.items()} == {"e1.1": "H", "e1.2": "G"}


def test_two_forms_without_account_numbers_never_share_a_sale() -> None:
    places = {"cb": Place("Coinbase", None)}
    lines = [line(account="1", proceeds=D(1500)), line(account="2", proceeds=D(1600))]
    disposals = [sold(proceeds_usd=D("1600.00"))]
    found = reconcile(lines, disposals, [], places, tax_year(2025), ZONE)
    assert [x.status for x in found.lines] == ["missing_in_ledger", "matched"]


def test_shortage_has_no_box_and_the_rest_foots() -> None:
    known = sold(quantity=D(4), proceeds_usd=D("600.00"), basis_usd=D("400.00"))
    short = sold(disposal_id="e1.2", quantity=D(6), proceeds_usd=D("900.00"))._replace(
        basis_usd=None,
        term=None,
        acquired_at=None,
        gaps=("oversold",),
    )
    form = line(units=D(10), proceeds=D(1500), basis=D(900), basis_reported=True)
    found = run([form], [known, short])
    assert found.reported["e1.2"][0].box is None
    row = next(r for r in rows([known, short], found.reported, ZONE) if r.gain is not None)
    # the form's basis by units: 900 x 4 / 10 = 360; ours is 400, so (g) is -40
    assert (row.box, row.codes, row.basis, row.adjustment) == ("J", "B", D("360.00"), D("-40.00"))
    assert row.proceeds - row.basis + row.adjustment == row.gain == D("200.00")  # type: ignore[operator]


def test_boxes_that_are_not_applied_are_said() -> None:
    found = run([line(ordinary=True, accrued_market_discount=D(300))], [sold()])
    wrong = [g for g in found.gaps if g.severity == "wrong"]
    assert len(wrong) == 1
    assert "ordinary, accrued_market_discount" in wrong[0].detail


def test_sale_that_the_broker_counts_into_the_other_year() -> None:
    """22:30 on New Year's Eve in New York is 1 January for a broker in UTC."""
    eve = sold(disposed_at=datetime(2025, 1, 1, 3, 30, tzinfo=UTC))
    found = reconcile([line(sold=date(2025, 1, 1))], [], [eve], PLACES, tax_year(2025), ZONE)
    assert found.lines[0].status == "matched_with_difference"
    gap = next(g for g in found.gaps if g.kind == "time_zone")
    assert gap.severity == "wrong"
    assert "crosses New Year" in gap.detail
    assert found.reported == {}


def test_acquisition_date_a_day_apart_is_no_other_method() -> None:
    found = run([line(basis=D(2200), basis_reported=True, acquired=date(2022, 6, 14))], [sold()])
    assert found.lines[0].kinds == ("time_zone",)
