"""Brokers' CSV files of Form 1099-DA whose columns are known: TaxBit's template, and the sections
of a consolidated 1099 as Robinhood writes it. (Field names: tax-rules.md, 8.2 and 8.4.)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config.errors import DataError
from connectors.brokers.csv_rows import Named, cells_of, check_header, named, rows_of
from connectors.brokers.reading import Reading, Said
from connectors.brokers.words import (
    Word,
    aggregate,
    amount,
    canonical,
    count,
    day,
    flag,
    gross_or_net,
    letter,
    plain_text,
    term,
    units,
)

Table = tuple[tuple[str, str, Word], ...]

TAXBIT: Table = (
    ("account_id", "account", plain_text),
    ("tax_year", "tax_year", plain_text),
    ("asset_dtif_code", "digital_asset_code", plain_text),
    ("asset_name", "digital_asset_name", plain_text),
    ("asset_symbol", "digital_asset_name", plain_text),
    ("asset_quantity", "units", units),
    ("acquired_date", "date_acquired", day),
    ("disposed_date", "date_sold", day),
    ("proceeds", "proceeds", amount),
    ("cost_basis", "basis", amount),
    ("accrued_market_discount", "accrued_market_discount", amount),
    ("wash_sale_loss_disallowed", "wash_sale_disallowed", amount),
    ("basis_reported_to_irs", "basis_reported", flag),
    ("proceeds_type", "gross_or_net", gross_or_net),
    ("federal_tax_withheld", "federal_tax_withheld", amount),
    ("loss_not_allowed", "loss_not_allowed", flag),
    ("gain_loss_classification", "term", term),
    ("cash_proceeds", "cash_only", flag),
    ("customer_provided_lot", "customer_provided", flag),
    ("customer_provided", "customer_provided", flag),
    ("is_noncovered_security", "noncovered", flag),
    ("aggregate_stablecoin_nft", "aggregate", aggregate),
    ("number_of_transactions", "transaction_count", count),
    ("transferred_in_quantity", "transferred_in_units", units),
    ("transferred_in_date", "transferred_in_date", day),
    ("corrected", "corrected", flag),
    ("is_corrected", "corrected", flag),
    ("void", "void", flag),
    ("is_void", "void", flag),
)
_TAXBIT_NEEDS = ("asset_name", "asset_quantity", "disposed_date", "proceeds", "proceeds_type")
TAXBIT_NOTE = (
    "columns after aggregate_stablecoin_nft are read by the names we expect: the public template "
    "is cut off there"
)

CONSOLIDATED: Table = (
    ("ACCOUNT NUMBER", "account", plain_text),
    ("TAX YEAR", "tax_year", plain_text),
    ("DATE ACQUIRED", "date_acquired", day),
    ("SALE DATE", "date_sold", day),
    ("DATE SOLD", "date_sold", day),
    ("DATE SOLD OR DISPOSED", "date_sold", day),
    ("DTIF CODE", "digital_asset_code", plain_text),
    ("DIGITAL ASSET CODE", "digital_asset_code", plain_text),
    ("DTIF NAME", "digital_asset_name", plain_text),
    ("DIGITAL ASSET NAME", "digital_asset_name", plain_text),
    ("DESCRIPTION", "digital_asset_name", plain_text),
    ("DTIF UNITS", "units", units),
    ("NUMBER OF UNITS", "units", units),
    ("UNITS", "units", units),
    ("SHARES", "units", units),
    ("COST BASIS", "basis", amount),
    ("SALES PRICE", "proceeds", amount),
    ("PROCEEDS", "proceeds", amount),
    ("TERM", "term", term),
    ("ORDINARY", "ordinary", flag),
    ("FED TAX WITHHELD", "federal_tax_withheld", amount),
    ("WASH AMT DISALLOWED", "wash_sale_disallowed", amount),
    ("ACCRDMKTDISCOUNT", "accrued_market_discount", amount),
    ("FORM8949CODE", "form_8949_box", letter),
    ("GROSSPROCEEDSINDICATOR", "gross_or_net", gross_or_net),
    ("LOSSNOTALLOWED", "loss_not_allowed", flag),
    ("NON COVERED", "noncovered", flag),
    ("QOF", "qof", flag),
    ("CORRECTED", "corrected", flag),
    ("VOID", "void", flag),
)
_UNDER_ZERO = ("federal_tax_withheld", "wash_sale_disallowed", "accrued_market_discount")
CONSOLIDATED_NOTE = (
    "no real sample of this section is public: columns after TERM are read by the names of the "
    "1099-B section, so compare the number of lines and the total proceeds with the PDF"
)


def is_taxbit(header: Iterable[str]) -> bool:
    return set(_TAXBIT_NEEDS) <= {h.strip() for h in header}


def read_taxbit(text: str) -> Reading:
    """Raises DataError if cells are not where their columns are."""
    rows = rows_of(text)
    beyond = {k for _, row in rows for k in row} - _told(TAXBIT[:24])
    return _reading(rows, TAXBIT, (TAXBIT_NOTE,) if beyond else ())


def _told(table: Table) -> set[str]:
    return {column for column, _, _ in table}


def is_consolidated(text: str) -> bool:
    """Whether the first column repeats a form's name and a section of Form 1099-DA is there."""
    if "1099-DA," not in text:
        return False
    lines = (x for x in text.splitlines() if x.lstrip('"').startswith("1099-DA"))
    return any(_is_head([c.strip().strip('"') for c in x.split(",")]) for x in lines)


def _is_head(row: list[str]) -> bool:
    return len(row) > 3 and row[0] == "1099-DA" and "TAX YEAR" in row


def read_consolidated(text: str) -> Reading:
    """The section of Form 1099-DA; those of other forms are left alone."""
    found = _reading(_section(text), CONSOLIDATED, (CONSOLIDATED_NOTE,))
    return Reading([_with_box_2(x) for x in found.lines], found.faults, found.notes)


def _section(text: str) -> Iterator[Named]:
    header: list[str] = []
    for number, row in cells_of(text):
        if _is_head(row):
            header = row
            check_header(header)
        elif row and row[0] == "1099-DA":
            if not header:
                raise DataError(f"line {number}: a row of Form 1099-DA before its header")
            yield number, named(header, number, row)


def _with_box_2(line: Said) -> Said:
    """BASIS NOT SHOWN says what box 2 does not; zeros in boxes that are empty on paper."""
    cells = {k: v for k, v in line.cells.items() if k not in _UNDER_ZERO or v != "0"}
    if str(line.words.get("BASIS NOT SHOWN") or "").upper() in ("Y", "YES", "1", "TRUE", "X"):
        cells["basis_reported"] = "false"
    return Said(line.place, cells, line.words)


def _reading(rows: Iterable[Named], table: Table, notes: tuple[str, ...]) -> Reading:
    lines, faults = [], []
    for number, words in rows:
        try:
            lines.append(Said(f"line {number}", canonical(words, table), words))
        except DataError as error:
            faults.append(f"line {number}: {error}")
    return Reading(lines, faults, notes)
