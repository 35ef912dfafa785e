"""The landscape substitute statement: each sale is two text rows under two rows of box labels.

Row 1: letter, 1a and 1b, 1d, 1f, 1g, 1h, 2, 4, 6 as S, L or O, 7 as Cash, 9 as X, 11a as QS or NFT,
11b. Row 2: 1c, 1e, 1i, 3a as Gross or Net, 3b as QOF, 5 as LNA, 8 as CP. (tax-rules.md, 1.2.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from config.errors import DataError
from connectors.brokers.pdf_words import Line
from connectors.brokers.reading import Said
from connectors.brokers.words import amount, count, day

_FIRST = ("1a", "1d", "1f", "1g", "1h", "2", "4", "6", "7", "9", "11a", "11b")
_SECOND = ("1c", "1e", "1i", "3a", "3b", "5", "8")
_NEEDED = ({"1f", "1g"}, {"1c", "1e"})  # labels by which the two rows of them are known
_CODE = re.compile(r"[0-9B-DF-HJ-NP-TV-XZ]{9}")
_LETTERS = ("G", "H", "J", "K", "X", "Y")
_CENTRED = 6.0  # points that a value may begin before its label


def lines(pages: Sequence[Sequence[Line]]) -> Iterator[Said]:
    """Each sale of each page; nothing where no page has the labels."""
    columns: tuple[Mapping[str, float], Mapping[str, float]] | None = None
    for number, page in enumerate(pages, 1):
        found = _labels(page)
        start = 0
        if found is not None:
            columns, start = found
        if columns is None:
            continue
        yield from _sales(page[start:], columns, number)


def _labels(
    page: Sequence[Line],
) -> tuple[tuple[Mapping[str, float], Mapping[str, float]], int] | None:
    """Where the labels of both rows stand, and the line after them."""
    first: Mapping[str, float] | None = None
    for place, line in enumerate(page):
        at = {w["text"].rstrip("."): float(w["x0"]) for w in line.words}
        if _NEEDED[0] <= at.keys():
            first = {k: v for k, v in at.items() if k in _FIRST}
        elif first is not None and _NEEDED[1] <= at.keys():
            return (first, {k: v for k, v in at.items() if k in _SECOND}), place + 1
    return None


def _sales(
    page: Sequence[Line],
    columns: tuple[Mapping[str, float], Mapping[str, float]],
    number: int,
) -> Iterator[Said]:
    above: dict[str, list[str]] | None = None
    row = 0
    for line in page:
        second = _cells(line, columns[1])
        if above is not None and _is_second(second):
            row += 1
            where = f"page {number}, row {row}"
            yield _said(where, above, second)
            above = None
            continue
        first = _cells(line, columns[0])
        above = first if _is_first(first) else None


def _cells(line: Line, columns: Mapping[str, float]) -> dict[str, list[str]]:
    """The words of a line by the column that they begin in; what is before the first is `AC`."""
    found: dict[str, list[str]] = {}
    places = sorted(columns.items(), key=lambda c: c[1])
    for word in line.words:
        at = float(word["x0"]) + _CENTRED
        name = next((n for n, x in reversed(places) if x <= at), "AC")
        found.setdefault(name, []).append(word["text"])
    return found


def _is_first(cells: Mapping[str, list[str]]) -> bool:
    return bool(cells.get("1a")) and _is_money(cells.get("1f", []))


def _is_second(cells: Mapping[str, list[str]]) -> bool:
    units = "".join(cells.get("1c", []))
    return re.fullmatch(r"[\d,]*\.?\d+", units) is not None


def _is_money(words: Sequence[str]) -> bool:
    return re.fullmatch(r"\(?-?\$?[\d,]+\.\d\d\)?", "".join(words)) is not None


def _said(where: str, first: Mapping[str, list[str]], second: Mapping[str, list[str]]) -> Said:
    words = {
        **{k: " ".join(v) for k, v in first.items()},
        **{k: " ".join(v) for k, v in second.items()},
    }
    cells: dict[str, str] = {}
    asset = words.get("1a", "")
    if (code := _CODE.search(asset)) is not None:
        cells["digital_asset_code"] = code[0]
        asset = asset.replace(code[0], " ")
    letter, rest = words.get("AC", ""), " ".join(asset.replace("|", " ").split())
    if letter in _LETTERS:
        cells["form_8949_box"] = letter
    cells["digital_asset_name"] = rest
    try:
        cells |= dict(_values(words))
    except DataError as error:
        raise DataError(f"{where}: {error}; nothing of it was taken in") from None
    return Said(where, cells, words)


def _values(words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for box, ours in (("1c", "units"), ("1f", "proceeds"), ("1g", "basis")):
        if words.get(box) and (told := amount(words[box].replace(" ", ""), f"box {box}")):
            yield ours, told
    for box, ours in (
        ("1h", "accrued_market_discount"),
        ("1i", "wash_sale_disallowed"),
        ("4", "federal_tax_withheld"),
    ):
        if words.get(box) and (told := amount(words[box], f"box {box}")) not in ("", "0"):
            yield ours, told
    for box, ours in (("1d", "date_acquired"), ("1e", "date_sold")):
        if words.get(box) and (told := day(words[box], f"box {box}")):
            yield ours, told
    yield "basis_reported", "true" if words.get("2") else "false"
    yield "noncovered", "true" if words.get("9") else "false"
    yield from _literals(words)


_LITERALS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "6": {"S": ("term", "short"), "L": ("term", "long"), "O": ("ordinary", "true")},
    "7": {"Cash": ("cash_only", "true")},
    "11a": {"QS": ("aggregate", "stablecoin"), "NFT": ("aggregate", "nft")},
    "3a": {"Gross": ("gross_or_net", "gross"), "Net": ("gross_or_net", "net")},
    "3b": {"QOF": ("qof", "true")},
    "5": {"LNA": ("loss_not_allowed", "true")},
    "8": {"CP": ("customer_provided", "true")},
}


def _literals(words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for box, known in _LITERALS.items():
        for literal in words.get(box, "").replace("|", " ").split():
            if literal not in known:
                raise DataError(f"box {box} says {literal}, which is not one of {', '.join(known)}")
            yield known[literal]
    if words.get("11b"):
        yield "transaction_count", count(words["11b"], "box 11b")
