"""One line of Form 1099-DA with its boxes, and the reader of our canonical CSV.

Boxes: Form 1099-DA (2026) and its Instructions. A box may be unstated: None is "not stated".
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from config.errors import DataError
from connectors.records import RawRecord, exact

COLUMNS = (
    "broker",
    "account",
    "tax_year",
    "line",
    "form_8949_box",
    "digital_asset_code",
    "digital_asset_name",
    "units",
    "date_acquired",
    "date_sold",
    "proceeds",
    "basis",
    "accrued_market_discount",
    "wash_sale_disallowed",
    "basis_reported",
    "gross_or_net",
    "federal_tax_withheld",
    "loss_not_allowed",
    "term",
    "cash_only",
    "customer_provided",
    "noncovered",
    "aggregate",
    "transaction_count",
    "first_sale_proceeds",
    "transferred_in_units",
    "transferred_in_date",
    "corrected",
    "void",
    "cusip",
    "ordinary",
    "qof",
    "state_1",
    "state_id_1",
    "state_withheld_1",
    "state_2",
    "state_id_2",
    "state_withheld_2",
)
REQUIRED = ("digital_asset_name", "units", "date_sold", "proceeds")
STREAM = "1099-da"

_NUMBERS = {
    "units",
    "proceeds",
    "basis",
    "accrued_market_discount",
    "wash_sale_disallowed",
    "federal_tax_withheld",
    "first_sale_proceeds",
    "transferred_in_units",
    "state_withheld_1",
    "state_withheld_2",
}
_FLAGS = {
    "basis_reported",
    "loss_not_allowed",
    "cash_only",
    "customer_provided",
    "noncovered",
    "corrected",
    "void",
    "ordinary",
    "qof",
}
_DATES = {"date_acquired", "date_sold", "transferred_in_date"}
_CHOICES = {
    "form_8949_box": ("G", "H", "J", "K", "X", "Y"),
    "gross_or_net": ("gross", "net"),
    "term": ("short", "long"),
    "aggregate": ("stablecoin", "nft"),
}


@dataclass(frozen=True, slots=True)
class FormLine:
    """The boxes that reconciliation rests on; the whole row stays in the raw record."""

    broker: str
    account: str
    year: int
    line: str
    code: str | None
    name: str
    units: Decimal
    acquired: date | None
    sold: date | None
    proceeds: Decimal
    basis: Decimal | None
    basis_reported: bool | None
    gross_or_net: str | None
    term: str | None
    box: str | None
    noncovered: bool | None
    aggregate: str | None
    transaction_count: int | None
    transferred_in_units: Decimal | None
    transferred_in_date: date | None
    loss_not_allowed: bool | None
    ordinary: bool | None
    wash_sale_disallowed: Decimal | None
    accrued_market_discount: Decimal | None

    @property
    def not_applied(self) -> tuple[str, ...]:
        """Boxes that are filled in and that Syncer does not apply yet."""
        names = ("loss_not_allowed", "ordinary", "wash_sale_disallowed", "accrued_market_discount")
        return tuple(n for n in names if getattr(self, n))

    @property
    def key(self) -> str:
        """`broker/account/year/line`."""
        return f"{self.broker}/{self.account}/{self.year}/{self.line}"


def recognises(header: Iterable[str]) -> bool:
    names = {h.strip() for h in header}
    return set(REQUIRED) <= names <= set(COLUMNS)


def read(
    text: str, broker: str | None, account: str | None, year: int | None
) -> tuple[list[RawRecord], list[str]]:
    """The lines as records of source `form:BROKER/ACCOUNT/YEAR`, and a sentence for each bad row.

    What the file leaves out comes from the arguments; raises DataError if it comes from neither.
    """
    records: list[RawRecord] = []
    sentences: list[str] = []
    seen: Counter[tuple[str, str]] = Counter()
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        given = {k: v.strip() for k, v in row.items() if k and isinstance(v, str) and v.strip()}
        if not given:
            continue
        given = {
            "line": str(number - 1),
            **{k: v for k, v in (("broker", broker), ("account", account)) if v},
            **({"tax_year": str(year)} if year else {}),
            **given,
        }
        try:
            line = parse(given)
        except DataError as error:
            sentences.append(f"line {number}: {error}")
            continue
        source = f"form:{line.broker}/{line.account}/{line.year}"
        seen[source, line.line] += 1
        if seen[source, line.line] > 1:
            sentences.append(f"line {number}: the form line {line.line} is in the file twice")
            continue
        body = json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        records.append(RawRecord(source, STREAM, line.line, None, body))
    return records, sentences


def line_of(record: RawRecord) -> FormLine:
    return parse(json.loads(record.body))


def is_void(record: RawRecord) -> bool:
    return bool(json.loads(record.body).get("void") == "true")


def parse(row: Mapping[str, str]) -> FormLine:
    """One row; raises DataError that names the column."""
    for column, option in (
        ("broker", "--broker"),
        ("account", "--account"),
        ("tax_year", "--year"),
    ):
        if not row.get(column):
            raise DataError(f"{column} is not in the file; give it with {option}")
    for column in REQUIRED:
        if not row.get(column) and not (column == "date_sold" and row.get("aggregate")):
            raise DataError(f"{column} is empty")
    values: dict[str, Any] = {column: _value(column, text) for column, text in row.items()}
    return FormLine(
        broker=row["broker"],
        account=row["account"],
        year=_integer(row["tax_year"], "tax_year"),
        line=row["line"],
        code=row.get("digital_asset_code"),
        name=row["digital_asset_name"],
        units=values["units"],
        acquired=values.get("date_acquired"),
        sold=values.get("date_sold"),
        proceeds=values["proceeds"],
        basis=values.get("basis"),
        basis_reported=values.get("basis_reported"),
        gross_or_net=row.get("gross_or_net"),
        term=row.get("term"),
        box=row.get("form_8949_box"),
        noncovered=values.get("noncovered"),
        aggregate=row.get("aggregate"),
        transaction_count=values.get("transaction_count"),
        transferred_in_units=values.get("transferred_in_units"),
        transferred_in_date=values.get("transferred_in_date"),
        loss_not_allowed=values.get("loss_not_allowed"),
        ordinary=values.get("ordinary"),
        wash_sale_disallowed=values.get("wash_sale_disallowed"),
        accrued_market_discount=values.get("accrued_market_discount"),
    )


def _value(column: str, text: str) -> object:
    if column in _NUMBERS:
        return exact(text, column)
    if column in _DATES:
        return _date(text, column)
    if column == "transaction_count":
        return _integer(text, column)
    if column in _FLAGS:
        if text not in ("true", "false"):
            raise DataError(f"{column} must be true, false or empty: {text!r}")
        return text == "true"
    if column in _CHOICES and text not in _CHOICES[column]:
        raise DataError(f"{column} must be one of {', '.join(_CHOICES[column])} or empty: {text!r}")
    return text


def _integer(text: str, column: str) -> int:
    if not text.isdigit():
        raise DataError(f"{column} is not a whole number: {text!r}")
    return int(text)


def _date(text: str, column: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{column} is not a date as YYYY-MM-DD: {text!r}") from None
