"""Corrections, voids and forms read again, in every order: never a sale lost, added or guessed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from config.errors import DataError
from connectors.brokers import fdx, iris
from connectors.brokers.form_1099da import FormLine
from connectors.brokers.reading import Reading, Said, Told
from tests.brokers.statements import FDX, IRIS
from tests.brokers.store import Store, row

D = Decimal


def only(store: Store) -> FormLine:
    (line,) = store.lines
    return line


# ---- what a correction takes away is gone


def test_a_correction_takes_boxes_away() -> None:
    store = Store()
    store.rows(row("1", "100", basis="50", wash_sale_disallowed="30", basis_reported="true"))
    store.rows(row("1", "100", noncovered="true", corrected="true"))
    line = only(store)
    assert (line.basis, line.wash_sale_disallowed, line.basis_reported) == (None, None, None)


def test_a_correction_of_a_numbered_correction_takes_a_basis_away() -> None:
    store = Store()
    store.rows(row("1", "100", basis="50", line="1"))
    store.rows(row("1", "100", basis="60", line="1", corrected="true"))
    store.rows(row("1", "100", line="1", corrected="true"))
    assert only(store).basis is None


def test_a_corrected_statement_takes_boxes_away() -> None:
    store = Store()
    store.take(fdx.read(FDX % "false", "f"))
    less = (FDX % "true").replace('"costBasis": 1000, "basisReported": true, ', "")
    assert less != FDX % "true"
    store.take(fdx.read(less, "f"))
    first = min(store.lines, key=lambda x: int(x.line))
    assert (first.basis, first.basis_reported, first.corrected) == (None, None, True)


def test_the_same_correction_in_another_format_keeps_what_either_leaves_out() -> None:
    store = Store()
    store.rows(row("1", "100", basis="50"), format_="fdx")
    store.rows(row("1", "90", basis="50", corrected="true"), format_="fdx")
    store.rows(row("1", "90", term="long", corrected="true"), format_="1099-da-pdf")
    line = only(store)
    assert (line.amount, line.basis, line.term) == (90, 50, "long")


def test_another_format_that_says_otherwise_is_another_correction() -> None:
    store = Store()
    store.rows(row("1", "90", basis="50", form_8949_box="G", corrected="true"), format_="fdx")
    store.rows(row("1", "90", form_8949_box="H", corrected="true"), format_="1099-da-pdf")
    assert (only(store).basis, only(store).box) == (None, "H")


# ---- an original read again


ORIGINAL = row("1", "100", basis="50", wash_sale_disallowed="30", form_8949_box="G")
FIXED = row("1", "100", basis="50", wash_sale_disallowed="10", form_8949_box="H", corrected="true")


def test_an_original_read_again_does_not_undo_its_correction() -> None:
    store = Store()
    store.rows(ORIGINAL)
    store.rows(FIXED)
    assert "left out" in store.rows(ORIGINAL)[0]
    assert (only(store).wash_sale_disallowed, only(store).box) == (10, "H")


def test_an_original_after_its_correction_is_one_line_and_stays_it() -> None:
    store = Store()
    store.rows(FIXED)
    for _ in range(2):
        store.rows(ORIGINAL)
        assert (only(store).wash_sale_disallowed, only(store).box) == (10, "H")


def test_a_corrected_statement_stays_when_its_original_is_read_again() -> None:
    store = Store()
    store.take(fdx.read(FDX % "false", "f"))
    start, end = (FDX % "true").index(',\n    {"digitalAssetCode": "X9'), "]}}]}"
    store.take(fdx.read((FDX % "true")[:start] + end, "f"))
    assert len(store.lines) == 1
    notes = store.take(fdx.read(FDX % "false", "f"))
    assert len(store.lines) == 1
    assert sum("left out" in n for n in notes) == 2


def test_a_correction_before_two_sales_alike_is_refused_and_takes_no_second_one() -> None:
    store = Store()
    store.rows(row("1", "105", corrected="true"))
    with pytest.raises(DataError, match="others too"):
        store.rows(row("1", "100"), row("1", "110"))
    store.rows(row("1", "100"))  # one alone can only be its original
    store.rows(row("1", "110"))
    assert store.amounts == [105, 110]


# ---- whose correction it is


def test_a_correction_that_equals_another_sale_is_refused() -> None:
    store = Store()
    store.rows(row("1", "100", basis="50"), row("1", "90", basis="50"))
    with pytest.raises(DataError, match="several fit"):
        store.rows(row("1", "90", basis="50", corrected="true"))
    store.rows(row("1", "90", basis="50", line="1", corrected="true"))
    assert store.amounts == [90, 90]


def test_as_many_corrections_as_sales_alike_are_placed() -> None:
    store = Store()
    store.rows(row("1", "100", basis="50"), row("1", "90", basis="50"))
    again = [row("1", "90", basis="50", corrected="true"), row("1", "95", corrected="true")]
    for _ in range(2):
        store.rows(*again)
        assert store.amounts == [90, 95]


def test_the_one_with_more_in_common_is_corrected() -> None:
    store = Store()
    store.rows(row("1", "100", basis="50"), row("1", "110", basis="60"))
    store.rows(row("1", "100", basis="55", corrected="true"))
    assert sorted((x.amount, x.basis) for x in store.lines) == [(100, 55), (110, 60)]


@pytest.mark.parametrize(
    "correction",
    [
        row("1", "900", basis="800", date_sold="2025-08-08", corrected="true"),
        row("1", "95", date_sold="2025-05-06", corrected="true"),
        row("3", "95", digital_asset_name="BTC", corrected="true"),
    ],
)
def test_a_correction_with_too_little_in_common_is_refused(correction: Said) -> None:
    store = Store()
    store.rows(row("1", "100", basis="50"))
    with pytest.raises(DataError, match="does not have"):
        store.rows(correction)
    assert store.amounts == [100]


def test_what_one_of_two_does_not_state_is_nothing_in_common() -> None:
    store = Store()
    store.rows(row("1", "100", basis="50"), row("1", "101"))
    with pytest.raises(DataError, match="several fit"):
        store.rows(row("1", "95", corrected="true"))


def test_an_older_correction_read_again_changes_nothing() -> None:
    store = Store()
    for proceeds in ("100", "90", "95", "90"):
        store.rows(row("1", proceeds, corrected="" if proceeds == "100" else "true"))
    assert store.amounts == [95]


# ---- void lines


def test_a_void_line_stays_void() -> None:
    store = Store()
    store.rows(row("1", "100"))
    store.rows(row("1", "100", void="true"))
    store.rows(row("1", "100"))
    assert store.amounts == []


@pytest.mark.parametrize("more", [{}, {"corrected": "true"}])
def test_a_void_line_that_comes_first_is_void_when_its_original_comes(more: dict[str, str]) -> None:
    store = Store()
    store.rows(row("1", "100", void="true", **more))
    store.rows(row("1", "100"))
    assert store.amounts == []


def test_original_and_void_in_one_file() -> None:
    store = Store()
    store.rows(row("1", "100"), row("1", "100", void="true"))
    assert store.amounts == []


def test_one_of_two_equal_lines_is_made_void_by_its_number_alone() -> None:
    store = Store()
    store.rows(row("1", "100"), row("1", "100"))
    with pytest.raises(DataError, match="several fit"):
        store.rows(row("1", "100", void="true"))
    store.rows(row("1", "100", void="true", line="2"))
    assert [x.line for x in store.lines] == ["1"]
    store.rows(row("1", "100"), row("1", "100"))
    assert [x.line for x in store.lines] == ["1"]


def test_void_of_iris_makes_its_line_void() -> None:
    detail = IRIS[IRIS.index("<Form1099DADetail>") : IRIS.index("</IRSubmission1Detail>")]
    void = detail.replace("<VoidInd>0", "<VoidInd>1")
    assert void != detail
    store = Store()
    store.take(iris.read(IRIS.replace(detail, detail + void), "f"), Told("K"))
    assert store.lines == []


# ---- original and correction in one file


def test_a_correction_beside_its_original_is_one_line() -> None:
    store = Store()
    store.rows(row("1", "100"), row("2", "100", corrected="true"))
    assert [(x.units, x.amount) for x in store.lines] == [(2, 100)]


def test_a_correction_beside_two_that_it_could_be_of() -> None:
    store = Store()
    with pytest.raises(DataError, match="several fit"):
        store.rows(row("1", "100"), row("1", "110"), row("1", "105", corrected="true"))
    rows = [row("1", "100", basis="5"), row("1", "110", basis="6")]
    store.rows(*rows, row("1", "105", basis="5", corrected="true"))
    assert store.amounts == [105, 110]
    store.rows(*rows, row("1", "105", basis="5", corrected="true"))
    assert store.amounts == [105, 110]


# ---- numbers and formats


def test_units_of_fewer_decimals_are_the_same_line() -> None:
    store = Store()
    store.rows(row("0.123456789012345678", "100"))
    store.rows(row("0.12345679", "100"), format_="1099-da-pdf")
    store.rows(row("0.12345678", "100"), format_="taxbit")
    assert store.amounts == [100]


def test_an_addition_of_the_same_day_and_dollars_is_refused() -> None:
    store = Store()
    store.rows(row("1.5", "100"))
    with pytest.raises(DataError, match="of the day and the dollars"):
        store.rows(row("1.4", "100"))


def test_a_brokers_own_number_for_a_line_that_is_there() -> None:
    store = Store()
    store.rows(row("1", "100"), row("2", "50"))
    store.rows(row("1", "100", line="TX-77"), row("2", "50", line="TX-78"))
    assert store.amounts == [50, 100]
    store.rows(row("1", "100", line="TX-79"), row("1", "100", line="TX-80"))
    assert store.amounts == [50, 100, 100]


def test_equal_lines_with_numbers_of_their_own_are_two() -> None:
    store = Store()
    store.rows(row("1", "100", line="A"), format_="1099-da")
    store.rows(row("1", "100", line="B"), format_="1099-da")
    assert store.amounts == [100, 100]


def test_a_correction_of_a_number_that_is_not_there_is_refused() -> None:
    store = Store()
    store.rows(row("1", "100"))
    with pytest.raises(DataError, match="does not have"):
        store.rows(row("1", "90", line="8", corrected="true"))


@pytest.mark.parametrize(
    "other",
    [
        row("3", "70", line="1", digital_asset_name="BTC"),
        row("2", "100", line="1"),
        row("1", "70", line="1"),
    ],
)
def test_a_numbered_line_is_no_other_sale_unless_it_says_corrected(other: Said) -> None:
    store = Store()
    store.rows(row("1", "100", line="1"))
    with pytest.raises(DataError, match="another sale already"):
        store.rows(other)


def test_a_form_of_two_accounts_takes_no_one_word() -> None:
    store = Store()
    rows = [replace(row("1", "100", account=""), head={"account": a}) for a in ("A", "B")]
    with pytest.raises(DataError, match="of several"):
        store.take(Reading(rows), Told(account="A"))
    notes = store.take(Reading(rows[1:]), Told(account="A"))
    assert notes == ["by your word its account is A; the file says B"]


@pytest.mark.parametrize("number", ["²", "٣", "1" * 90])
def test_odd_numbers_of_lines_are_no_crash(number: str) -> None:
    store = Store()
    store.rows(row("1", "100", line=number), row("2", "5"))
    assert store.amounts == [5, 100]


def test_a_number_of_endless_length_is_refused() -> None:
    with pytest.raises(DataError, match="longer than 100"):
        Store().rows(row("1", "100", line="1" * 5000))
