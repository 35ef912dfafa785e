"""Cells of brokers' files as the text of our canonical columns: dates ISO, flags true or false."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from config.errors import DataError
from config.exact import text
from connectors.files.cells import number

Word = Callable[[str, str], str]  # a cell and its column to our text; empty: not said
_DATE_FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%Y%m%d", "%m-%d-%Y", "%b %d, %Y", "%B %d, %Y")
_VARIOUS = frozenset(
    {"various", "var", "n/a", "na", "-", "none", "null", "unknown", "not provided"}
)
_OTHER_MONEY = re.compile(r"[€£¥]|\b(EUR|GBP|CHF|CAD|AUD|JPY)\b")
# digits with signs of dollars, a minus or parentheses, never both, and no word behind
_PLAIN = re.compile(
    r"[-+]?\s*(US)?\$?\s*-?[\d,.\s]*\d[\d,.]*(E[-+]?\d+)?(\s*USD)?|\(\s*(US)?\$?\s*[\d,.]+\s*\)",
    re.IGNORECASE,
)
_COIN = re.compile(r"\s+\d?[A-Z][A-Z0-9.]{1,9}\s*$")
_NO_TERM = frozenset({"ordinary", "o", "mixed", "undetermined"})
_YES = frozenset({"true", "yes", "y", "x", "1", "☒", "✓", "checked"})
_NO = frozenset({"false", "no", "n", "0", "☐", "unchecked"})
_TERMS = {"s": "short", "st": "short", "short": "short", "l": "long", "lt": "long", "long": "long"}


def plain_text(cell: str, column: str) -> str:
    return " ".join(cell.split())


def amount(cell: str, column: str) -> str:
    """Dollars or units, as they are written, to the last digit."""
    said = cell.strip()
    if said.casefold() in _VARIOUS:
        return ""
    if _OTHER_MONEY.search(said) or not _PLAIN.fullmatch(said):
        raise DataError(f"{column} is not an amount of dollars or units: {cell!r}")
    return text(number(said, column))


def units(cell: str, column: str) -> str:
    """Units, with or without the coin behind them."""
    return amount(_COIN.sub("", cell), column)


def count(cell: str, column: str) -> str:
    return amount(cell, column)


def day(cell: str, column: str) -> str:
    """A date in any form that US brokers print; various dates are none."""
    said = cell.strip()
    if said.casefold() in _VARIOUS:
        return ""
    if re.match(r"\d{4}-\d\d-\d\d[T ]", said):
        said = said[:10]
    said = re.sub(r"^(\d{1,2}/\d{1,2}/\d{2,4}) \d{1,2}:\d\d.*", r"\1", said)
    for form in _DATE_FORMS:
        if form == "%Y%m%d" and len(said) != 8:
            continue  # 2025115 is no 2025-11-05
        try:
            return _date(said, form).isoformat()
        except ValueError:
            continue
    raise DataError(f"{column} is not a date: {cell!r}")


def _date(said: str, form: str) -> date:
    return datetime.strptime(said, form).date()  # noqa: DTZ007 - a date has no zone


def flag(cell: str, column: str) -> str:
    said = cell.strip().casefold()
    if said in _YES:
        return "true"
    if said in _NO:
        return "false"
    raise DataError(f"{column} is neither yes nor no: {cell!r}")


def unflag(cell: str, column: str) -> str:
    """A flag that says the opposite."""
    return "false" if flag(cell, column) == "true" else "true"


def noncovered(cell: str, column: str) -> str:
    """A flag, or one of the words covered and noncovered."""
    return _cover(cell) or flag(cell, column)


def covered(cell: str, column: str) -> str:
    """Box 9 by a column that says the opposite, or by the same words."""
    return _cover(cell) or unflag(cell, column)


def _cover(cell: str) -> str:
    said = re.sub(r"[^a-z]", "", cell.casefold())
    return {"covered": "false", "noncovered": "true", "uncovered": "true"}.get(said, "")


def term(cell: str, column: str) -> str:
    """Short or long, by its first word; ordinary and unknown are neither."""
    said = cell.strip().casefold()
    first = re.split(r"[\s_-]", said)[0].removesuffix("term")
    if first in _TERMS:
        return _TERMS[first]
    if first in _NO_TERM or said in _VARIOUS:
        return ""
    raise DataError(f"{column} is neither short nor long: {cell!r}")


def gross_or_net(cell: str, column: str) -> str:
    first = cell.strip().casefold().split("_")[0].split(" ")[0]
    if first in ("gross", "net"):
        return first
    raise DataError(f"{column} is neither gross nor net: {cell!r}")


def letter(cell: str, column: str) -> str:
    """The box letter of Form 8949."""
    said = cell.strip().upper().removeprefix("BOX").strip()
    if said.casefold() in _VARIOUS:
        return ""
    if said not in ("G", "H", "J", "K", "X", "Y"):
        raise DataError(f"{column} is no letter of Form 1099-DA: {cell!r}")
    return said


def aggregate(cell: str, column: str) -> str:
    said = cell.strip().casefold()
    if "stable" in said or said == "qs":
        return "stablecoin"
    if "nft" in said:
        return "nft"
    if said in _NO or said in _VARIOUS:
        return ""
    raise DataError(f"{column} is neither stablecoins nor NFTs: {cell!r}")


def canonical(cells: Mapping[str, str], table: Iterable[tuple[str, str, Word]]) -> dict[str, str]:
    """A row by our columns; `table` names the file's column, ours and how a cell becomes text. The
    first that says something counts. Raises DataError that names the file's column."""
    found: dict[str, str] = {}
    for column, ours, word in table:
        cell = cells.get(column, "").strip()
        if cell and ours not in found and (said := word(cell, column)):
            found[ours] = said
    return found
