"""What a form can look like beside what it should: read right, or refused in one sentence."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path

import pytest

from config.errors import DataError
from connectors.brokers import fdx, iris, mapping, pdf, tables
from connectors.brokers.pdf_words import Line, head_of
from connectors.brokers.words import amount, day, letter, term, units
from tests.brokers import statements
from tests.brokers.test_readers import SALES
from tests.conftest import Run

FORM = {"letter": "G", "1a": "4H95J0R2X", "1b": "Bitcoin", "1c": "0.1", "1e": "06/20/2025"}
FORM |= {"1f": "7,000.00", "1g": "6,000.00"}


def _cells(data: bytes) -> list[dict[str, str]]:
    return [dict(x.cells) for x in pdf.read(data, "f").lines]


# ---- PDF


@pytest.mark.parametrize("odd", ["20.00*", "20.00 CR", "USD 20.00", "20.00-", "$-20.00", "—", ""])
def test_a_sale_whose_proceeds_are_odd_is_never_left_out(odd: str) -> None:
    bare = {k: v for k, v in SALES[1].items() if k not in ("AC", "1a")}
    sales = [SALES[0], {**bare, "1a": "Some coin", "1f": odd}, SALES[2]]
    with pytest.raises(DataError, match=r"second row without the first|without its second row"):
        pdf.read(statements.substitute(sales), "f")


def test_the_right_one_of_two_forms_on_a_page_is_corrected() -> None:
    for ticked in (0, 1):
        forms = [FORM, {**FORM, "1c": "0.2"}]
        forms[ticked] = {**forms[ticked], "corrected": "X"}
        found = _cells(statements.official(forms, a_page=2))
        assert [x["units"] for x in found] == ["0.1", "0.2"]
        assert [x.get("corrected") == "true" for x in found] == [ticked == 0, ticked == 1]


def test_a_page_of_two_accounts_is_refused() -> None:
    forms = [FORM, {**FORM, "account": "OFF-43"}]
    with pytest.raises(DataError, match=r"page 1 is of several accounts \(OFF-42, OFF-43\)"):
        pdf.read(statements.official(forms, a_page=2), "f")
    lines = pdf.read(statements.official(forms), "f").lines  # a page each
    assert [x.head["account"] for x in lines] == ["OFF-42", "OFF-43"]


@pytest.mark.parametrize(
    ("title", "whole"),
    [
        ("CORRECTED 2025 Form 1099-DA", True),
        ("2025 Form 1099-DA CORRECTED", True),
        ("2025 Form 1099-DA - CORRECTED 02/28/2026", True),
        ("2025 Corrected Form 1099-DA", True),
        ("CORRECTED (if checked) 2025 Form 1099-DA", False),
        ("2025 Form 1099-DA. Corrected 1099-DA forms, if any, are sent by March 15", False),
        ("2025 Form 1099-DA: we may issue a corrected 1099-DA", False),
    ],
)
def test_whether_a_substitute_statement_is_corrected(title: str, whole: bool) -> None:
    lines = pdf.read(statements.substitute(SALES, title=title), "f").lines
    assert {x.whole for x in lines} == {whole}


@pytest.mark.parametrize(
    ("box", "odd"),
    [
        ("1g", "$-5.00"), ("1g", "5.00-"), ("1g", "4.000,00"), ("1g", "5E3"), ("1g", "5.00*"),
        ("1g", "1 234.56"), ("1c", "2 500"), ("1i", "30.00-"), ("4", "12.00*"), ("11b", "1.5x"),
        ("1d", "Jan 5, 2025"), ("1d", "20250105"), ("1d", "01/05/2025*"), ("1d", "2025/01/05"),
    ],
)  # fmt: skip
def test_a_box_whose_value_is_odd_is_refused_and_not_left_out(box: str, odd: str) -> None:
    with pytest.raises(DataError, match=f"box {box} says"):
        pdf.read(statements.official([{**FORM, box: odd}]), "f")


def test_a_count_of_thousands_is_read() -> None:
    (found,) = _cells(statements.official([{**FORM, "11b": "1,234"}]))
    assert found["transaction_count"] == "1234"


def test_two_sections_of_equal_proceeds_are_not_one_and_the_whole() -> None:
    one = [{**SALES[0], "1f": "5.00"}, {**SALES[0], "1f": "5.00"}]
    data = statements.substitute(one, "5.00")
    with pytest.raises(DataError, match=r"add up to 10.00, its totals say 5.00"):
        pdf.read(data, "f")


def test_only_the_first_amount_of_a_total_is_of_the_proceeds() -> None:
    sales = [{**SALES[0], "1f": "5.00"}]
    with pytest.raises(DataError, match=r"its totals say 10\.00"):
        pdf.read(statements.substitute(sales, "10.00 5.00"), "f")


def test_a_damaged_information_dictionary_is_one_sentence() -> None:
    good = statements.with_information(statements.official([FORM]), "/Title", "x")
    broken = re.sub(rb"/Info (\d+ 0) R", rb"/Info \1 X", good)
    assert broken != good
    with pytest.raises(DataError, match="damaged"):
        pdf.read(broken, "f")


@pytest.mark.parametrize("streams", [1, 5])
def test_a_pdf_that_unpacks_to_more_than_any_statement_is_refused(streams: int) -> None:
    """One stream of 80 MB, or several that only together are too much."""
    data = statements.bomb(80_000_000 if streams == 1 else 50_000_000, streams)
    assert len(data) < 1_000_000
    with pytest.raises(DataError, match="f unpacks to more than 200 MB"):
        pdf.read(data, "f")


def test_a_stream_of_another_generation_is_measured_too() -> None:
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 1 R >>",
    )
    packed = zlib.compress(b" " * 250_000_000, 9)
    head = b"<< /Length %d /Filter /FlateDecode >>" % len(packed)
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate((*objects, head + b"stream\n" + packed + b"\nendstream"), 1):
        places.append(len(data))
        data += b"%d %d obj\n%s\nendobj\n" % (number, number == 4, body)
    rows = [b"%010d %05d n \n" % (at, n == 3) for n, at in enumerate(places)]
    start = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(rows)
    data += b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    with pytest.raises(DataError, match="f unpacks to more than 200 MB"):
        pdf.read(data, "f")


def test_a_place_beyond_any_file_is_one_sentence() -> None:
    good = statements.official([FORM])
    broken = re.sub(rb"startxref\s+\d+", b"startxref\n" + b"9" * 25, good)
    assert broken != good
    with pytest.raises(DataError, match=r"damaged \(OverflowError\)"):
        pdf.read(broken, "f")


@pytest.mark.parametrize(
    ("first", "told"), [("Youraccount", {}), ("Account", {"account": "12345"})]
)
def test_a_label_that_runs_into_another_word_names_no_account(
    first: str, told: dict[str, str]
) -> None:
    label = Line(tuple({"text": t, "x0": 10.0, "top": 100.0} for t in (first, "number")))
    below = Line(
        tuple({"text": t, "x0": x, "top": 110.0} for t, x in (("Jo", 5.0), ("12345", 10.0)))
    )
    assert head_of([label, below]) == told


# ---- FDX, IRIS


@pytest.mark.parametrize("told", ['"Y"', '"X"', '"CORRECTED"', "1", '"true"', "true"])
def test_corrected_in_any_words(told: str) -> None:
    assert all(x.whole for x in fdx.read(statements.FDX % told, "f").lines)


@pytest.mark.parametrize("told", ["2", "{}", '"perhaps"', "[1]"])
def test_corrected_in_no_words_is_refused(told: str) -> None:
    assert "form 1: corrected is neither" in fdx.read(statements.FDX % told, "f").faults[0]


@pytest.mark.parametrize("odd", ['{"amount": 1000}', "[1000]"])
def test_a_box_that_is_no_plain_value_is_refused(odd: str) -> None:
    text = (statements.FDX % "false").replace('"costBasis": 1000', f'"costBasis": {odd}')
    assert fdx.read(text, "f").faults == ["form 1, detail 1: costBasis is no plain value"]


def test_a_form_without_its_list_and_a_third_state_are_refused() -> None:
    text = (statements.FDX % "false").replace("digitalAssetDetails", "digitalAssetDetail")
    assert fdx.read(text, "f").faults == ["form 1: digitalAssetDetails is no list"]
    document = json.loads(statements.FDX % "false")
    detail = document["forms"][0]["tax1099Da"]["digitalAssetDetails"][0]
    detail["stateAndLocal"] = [{"state": {"stateCode": c}} for c in ("CA", "NY", "NJ")]
    assert "one or two states" in fdx.read(json.dumps(document), "f").faults[0]


def test_half_a_character_is_refused() -> None:
    text = (statements.FDX % "false").replace('"secretSauce": ', '"b": "\\ud800", "secretSauce": ')
    with pytest.raises(DataError, match="not JSON that can be read"):
        fdx.read(text, "f")


def test_withheld_tax_goes_to_the_state_that_it_stands_with() -> None:
    group = "<StateLocalTaxGrp><StateAbbreviationCd>{}</StateAbbreviationCd>{}</StateLocalTaxGrp>"
    tax = "<StateTaxGrp><StateTaxWithheldAmt>5</StateTaxWithheldAmt></StateTaxGrp>"
    both = group.format("CA", "") + group.format("NY", tax)
    text = statements.IRIS.replace("</Form1099DADetail>", f"{both}</Form1099DADetail>")
    cells = iris.read(text, "f").lines[0].cells
    assert (cells["state_1"], cells["state_2"]) == ("CA", "NY")
    assert (cells.get("state_withheld_1"), cells["state_withheld_2"]) == (None, "5")


def test_an_element_twice_is_refused_and_one_outside_its_group_is_read() -> None:
    twice = statements.IRIS.replace(
        "<ProceedsAmt>", "<ProceedsAmt>1.00</ProceedsAmt><ProceedsAmt>", 1
    )
    assert iris.read(twice, "f").faults == ["detail 1: the element proceedsamt is there twice"]
    found = statements.IRIS
    detail = found[found.index("<Form1099DADetail>") : found.index("</IRSubmission1Detail>")]
    end = found.rindex("</")
    assert len(iris.read(found[:end] + detail + found[end:], "f").lines) == 2


# ---- CSV


def test_a_header_said_again_loses_no_section() -> None:
    head = "Asset,Quantity,Date Sold,Proceeds\n"
    text = f"Short term\n{head}Bitcoin,1,2025-05-05,100.00\nLong term\n{head}Ether,2,2025-06-06,7\n"
    table = mapping.table(text, "f")
    reading = mapping.read(table, mapping.Columns(table.header, mapping.guess(table)))
    assert [x.cells["proceeds"] for x in reading.lines] == ["100", "7"]


def test_a_taxbit_or_mapped_file_can_say_corrected() -> None:
    text = (
        "account_id,asset_name,asset_quantity,disposed_date,proceeds,proceeds_type,corrected\n"
        "1,Bitcoin,1,5/5/2025,9.00,Net Proceeds,TRUE\n"
    )
    assert tables.read_taxbit(text).lines[0].cells["corrected"] == "true"
    table = mapping.table(
        "Asset,Quantity,Date Sold,Proceeds,Corrected\nBitcoin,1,2025-05-05,9,Y\n", "f"
    )
    reading = mapping.read(table, mapping.Columns(table.header, mapping.guess(table)))
    assert reading.lines[0].cells["corrected"] == "true"


def test_a_row_before_its_header_is_refused() -> None:
    head = "1099-DA,ACCOUNT NUMBER,TAX YEAR,SALE DATE,DTIF NAME,UNITS,PROCEEDS\n"
    with pytest.raises(DataError, match="line 1: a row of Form 1099-DA before its header"):
        tables.read_consolidated("1099-DA,1,2025,2025-05-05,Bitcoin,1,13456.78\n" + head)


@pytest.mark.parametrize("cell", ["(-1000)", "CA$1000", "100 CR", "0.5 BTC", "(5", "5-", "5*", "x"])
def test_an_amount_that_is_none_is_refused(cell: str) -> None:
    with pytest.raises(DataError, match="not a"):
        amount(cell, "proceeds")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("$1,000.50", "1000.5"), ("(12.00)", "-12"), ("-$5", "-5"), ("1000 USD", "1000"),
        ("5E3", "5000"),
    ],
)  # fmt: skip
def test_an_amount_in_the_words_of_brokers(cell: str, told: str) -> None:
    assert amount(cell, "proceeds") == told


def test_units_may_name_their_coin() -> None:
    assert units("0.5 BTC", "units") == "0.5"


def test_words_that_say_neither_are_refused() -> None:
    assert (term("LONG_TERM", "term"), term("LONGTERM", "term"), term("Ordinary", "term")) == (
        "long", "long", "",
    )  # fmt: skip
    with pytest.raises(DataError, match="neither short nor long"):
        term("SHRT", "term")
    with pytest.raises(DataError, match="no letter"):
        letter("A", "box")
    with pytest.raises(DataError, match="not a date"):
        day("2025115", "sold")


# ---- whose form it is

HEAD = "broker,account,tax_year,digital_asset_name,units,date_sold,proceeds\n"


def _form(run: Run, config: Path, path: Path, account: str) -> tuple[int, str]:
    path.write_text(f"{HEAD}K,{account},2025,Bitcoin,1,2025-05-05,9\n")
    done = run("import", str(path), config=config)
    return done.code, done.out + done.err


def test_an_account_has_one_name_and_a_masked_one_is_asked_for(
    run: Run, config: Path, tmp_path: Path
) -> None:
    path = tmp_path / "f.csv"
    assert _form(run, config, path, "AB-12")[0] == 0
    assert "0 new records" in _form(run, config, path, "ab-12")[1]
    code, said = _form(run, config, path, "****-12")
    assert (code, "may be AB-12: give it with --account" in said) == (2, True)
