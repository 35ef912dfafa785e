"""Forms of brokers in every format: what is read to the last box, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from config.errors import DataError
from connectors.brokers import pdf
from connectors.brokers.form_1099da import FormLine, line_of
from connectors.brokers.placing import placed
from connectors.brokers.readers import READERS, File, reader_of
from connectors.brokers.reading import Reading, Told
from tests.brokers import statements
from tests.conftest import Run

D = Decimal


def _lines(data: bytes | str, told: Told | None = None) -> tuple[str, list[FormLine], list[str]]:
    file = File("f", data.encode() if isinstance(data, str) else data)
    name = reader_of(file)
    assert name
    found = placed(READERS[name].read(file), told or Told(), lambda source: [])
    return name, [line_of(r) for r in found.records], found.notes


def test_fdx_says_every_box_and_what_no_schema_names() -> None:
    name, lines, notes = _lines(statements.FDX % "false")
    first, second = lines
    assert name == "fdx"
    assert (first.broker, first.account, first.year, first.line) == (
        "Coinbase, Inc.", "FDX-9", 2025, "1",
    )  # fmt: skip
    assert (first.units, first.acquired, first.sold) == (
        D("0.123456789012345678"), date(2023, 4, 5), date(2025, 6, 7),
    )  # fmt: skip
    assert (first.proceeds, first.basis, first.basis_reported, first.box) == (
        D("1234.50"), D(1000), True, "J",
    )  # fmt: skip
    assert (first.federal_tax_withheld, first.term, first.noncovered) == (D("24.10"), "long", False)
    assert [(s.name, s.id_no, s.withheld) for s in first.states] == [("CA", "123", D(5))]
    assert (second.acquired, second.basis, second.basis_reported) == (None, None, False)
    assert notes == [
        "read by name alone, no public schema has them: noncoveredSecurity",
        "kept and not applied, no public schema has them: secretSauce",
    ]


def test_fdx_inside_a_pdf_is_taken_and_not_its_text() -> None:
    page = statements.official([{"1a": "X9J9K872S", "1b": "Ethereum", "1c": "1", "1f": "5.00"}])
    data = statements.with_information(page, "/fdxJson", statements.FDX % "false")
    _, lines, _ = _lines(data)
    assert [x.name for x in lines] == ["Bitcoin", "Ethereum"]


def test_iris_details_are_known_by_their_local_names() -> None:
    name, (line,), notes = _lines(statements.IRIS)
    assert name == "iris"
    assert line.key == "Kraken/IR-5/2025/1"
    assert (line.units, line.acquired, line.sold, line.amount, line.basis) == (
        D("0.5"), date(2025, 1, 2), date(2025, 3, 4), D("30000.00"), D("25000.00"),
    )  # fmt: skip
    assert (line.gross_or_net, line.term, line.basis_reported, line.noncovered) == (
        "net", "short", True, False,
    )  # fmt: skip
    assert (line.transferred_in_units, line.transferred_in_date) == (D("0.25"), date(2025, 2, 3))
    assert len(notes) == 1


def test_iris_with_entities_of_its_own_is_refused() -> None:
    bomb = statements.IRIS.replace(
        "<IRTransmission", '<!DOCTYPE x [<!ENTITY a "aaaa">]><IRTransmission', 1
    )
    with pytest.raises(DataError, match="is not XML that can be read"):
        _lines(bomb)


def test_only_the_1099_da_section_of_a_consolidated_file_is_read() -> None:
    name, lines, notes = _lines(statements.CONSOLIDATED, Told(broker="Robinhood"))
    assert name == "consolidated-1099"
    assert [(x.name, x.units, x.amount, x.basis, x.basis_reported) for x in lines] == [
        ("Bitcoin BTC", D("0.5"), D("13456.78"), D("12345.67"), False),
        ("Dogecoin DOGE", D(100), D(0), None, False),
    ]
    assert (lines[0].acquired, lines[0].term, lines[0].box) == (date(2024, 1, 15), "long", "K")
    assert (lines[0].federal_tax_withheld, lines[1].acquired) == (None, None)
    assert "no real sample" in notes[0]


SALES = [
    {"AC": "G", "1a": "4H95J0R2X Bitcoin", "1d": "03/01/2025", "1f": "1,000.50", "1g": "900.25",
     "2": "X", "6": "S", "7": "Cash", "1c": "0.0125", "1e": "05/06/2025", "3a": "Net"},
    {"AC": "Y", "1a": "999999999 Foo Token", "1f": "20.00", "9": "X", "1c": "12",
     "1e": "12/31/2025", "8": "CP"},
    {"AC": "H", "1a": "X9J9K872S Ethereum", "1f": "5.25", "9": "X", "1c": "1.5",
     "1e": "11/30/2025", "5": "LNA"},
]  # fmt: skip


def test_substitute_statement_of_two_pages() -> None:
    name, lines, _ = _lines(statements.substitute(SALES * 8, "8,206.00"), Told(broker="B"))
    assert (name, len(lines)) == ("1099-da-pdf", 24)
    first, second, third = lines[:3]
    assert (first.box, first.code, first.name, first.units) == (
        "G", "4H95J0R2X", "Bitcoin", D("0.0125"),
    )  # fmt: skip
    assert (first.amount, first.basis, first.basis_reported, first.term, first.cash_only) == (
        D("1000.5"), D("900.25"), True, "short", True,
    )  # fmt: skip
    assert (second.box, second.acquired, second.basis, second.noncovered) == ("Y", None, None, True)
    assert (second.customer_provided, third.loss_not_allowed) == (True, True)
    assert (lines[20].account, lines[20].year) == ("SUB-778", 2025)


def test_official_form_a_page_each() -> None:
    forms = [
        {"letter": "K", "1a": "X9J9K872S", "1b": "Ethereum", "1c": "2.5", "1e": "05/20/2025",
         "1f": "5,100.00", "9": "X", "6": "long"},
        {"letter": "G", "1a": "4H95J0R2X", "1b": "Wrapped Bitcoin", "1c": "0.1",
         "1d": "01/05/2025", "1e": "06/20/2025", "1f": "7,000.00", "1g": "6,000.00", "1i": "30.00",
         "2": "X", "7": "X", "6": "short", "12a": "0.05", "12b": "02/03/2025", "4": "12.00"},
    ]  # fmt: skip
    _, (first, second), notes = _lines(statements.official(forms), Told(broker="B"))
    assert (first.account, first.year, first.box, first.name, first.units) == (
        "OFF-42", 2025, "K", "Ethereum", D("2.5"),
    )  # fmt: skip
    assert (first.amount, first.basis, first.noncovered, first.term) == (
        D(5100), None, True, "long",
    )  # fmt: skip
    assert (second.name, second.acquired, second.basis, second.wash_sale_disallowed) == (
        "Wrapped Bitcoin", date(2025, 1, 5), D(6000), D(30),
    )  # fmt: skip
    assert (second.basis_reported, second.cash_only, second.term) == (True, True, "short")
    assert (second.transferred_in_units, second.transferred_in_date) == (
        D("0.05"), date(2025, 2, 3),
    )  # fmt: skip
    assert (second.federal_tax_withheld, second.loss_not_allowed) == (D(12), None)
    assert "compare the number of lines" in notes[0]


def test_a_ticked_correction_is_seen_and_the_printed_words_alone_are_not() -> None:
    """Official forms are corrected one by one, a substitute statement as a whole."""
    form = [{"1a": "X9J9K872S", "1b": "Ethereum", "1c": "1", "1e": "05/20/2025", "1f": "5.00"}]
    for ticked in (True, False):
        (line,) = pdf.read(statements.official(form, corrected=ticked), "f").lines
        assert (line.cells.get("corrected"), line.whole) == ("true" if ticked else None, False)
    title = "CORRECTED 2025 Form 1099-DA"
    assert all(x.whole for x in pdf.read(statements.substitute(SALES, title=title), "f").lines)
    note = "corrected forms are issued by March"
    assert not any(x.whole for x in pdf.read(statements.substitute(SALES, title=note), "f").lines)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (statements.locked(statements.scanned(), "secret"), "needs a password"),
        (statements.scanned(), "has no text: it is a scan"),
        (b"%PDF-1.7\nnothing of the kind", "is a PDF that is damaged"),
        (statements.substitute(SALES, "1,025.76"), "add up to 1025.75, its totals say 1025.76"),
        (statements.scanned("Dear customer"), "layout is not known"),
    ],
)
def test_broken_pdf_is_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        pdf.read(data, "f.pdf")


# ---- through the command line: all of a file or nothing

HEAD = "broker,account,tax_year,line,digital_asset_name,units,date_sold,proceeds,basis\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + "K,1,2025,1,BTC,1,2025-05-05,9,\nK,1,2025,2,BTC,one,2025-05-05,9,\n",
         "line 3: units is not a number: 'one'"),
        (HEAD + "K,1,2025,1,BTC,1,2024-05-05,9,\n",
         "line 2: date_sold 2024-05-05 is not in the tax year 2025"),
        (HEAD + "K,1,2025,1,BTC,1,2025-05-05,9,\nK,1,2025,1,ETH,1,2025-05-05,9,\n",
         "line 3: the form line 1 is in the file twice"),
        (HEAD.replace(",units", "") + "K,1,2025,1,BTC,2025-05-05,9,\n",
         "it lacks the column units"),
        (HEAD + "K,1,2025,1,BTC,1,2025-05-05,,\n", "line 2: proceeds is empty"),
    ],
)  # fmt: skip
def test_broken_form_changes_nothing(
    text: str, sentence: str, run: Run, config: Path, tmp_path: Path
) -> None:
    (tmp_path / "f.csv").write_text(text)
    done = run("import", str(tmp_path / "f.csv"), config=config)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert sentence in done.err
    found = run("reconcile", "--year", "2025", "--json", config=config).json["reconcile"]
    assert found["lines"] == []


def test_broken_pdf_changes_nothing(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "f.pdf").write_bytes(statements.substitute(SALES, "9.99"))
    done = run("import", str(tmp_path / "f.pdf"), "--broker", "B", config=config)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "its totals say 9.99" in done.err
    assert run("status", "--json", config=config).json["status"]["sources"] == []


def _import(run: Run, config: Path, path: Path, text: str, *words: str) -> str:
    path.write_text(text)
    done = run("import", str(path), *words, config=config)
    assert done.code == 0, done.err
    return done.out


def _form(run: Run, config: Path) -> list[tuple[str, str]]:
    found = run("reconcile", "--year", "2025", "--json", config=config).json["reconcile"]
    return [(x["form_line"].rpartition("/")[2], x["status"]) for x in found["lines"]]


NO_LINES = HEAD.replace(",line", "")


def test_a_form_read_twice_or_in_another_format_is_one_form(
    run: Run, config: Path, tmp_path: Path
) -> None:
    rows = "K,1,2025,Bitcoin,1,2025-05-05,9,\nK,1,2025,Bitcoin,1,2025-05-05,9,\n"
    path = tmp_path / "f.csv"
    assert "2 new records" in _import(run, config, path, NO_LINES + rows)
    assert "0 new records" in _import(run, config, path, NO_LINES + rows)
    taxbit = (
        "account_id,asset_name,asset_quantity,disposed_date,proceeds,cost_basis,proceeds_type,"
        "cash_proceeds\n1,Bitcoin,1.0,5/5/2025,9.00,,Net Proceeds,TRUE\n"
        "1,Bitcoin,1.00,5/5/2025,$9.00,,Net Proceeds,TRUE\n"
    )
    out = _import(run, config, path, taxbit, "--broker", "K", "--year", "2025")
    assert "0 new records, 2 changed" in out  # they say one box more
    assert [n for n, _ in _form(run, config)] == ["1", "2"]


def test_a_second_file_adds_lines_and_a_mixed_one_is_refused(
    run: Run, config: Path, tmp_path: Path
) -> None:
    path = tmp_path / "f.csv"
    _import(run, config, path, NO_LINES + "K,1,2025,Bitcoin,1,2025-05-05,9,\n")
    out = _import(run, config, path, NO_LINES + "K,1,2025,Bitcoin,2,2025-06-05,18,\n")
    assert "1 lines were added to the 1 of K/1/2025" in out
    path.write_text(
        NO_LINES + "K,1,2025,Bitcoin,2,2025-06-05,18,\nK,1,2025,Bitcoin,2,2025-06-06,19,\n"
    )
    done = run("import", str(path), config=config)
    assert done.code == 2
    assert "1 lines are of the form K/1/2025 already and 1 are not" in done.err
    assert len(_form(run, config)) == 2


def test_a_corrected_line_takes_the_place_of_its_original(
    run: Run, config: Path, tmp_path: Path
) -> None:
    path = tmp_path / "f.csv"
    rows = "K,1,2025,Bitcoin,1,2025-05-05,9,\nK,1,2025,Bitcoin,2,2025-06-05,18,\n"
    _import(run, config, path, NO_LINES + rows)
    head = NO_LINES.rstrip() + ",corrected,void\n"
    out = _import(run, config, path, head + "K,1,2025,Bitcoin,2,2025-06-05,17,,true,\n")
    assert "0 new records, 1 changed" in out
    found = run("reconcile", "--year", "2025", "--json", config=config).json["reconcile"]
    assert found["forms"][0]["proceeds_usd"] == "26.00"
    _import(run, config, path, head + "K,1,2025,Bitcoin,2,2025-06-05,17,,true,true\n")
    assert [n for n, _ in _form(run, config)] == ["1"]
    path.write_text(head + "K,1,2025,Ethereum,2,2025-06-05,17,,true,\n")
    done = run("import", str(path), config=config)
    assert (done.code, "corrects a line that the form K/1/2025 does not have" in done.err) == (
        2,
        True,
    )


def test_a_corrected_statement_replaces_the_whole_form(
    run: Run, config: Path, tmp_path: Path
) -> None:
    path = tmp_path / "f.json"
    _import(run, config, path, statements.FDX % "false")
    kept = statements.FDX % "true"
    only_first = kept[: kept.index(",\n    {")] + "]}}]}"
    out = _import(run, config, path, only_first.replace("1234.50", "1200"))
    assert "1 lines are void now: the corrected statement does not list it" in out
    found = run("reconcile", "--year", "2025", "--json", config=config).json["reconcile"]
    assert [f["proceeds_usd"] for f in found["forms"]] == ["1200.00"]


# ---- the mapping wizard

KRAKEN = """Kraken Form 1099-DA detail
Account: K-1

1b,1c,1d,1e,1f,1g,9
Asset,Quantity,Date Acquired,Date of Sale,Gross Proceeds,Cost Basis (USD),Covered
Bitcoin (BTC),0.5,01/02/2024,03/04/2025,"$30,000.00","$20,000.00",Covered
ETHEREUM (ETH) - X9J9K872S,2,-,05/06/2025,"5,000.00",,Noncovered
Total,,,,"35,000.00",,
"""
TOLD = ("--broker", "Kraken", "--account", "K-1", "--year", "2025")


def test_columns_are_guessed_checked_against_a_total_and_kept(
    run: Run, config: Path, tmp_path: Path
) -> None:
    path = tmp_path / "k.csv"
    path.write_text(KRAKEN)
    unknown = run("import", str(path), *TOLD, config=config)
    assert "columns of its own: syncer import --map" in unknown.err
    bare = run("import", str(path), "--map", *TOLD, config=config)
    assert (bare.code, "--total PROCEEDS or --rows N" in bare.err) == (2, True)
    assert "date_acquired" in bare.out
    wrong = run("import", str(path), "--map", "--total", "35001", *TOLD, config=config)
    assert "has proceeds of 35000.00, the statement says 35001.00" in wrong.err
    rows = run("import", str(path), "--map", "--rows", "3", *TOLD, config=config)
    assert "has 2 lines, the statement says 3" in rows.err
    assert run("status", "--json", config=config).json["status"]["sources"] == []
    done = run("import", str(path), "--map", "--total", "$35,000", *TOLD, config=config)
    assert (done.code, "mapped, 2 rows, 2 new records" in done.out) == (0, True)
    again = run("import", str(path), *TOLD, config=config)
    assert "mapped, 2 rows, 0 new records" in again.out


def test_a_wrong_guess_is_changed_by_a_word(run: Run, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text(KRAKEN.replace("Gross Proceeds", "Money In").replace("1f", "zz"))
    none = run("import", str(path), "--map", "--rows", "2", *TOLD, config=config)
    assert "no column is mapped to proceeds" in none.err
    word = ("--column", "proceeds=Money In")
    done = run("import", str(path), *word, "--total", "35000", *TOLD, config=config)
    assert done.code == 0, done.err
    strange = run("import", str(path), "--column", "proceeds=Nope", *TOLD, config=config)
    assert "the file has no column Nope" in strange.err


def test_reading_without_a_line_is_refused(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(HEAD)
    done = run("import", str(tmp_path / "f.csv"), config=config)
    assert "f.csv has no line of Form 1099-DA" in done.err
    assert Reading([]).lines == []


# ---- what a fresh reader found


def _substitute(sales: list[dict[str, str]], **more: str) -> Reading:
    return pdf.read(statements.substitute(sales, **more), "f.pdf")


def test_a_pdf_form_of_a_mapped_csv_is_the_same_form(
    run: Run, config: Path, tmp_path: Path
) -> None:
    """The CSV says fewer boxes and another name; the PDF adds what it says."""
    csv_ = tmp_path / "k.csv"
    csv_.write_text("Asset,Quantity,Date of Sale,Proceeds\nBTC,0.0125,05/06/2025,1000.50\n")
    words = ("--broker", "B", "--account", "SUB-778", "--year", "2025")
    done = run("import", str(csv_), "--map", "--rows", "1", *words, config=config)
    assert done.code == 0, done.err
    (tmp_path / "f.pdf").write_bytes(statements.substitute(SALES[:1]))
    done = run("import", str(tmp_path / "f.pdf"), "--broker", "B", config=config)
    assert "0 new records, 1 changed" in done.out
    found = run("reconcile", "--year", "2025", "--json", config=config).json["reconcile"]
    assert [f["proceeds_usd"] for f in found["forms"]] == ["1000.50"]


@pytest.mark.parametrize("odd", ["1f", "1c"])
def test_a_sale_with_one_row_alone_is_refused(odd: str) -> None:
    broken = {k: v for k, v in SALES[1].items() if k not in (odd, "AC")}
    if odd == "1f":
        assert "proceeds" not in _substitute([SALES[0], {**broken, "AC": "Y"}]).lines[1].cells
    else:
        with pytest.raises(DataError, match="a sale without its second row"):
            _substitute([SALES[0], {**broken, "AC": "Y"}])


def test_a_grand_total_is_held_against_all_lines_and_not_a_sections() -> None:
    sales = statements.substitute(SALES[:2], "short-term 1,000.50")
    with pytest.raises(DataError, match=r"add up to 1020\.50, its totals say 1000\.50"):
        pdf.read(sales, "f.pdf")


def test_a_tick_that_is_not_seen_is_not_stated() -> None:
    form = {"letter": "G", "1a": "X9J9K872S", "1b": "Ethereum", "1c": "1", "1e": "05/20/2025"}
    (line,) = pdf.read(statements.official([{**form, "1f": "5.00", "1g": "4.00"}]), "f").lines
    assert "basis_reported" not in line.cells
    told = Told(broker="B")
    (record,) = placed(Reading([line]), told, lambda source: []).records
    assert line_of(record).known_to_irs  # by the letter


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + "K,1,2025,1,BTC,1,2025-05-05,1,000.50,\n", "it has more cells than columns"),
        (HEAD.rstrip() + ",basis\nK,1,2025,1,BTC,1,2025-05-05,1,2,3\n", "two columns are named"),
        (HEAD + 'K,1,2025,1,"BTC,1,2025-05-05,1,\nK,1,2025,2,ETH,1,2025-05-05,1,\n', "line 3"),
        (HEAD + "K,1,2025,1,BTC,1,2025-05-05,€9,\n", "proceeds is not a number"),
        (HEAD + "K,1,²,1,BTC,1,2025-05-05,9,\n", "tax_year is not a whole number"),
        (HEAD + "K/1,2,2025,1,BTC,1,2025-05-05,9,\n", "broker must not hold a slash"),
        (HEAD + "K,1,2025,1,BTC,1,2025-W19-1,9,\n", "date_sold is not a date"),
    ],
)
def test_cells_in_the_wrong_place_are_refused(
    text: str, sentence: str, run: Run, config: Path, tmp_path: Path
) -> None:
    (tmp_path / "f.csv").write_text(text)
    done = run("import", str(tmp_path / "f.csv"), config=config)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert sentence in done.err


def test_what_a_form_states_is_checked_whatever_its_format(
    run: Run, config: Path, tmp_path: Path
) -> None:
    (tmp_path / "f.csv").write_text(HEAD + "K,1,2025,1,BTC,1,2025-05-05,9,\n")
    wrong = run("import", str(tmp_path / "f.csv"), "--total", "10", config=config)
    assert "has proceeds of 9.00, the statement says 10.00" in wrong.err
    assert run("import", str(tmp_path / "f.csv"), "--total", "9", config=config).code == 0
    (tmp_path / "j.csv").write_text("time,kind,account,in_asset,in_quantity\n")
    journal = run("import", str(tmp_path / "j.csv"), "--rows", "1", config=config)
    assert "is no form: --rows and --total" in journal.err


def test_rows_that_a_mapping_cannot_read_are_no_footers(
    run: Run, config: Path, tmp_path: Path
) -> None:
    head = "Asset,Quantity,Date of Sale,Proceeds\n"
    path = tmp_path / "k.csv"
    path.write_text(head + "Totally Wrapped,7,05/06/2025,700\n,2,05/07/2025,5000\nTotal,,,5700\n")
    done = run("import", str(path), "--map", "--rows", "2", *TOLD, config=config)
    assert "line 3: Asset is empty" in done.err
    path.write_text(head + "Totally Wrapped,7,05/06/2025,700\nTotal,,,700\n")
    assert run("import", str(path), "--map", "--total", "700", *TOLD, config=config).code == 0
    again = run("import", str(path), "--total", "701", *TOLD, config=config)
    assert "the statement says 701.00" in again.err
