"""Any CSV of a broker's form, by a mapping of its columns to ours that a person has agreed to.

Guesses go by names that such columns have in the wild, and by whether the cells are of that kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.errors import DataError
from config.exact import ZERO, cents
from connectors.brokers.csv_rows import cells_of, check_header, named
from connectors.brokers.reading import Reading, Said
from connectors.brokers.words import (
    Word,
    aggregate,
    amount,
    canonical,
    count,
    covered,
    day,
    flag,
    gross_or_net,
    letter,
    noncovered,
    plain_text,
    term,
    unflag,
    units,
)
from connectors.records import RawRecord, exact

SOURCE, STREAM = "form-mapping", "mapping"
DEEPEST_HEADER = 30  # lines before it are a preamble
SAMPLES = 3
NEEDED = ("digital_asset_name", "units", "date_sold", "proceeds")
_OF_DOLLARS = re.compile(r"usd|\$|dollar", re.IGNORECASE)
_TOTAL = re.compile(r"(grand |sub-?)?totals?\b", re.IGNORECASE)
_REVERSED = "not "  # before one of ours: the file's column says the opposite

WORDS: Mapping[str, Word] = {
    "account": plain_text,
    "tax_year": plain_text,
    "line": plain_text,
    "form_8949_box": letter,
    "digital_asset_code": plain_text,
    "digital_asset_name": plain_text,
    "units": units,
    "date_acquired": day,
    "date_sold": day,
    "proceeds": amount,
    "basis": amount,
    "wash_sale_disallowed": amount,
    "accrued_market_discount": amount,
    "federal_tax_withheld": amount,
    "basis_reported": flag,
    "gross_or_net": gross_or_net,
    "term": term,
    "noncovered": noncovered,
    "not basis_reported": unflag,
    "not noncovered": covered,
    "cash_only": flag,
    "customer_provided": flag,
    "loss_not_allowed": flag,
    "ordinary": flag,
    "aggregate": aggregate,
    "transaction_count": count,
    "transferred_in_units": units,
    "transferred_in_date": day,
    "corrected": flag,
    "void": flag,
}
# names without regard to case and signs; those further right are ambiguous and come last
ALIASES: Mapping[str, str] = {
    "account": "account id|account number|account",
    "tax_year": "tax year|year",
    "form_8949_box": "form 8949 code|applicable checkbox on form 8949|applicable checkbox|box",
    "digital_asset_code": "1a|code for digital asset|asset dtif code|dtif code|asset code",
    "digital_asset_name": (
        "1b|name of digital asset|digital asset name|dtif name|asset name|asset|symbol|asset symbol"
        "|ticker|currency name|currency|cryptocurrency|coin|token|digital asset|property"
        "|description of property|asset description|description"
    ),
    "units": (
        "1c|number of units|units|dtif units|quantity|qty|asset quantity|disposed quantity|shares"
        "|amount"
    ),
    "date_acquired": (
        "1d|date acquired|acquired date|acquisition date|date of acquisition|purchase date"
        "|date purchased|acquired at|acquired|received date"
    ),
    "date_sold": (
        "1e|date sold or disposed|date sold|sale date|date of sale|disposed date|date disposed"
        "|date of disposition|disposition date|disposal date|disposed at|sold|transaction date|date"
    ),
    "proceeds": (
        "1f|proceeds|gross proceeds|net proceeds|total proceeds|sale proceeds|sales proceeds"
        "|sales price|sale price|amount received"
    ),
    "basis": "1g|cost or other basis|cost basis|adjusted basis|basis|cost",
    "accrued_market_discount": "1h|accrued market discount",
    "wash_sale_disallowed": (
        "1i|wash sale loss disallowed|wash sale disallowed|wash amt disallowed|wash sale"
    ),
    "basis_reported": "2|box 2|basis reported to irs|basis reported",
    "not basis_reported": "basis not shown|basis not reported",
    "gross_or_net": "3a|gross or net|proceeds type|gross proceeds indicator",
    "federal_tax_withheld": "4|federal income tax withheld|federal tax withheld|fed tax withheld",
    "term": (
        "6|term|short or long term|holding period|gain loss term|type of gain or loss"
        "|gain loss classification"
    ),
    "noncovered": "9|noncovered|non covered|noncovered security|is noncovered security",
    "not noncovered": "covered|is covered|covered flag|covered status",
    "transferred_in_units": "12a|units transferred in|number of units transferred in",
    "transferred_in_date": "12b|transfer in date|transferred in date",
    "corrected": "corrected|is corrected|correction|corrected indicator",
    "void": "void|is void|voided",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a file is which of ours; `header` is how the file is known again."""

    header: tuple[str, ...]
    ours: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file by its header, with the number of the line that each row stands on."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]

    def samples(self, column: str) -> list[str]:
        found = (row[column] for _, row in self.rows if row.get(column))
        return list(dict.fromkeys(found))[:SAMPLES]


def plain(name: str) -> str:
    """A column's name as it can be compared."""
    bare = re.sub(r"\((usd|\$|u\.s\. dollars)\)", " ", name.casefold())
    words = re.sub(r"[^a-z0-9]+", " ", bare).split()
    return " ".join(w for w in words if w != "usd")


def table(text: str, name: str) -> Table:
    """The file by the row near its top that names the most columns; raises DataError if none."""
    try:
        lines = list(cells_of(text))
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    known = {plain(a) for names in ALIASES.values() for a in names.split("|")}
    scores = [sum(plain(c) in known for c in row) for _, row in lines[:DEEPEST_HEADER]]
    best = max(range(len(scores)), key=lambda n: (scores[n], -n), default=-1)
    while best + 1 < len(scores) and scores[best + 1] == scores[best] > 0:
        best += 1  # names below the numbers of the boxes
    if best < 0 or scores[best] < 2:
        raise DataError(f"{name} has no row that names columns of a form")
    header = lines[best][1]
    try:
        check_header(header)
        below = [(n, row) for n, row in lines[best + 1 :] if row != header]  # or said again
        rows = [(number, named(header, number, row)) for number, row in below]
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    return Table(tuple(header), tuple((n, row) for n, row in rows if row))


def guess(found: Table) -> dict[str, str]:
    """By our column: the file's, where its name and its cells fit."""
    guessed: dict[str, str] = {}
    taken: set[str] = set()
    for ours, aliases in ALIASES.items():
        for alias in aliases.split("|"):
            column = next((c for c in found.header if plain(c) == plain(alias)), None)
            if column and ours == "units" and _OF_DOLLARS.search(column):
                continue  # an amount of dollars is no amount of units
            if column and column not in taken and _fits(found, column, WORDS[ours]):
                guessed[ours] = column
                taken.add(column)
                break
    return guessed


def _fits(found: Table, column: str, word: Word) -> bool:
    samples = found.samples(column)
    try:
        told = [word(s, column) for s in samples]
    except DataError:
        return False
    return bool(samples) and (word not in (letter, term) or any(told))


def read(found: Table, columns: Columns) -> Reading:
    """The rows by a mapping; a row that states neither asset nor proceeds is a total or a note."""
    missing = [c for c in NEEDED if c not in columns.ours]
    if missing:
        raise DataError(f"no column is mapped to {missing[0]}; say --column {missing[0]}=COLUMN")
    order = [(column, ours, WORDS[ours]) for ours, column in columns.ours.items()]
    lines, faults = [], []
    for number, row in found.rows:
        given = [c for c in NEEDED if row.get(columns.ours[c])]
        if _is_footer(row, given, columns):
            continue
        if missing := [c for c in NEEDED if c not in given and not row.get(_aggregate(columns))]:
            faults.append(f"line {number}: {columns.ours[missing[0]]} is empty")
            continue
        try:
            cells = {k.removeprefix(_REVERSED): v for k, v in canonical(row, order).items()}
            lines.append(Said(f"line {number}", cells, row))
        except DataError as error:
            faults.append(f"line {number}: {error}")
    return Reading(lines, faults)


def _aggregate(columns: Columns) -> str:
    return columns.ours.get("aggregate", "")


def _is_footer(row: Mapping[str, str], given: Sequence[str], columns: Columns) -> bool:
    """A total states neither units nor a date; a note states one cell alone."""
    first = next(iter(row.values()), "")
    total = _TOTAL.match(first) and not {"units", "date_sold"} & set(given)
    note = len(row) == 1 and "proceeds" not in given
    return bool(total) or note


def check(reading: Reading, name: str, rows: int | None, total: Decimal | None) -> None:
    """Raises DataError if lines or proceeds are not those that the broker's statement states."""
    if rows is not None and len(reading.lines) != rows:
        raise DataError(f"{name} has {len(reading.lines)} lines, the statement says {rows}")
    if total is not None:
        told = (exact(x.cells["proceeds"], "proceeds") for x in reading.lines if _states(x))
        sum_ = cents(sum(told, ZERO))
        if sum_ != cents(total):
            raise DataError(f"{name} has proceeds of {sum_}, the statement says {cents(total)}")


def _states(line: Said) -> bool:
    return bool(line.cells.get("proceeds"))


# ---- kept by broker


def record(broker: str, columns: Columns) -> RawRecord:
    """A mapping as it is kept with all else that a person gave."""
    said = {"header": list(columns.header), "columns": dict(columns.ours)}
    body = json.dumps(said, sort_keys=True, ensure_ascii=False)
    key = " | ".join(plain(c) for c in columns.header)
    return RawRecord(f"{SOURCE}:{broker}", STREAM, key, None, body)


def columns_of(stored: RawRecord) -> Columns:
    said = json.loads(stored.body)
    return Columns(tuple(said["header"]), said["columns"])


def broker_of(stored: RawRecord) -> str:
    return stored.source.partition(":")[2]


def known(found: Table, stored: Iterable[RawRecord]) -> list[RawRecord]:
    """The kept mappings that a file's header is of."""
    return [r for r in stored if columns_of(r).header == found.header]


def with_words(
    guessed: Mapping[str, str], told: Sequence[str], header: Sequence[str]
) -> dict[str, str]:
    """The guesses as a person changed them by OURS=COLUMN (nothing after the sign: none); raises
    DataError that names what is not a column."""
    found = dict(guessed)
    for one in told:
        ours, sign, column = (x.strip() for x in one.partition("="))
        if not sign or ours not in WORDS:
            raise DataError(f"--column {one}: write OURS=COLUMN; ours are {', '.join(WORDS)}")
        if column and column not in header:
            raise DataError(f"--column {one}: the file has no column {column}")
        found = {k: v for k, v in found.items() if k != ours and (v != column or not column)}
        if column:
            found[ours] = column
    return found
