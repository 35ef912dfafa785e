"""Which line of a form each is, whatever the order, the format and the spelling."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from config.errors import DataError
from connectors.brokers import fdx, iris
from connectors.brokers.placing import placed
from connectors.brokers.reading import Reading, Said, Told
from tests.brokers.statements import FDX, IRIS
from tests.brokers.store import Store, row


def test_an_original_that_comes_after_its_correction_is_left_out() -> None:
    store = Store()
    store.take(Reading([row("1", "90", corrected="true")]))
    notes = store.take(Reading([row("1", "100")]))
    assert (store.amounts, notes) == ([Decimal(90)], ["row is corrected already, and left out"])


def test_original_and_correction_in_one_file_are_one_line() -> None:
    store = Store()
    store.take(Reading([row("1", "100"), row("2", "50"), row("1", "90", corrected="true")]))
    assert store.amounts == [Decimal(50), Decimal(90)]


def test_a_number_that_another_sale_has_is_refused() -> None:
    store = Store()
    store.take(Reading([row("1", "100", line="1"), row("3", "300", line="3")]))
    wrong = row("3", "333", line="1", corrected="true", date_sold="2025-06-06")
    with pytest.raises(DataError, match="line 1 of the form K/1/2025 is another sale already"):
        store.take(Reading([wrong]))
    assert store.amounts == [Decimal(100), Decimal(300)]


def test_record_ids_of_another_submission_name_no_line() -> None:
    """IRIS numbers the records of one submission: a correction is found by what it says."""
    store = Store()
    detail = IRIS[IRIS.index("<Form1099DADetail>") : IRIS.index("</IRSubmission1Detail>")]
    other = detail.replace("0.5<", "3<").replace("30000.00", "300.00").replace(">7<", ">8<")
    store.take(iris.read(IRIS.replace(detail, detail + other), "f"), Told("K"))
    fixed = other.replace("300.00", "333.00").replace(">8<", ">1<")
    fixed = fixed.replace("<CorrectedInd>0", "<CorrectedInd>1")
    store.take(iris.read(IRIS.replace(detail, fixed), "f"), Told("K"))
    assert store.amounts == [Decimal(333), Decimal(30000)]


def test_a_corrected_statement_of_one_account_leaves_the_other_alone() -> None:
    document = json.loads(FDX % "false")
    second = json.loads(json.dumps(document["forms"][0]))
    second["tax1099Da"]["accountNumber"] = "OTHER"
    document["forms"].append(second)
    store = Store()
    store.take(fdx.read(json.dumps(document), "f"))
    assert len(store.lines) == 4
    store.take(fdx.read(FDX % "true", "f"))
    assert sorted((x.account, bool(x.corrected)) for x in store.lines) == [
        ("FDX-9", True), ("FDX-9", True), ("OTHER", False), ("OTHER", False),
    ]  # fmt: skip


def test_a_broker_has_one_name_whoever_spells_it() -> None:
    store = Store()
    store.take(Reading([row("1", "100")]))

    def spelled(cells: dict[str, str]) -> dict[str, str]:
        return {**cells, "broker": "K"}

    found = placed(Reading([row("1", "100", broker="K, Inc.")]), Told(), store.known, spelled)
    assert [r.source for r in found.records] == ["form:K/1/2025"]
    assert [found.records] == list(store.records.values())


@pytest.mark.parametrize("details", ['["x"]', '{"a": 1}', "5"])
def test_odd_shapes_of_fdx_are_faults_and_no_crash(details: str) -> None:
    text = f'{{"tax1099Da": {{"taxYear": 2025, "digitalAssetDetails": {details}}}}}'
    assert len(fdx.read(text, "f").faults) == 1


def test_both_states_of_an_iris_detail_are_kept() -> None:
    group = (
        "<StateLocalTaxGrp><StateAbbreviationCd>{}</StateAbbreviationCd><StateTaxGrp>"
        "<StateTaxWithheldAmt>{}</StateTaxWithheldAmt></StateTaxGrp></StateLocalTaxGrp>"
    )
    text = IRIS.replace(
        "</Form1099DADetail>", group.format("CA", 4) + group.format("NY", 5) + "</Form1099DADetail>"
    )
    store = Store()
    store.take(iris.read(text, "f"), Told("K"))
    assert [(s.name, s.withheld) for s in store.lines[0].states] == [
        ("CA", Decimal(4)), ("NY", Decimal(5)),
    ]  # fmt: skip


def test_your_word_goes_before_a_first_page_and_never_against_a_line() -> None:
    store = Store()
    bare = {k: v for k, v in row("1", "100").cells.items() if k != "account"}
    store.take(Reading([Said("row", bare, head={"account": "page 1"})]), Told(account="1"))
    assert [x.account for x in store.lines] == ["1"]
    with pytest.raises(DataError, match="account is 1 in the file, and 2 by your word"):
        store.take(Reading([row("1", "100")]), Told(account="2"))
