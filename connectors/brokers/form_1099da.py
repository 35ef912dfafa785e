"""One line of Form 1099-DA with every box of it, and our canonical row that all readers write.

Boxes: Form 1099-DA (2026) and its Instructions. A box may be unstated: None is "not stated".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from config.errors import DataError
from config.exact import ZERO
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
SAID = "_said"  # what the file said where it is not our canonical CSV, and where it said it

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


_TERM_OF = {"G": "short", "H": "short", "J": "long", "K": "long"}
FIRST_YEAR = 2025  # Reg. 1.6045-1(a)(9): the form is for sales from 2025 on
_KINDS_OF_FIRM = frozenset({"inc", "llc", "corp", "corporation", "ltd", "co", "lp", "na"})


@cache
def plain_broker(name: str) -> str:
    """A broker's name as it can be compared: `Coinbase, Inc.` is `coinbase`."""
    words = re.sub(r"[^a-z0-9]+", " ", name.casefold()).split()
    while len(words) > 1 and words[-1] in _KINDS_OF_FIRM:
        words.pop()
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class State:
    """Boxes 14 to 16, of one state."""

    name: str | None
    id_no: str | None
    withheld: Decimal | None


@dataclass(frozen=True, slots=True)
class FormLine:
    """One Form 1099-DA. Dollars as printed, dates as printed (no zone is stated); `proceeds` is
    None only where the form is of first sales alone (11c)."""

    broker: str
    account: str
    year: int
    line: str
    name: str  # 1b
    units: Decimal  # 1c
    box: str | None = None  # the letter for Form 8949; X and Y: the holding period is not known
    code: str | None = None  # 1a
    acquired: date | None = None  # 1d
    sold: date | None = None  # 1e
    proceeds: Decimal | None = None  # 1f
    basis: Decimal | None = None  # 1g
    accrued_market_discount: Decimal | None = None  # 1h
    wash_sale_disallowed: Decimal | None = None  # 1i
    basis_reported: bool | None = None  # 2
    gross_or_net: str | None = None  # 3a
    qof: bool | None = None  # 3b
    federal_tax_withheld: Decimal | None = None  # 4
    loss_not_allowed: bool | None = None  # 5
    term: str | None = None  # 6
    ordinary: bool | None = None  # 6
    cash_only: bool | None = None  # 7
    customer_provided: bool | None = None  # 8
    noncovered: bool | None = None  # 9
    aggregate: str | None = None  # 11a
    transaction_count: int | None = None  # 11b
    first_sale_proceeds: Decimal | None = None  # 11c
    transferred_in_units: Decimal | None = None  # 12a
    transferred_in_date: date | None = None  # 12b
    cusip: str | None = None
    corrected: bool | None = None
    void: bool | None = None
    states: tuple[State, ...] = ()  # 14 to 16

    @property
    def amount(self) -> Decimal:
        """Box 1f; nothing where only 11c is filled in."""
        return self.proceeds if self.proceeds is not None else ZERO

    @property
    def stated_term(self) -> str | None:
        """Box 6, or where it is not stated what the letter says; X and Y say neither."""
        return self.term or _TERM_OF.get(self.box or "")

    @property
    def known_to_irs(self) -> bool:
        """Whether box 2, or where it is not stated the letter, says that the basis in 1g was
        reported; 1g alone never does (Instructions for Form 8949)."""
        by_letter = self.basis_reported is None and self.box in ("G", "J")
        return self.basis is not None and (bool(self.basis_reported) or by_letter)

    @property
    def not_applied(self) -> tuple[str, ...]:
        """Boxes that are filled in and that a person must work out by hand."""
        names = ("ordinary", "accrued_market_discount", "qof", "first_sale_proceeds")
        return tuple(n for n in names if getattr(self, n))

    @property
    def form(self) -> str:
        """`broker/account/year`."""
        return f"{self.broker}/{self.account}/{self.year}"

    @property
    def key(self) -> str:
        """`broker/account/year/line`."""
        return f"{self.form}/{self.line}"


def record(row: Mapping[str, str], said: Mapping[str, object] | None = None) -> RawRecord:
    """A row of source `form:BROKER/ACCOUNT/YEAR`; raises DataError that names the column."""
    line = parse(row)
    body: dict[str, object] = dict(row)
    if said:
        body[SAID] = said
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return RawRecord(f"form:{line.form}", STREAM, line.line, None, text)


def row_of(record: RawRecord) -> dict[str, str]:
    """The canonical row of a record."""
    return {k: v for k, v in json.loads(record.body).items() if k != SAID}


def line_of(record: RawRecord) -> FormLine:
    return parse(row_of(record))


def parse(row: Mapping[str, str]) -> FormLine:
    """One row; raises DataError that names the column."""
    for column, option in (
        ("broker", "--broker"),
        ("account", "--account"),
        ("tax_year", "--year"),
    ):
        if not row.get(column):
            raise DataError(f"{column} is not in the file; give it with {option}")
        if "/" in row[column]:
            raise DataError(f"{column} must not hold a slash: {row[column]!r}")
    if not 0 < len(row["line"]) <= 100:
        raise DataError(f"line is longer than 100 characters: {row['line'][:20]!r} ...")
    _check_required(row)
    if odd := next((k for k, v in row.items() if not v.isprintable()), None):
        raise DataError(f"{odd} holds characters that cannot be printed")
    values: dict[str, Any] = {column: _value(column, text) for column, text in row.items()}
    line = FormLine(
        broker=row["broker"],
        account=row["account"],
        year=_integer(row["tax_year"], "tax_year"),
        line=row["line"],
        name=row["digital_asset_name"],
        units=values["units"],
        box=values.get("form_8949_box"),
        code=values.get("digital_asset_code"),
        acquired=values.get("date_acquired"),
        sold=values.get("date_sold"),
        states=tuple(_states(values)),
        **{name: values.get(name) for name in _AS_NAMED},
    )
    _check(line)
    return line


_AS_NAMED = (
    *("proceeds", "basis", "accrued_market_discount", "wash_sale_disallowed"),
    *("basis_reported", "gross_or_net", "qof", "federal_tax_withheld", "loss_not_allowed", "term"),
    *("ordinary", "cash_only", "customer_provided", "noncovered", "aggregate"),
    *("transaction_count", "first_sale_proceeds", "transferred_in_units", "transferred_in_date"),
    *("cusip", "corrected", "void"),
)


def _check_required(row: Mapping[str, str]) -> None:
    for column in REQUIRED:
        aggregate = column == "date_sold" and row.get("aggregate")
        first_sales = column in ("proceeds", "date_sold") and row.get("first_sale_proceeds")
        if not row.get(column) and not aggregate and not first_sales:
            raise DataError(f"{column} is empty")


def _states(values: Mapping[str, Any]) -> list[State]:
    parts = ("state_", "state_id_", "state_withheld_")
    found = [State(*(values.get(f"{part}{n}") for part in parts)) for n in (1, 2)]
    return [s for s in found if s != State(None, None, None)]


def _check(line: FormLine) -> None:
    """What no form can say."""
    if line.year < FIRST_YEAR:
        raise DataError(f"there is no Form 1099-DA of {line.year}: it begins with {FIRST_YEAR}")
    if line.sold and line.sold.year != line.year:
        raise DataError(f"date_sold {line.sold} is not in the tax year {line.year}")
    if line.acquired and line.sold and line.acquired > line.sold:
        raise DataError(f"date_acquired {line.acquired} is after date_sold {line.sold}")
    if line.units < ZERO:
        raise DataError(f"units are below zero: {line.units}")


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


def order_of_number(line: str) -> tuple[int, str]:
    """Lines with plain numbers in their order, before others, which have a name."""
    return (int(line), "") if re.fullmatch(r"[0-9]{1,18}", line) else (1 << 62, line)


def _integer(text: str, column: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise DataError(f"{column} is not a whole number: {text!r}")
    return int(text)


def _date(text: str, column: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise DataError(f"{column} is not a date as YYYY-MM-DD: {text!r}")
