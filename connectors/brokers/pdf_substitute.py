"""The landscape substitute statement: each sale is two text rows under two rows of box labels.

Row 1: letter, 1a and 1b, 1d, 1f, 1g, 1h, 2, 4, 6 as S, L or O, 7 as Cash, 9 as X, 11a as QS or NFT,
11b. Row 2: 1c, 1e, 1i, 3a as Gross or Net, 3b as QOF, 5 as LNA, 8 as CP. (tax-rules.md, 1.2.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from config.errors import DataError
from connectors.brokers.pdf_words import Line, head_of, is_ticked_as_corrected, one_account
from connectors.brokers.reading import Said
from connectors.brokers.words import amount, count, day

_FIRST = ("1a", "1d", "1f", "1g", "1h", "2", "4", "6", "7", "9", "11a", "11b")
_SECOND = ("1c", "1e", "1i", "3a", "3b", "5", "8")
_NEEDED = ({"1f", "1g"}, {"1c", "1e"})  # labels by which the two rows of them are known
_CODE = re.compile(r"[0-9B-DF-HJ-NP-TV-XZ]{9}")
_NONE = "nothing of it was taken in"
_LETTERS = ("G", "H", "J", "K", "X", "Y")
_PLACED = re.compile(r"\(?-?\$?[\d,]+\.\d\d\)?|\d{1,2}/\d{1,2}/\d{2,4}|various", re.IGNORECASE)
_NUMBER = re.compile(r"[\d,]*\.?\d+(E-?\d+)?", re.IGNORECASE)
_MONEY = re.compile(r"\(?-?\$?[\d,]+(\.\d+)?\)?")
_UNITS = re.compile(r"[\d,]*\.?\d+(E-?\d+)?", re.I)
_CORRECTED = re.compile(r"\bcorrected\b", re.I)
_OF_OTHERS = re.compile(r"if checked|\bforms\b|copies|if any|\bif you\b|\bmay\b|\bwill\b", re.I)
_LONGEST_TITLE, _LINES_OF_TITLE = 80, 10
UNSURE = "?"
Place = tuple[str, tuple[float, float]]
Places = Mapping[str, tuple[float, float]]  # from where to where a label reaches


def lines(pages: Sequence[Sequence[Line]]) -> Iterator[Said]:
    """Each sale of each page; nothing where no page has the labels. Raises DataError where a sale
    has one of its two rows alone."""
    first = pages[0][:_LINES_OF_TITLE] if pages else ()
    whole = is_ticked_as_corrected(first) or any(_is_corrected_title(x.text) for x in first)
    sales, head = _Sales(), dict[str, str]()
    for number, page in enumerate(pages, 1):
        found = _labels(page)
        if found is not None:
            sales.columns = found[0]
        if sales.columns is not None:
            one_account(page, f"page {number}")
            head = {**head, **head_of(page)}
            for said in sales.of_page(page[found[1] if found else 0 :], number):
                yield replace(said, whole=whole, head=head)
    sales.end()


def _is_corrected_title(text: str) -> bool:
    """`CORRECTED` in a short line with the form's name, and not a word on forms of this kind."""
    short = len(text) <= _LONGEST_TITLE and "1099-da" in text.casefold()
    return short and bool(_CORRECTED.search(text)) and not _OF_OTHERS.search(text)


def _labels(page: Sequence[Line]) -> tuple[tuple[Places, Places], int] | None:
    """Where the labels of both rows stand, and the line after them."""
    first: Places | None = None
    for place, line in enumerate(page):
        at = {str(w["text"]).rstrip("."): (float(w["x0"]), float(w["x1"])) for w in line.words}
        if _NEEDED[0] <= at.keys():
            first = _reaches(line, {k: v for k, v in at.items() if k in _FIRST})
        elif first is not None and _NEEDED[1] <= at.keys():
            second = _reaches(line, {k: v for k, v in at.items() if k in _SECOND})
            return (first, second), place + 1
    return None


def _reaches(line: Line, boxes: Places) -> Places:
    """A label reaches to the end of the last of its words, which stand before the next label."""
    begins = sorted(x for x, _ in boxes.values())
    found = {}
    for box, (left, right) in boxes.items():
        following = next((x for x in begins if x > left), 1e9)
        ends = [float(w["x1"]) for w in line.words if left <= float(w["x0"]) < following]
        found[box] = (left, max([right, *ends]))
    return found


class _Sales:
    """Sales as their rows come, over pages: a first row, the rest of a long name, a second."""

    def __init__(self) -> None:
        self.columns: tuple[Places, Places] | None = None
        self._above: dict[str, list[str]] | None = None
        self._begun = ""  # where the first row stands

    def of_page(self, page: Sequence[Line], number: int) -> Iterator[Said]:
        row = 0
        for line in page:
            assert self.columns is not None
            first, second = _cells(line, self.columns[0]), _cells(line, self.columns[1])
            if self._above is not None and _is_second(second):
                row += 1
                yield _said(f"page {number}, row {row}", self._above, second)
                self._above = None
            elif _is_first(first):
                self.end()
                self._above, self._begun = first, f"page {number}, {line.text[:40]!r}"
            elif self._above is not None and set(first) <= {"AC", "1a"}:
                self._above["1a"] = [*self._above.get("1a", ()), *first.get("1a", ())]
            elif self._above is None and _is_second(second) and second.get("1e"):
                where = f"page {number}, {line.text[:40]!r}"
                raise DataError(f"{where}: a second row without the first of its sale; {_NONE}")

    def end(self) -> None:
        if self._above is not None:
            raise DataError(f"{self._begun}: a sale without its second row; {_NONE}")


def _cells(line: Line, columns: Places) -> dict[str, list[str]]:
    """The words of a line by column: dates and amounts by the label whose edge or middle they are
    under, other words by the label that they begin behind. What is before the first is `AC`; what
    could be under another label too is named in `UNSURE`."""
    found: dict[str, list[str]] = {}
    places = sorted(columns.items(), key=lambda c: c[1][0])
    for word in line.words:
        text, reach = str(word["text"]), (float(word["x0"]), float(word["x1"]))
        name = next((n for n, (x, _) in reversed(places) if x <= reach[0] + 1), "AC")
        of_name = name in ("AC", "1a")
        if _PLACED.fullmatch(text) or (_NUMBER.fullmatch(text) and not of_name):
            name, certain = _under(reach, places)
            if not certain:
                found.setdefault(UNSURE, []).append(text)
        found.setdefault(name, []).append(text)
    return found


def _under(reach: tuple[float, float], places: Sequence[Place]) -> tuple[str, bool]:
    """The label that a value is under, the nearest, and whether that is certain: not where it
    stands in the column of another label and not plainly nearer."""
    name, at = min(places, key=lambda c: _apart(reach, c[1]))
    ends = [*(p[1][0] for p in places[1:]), 1e9]
    for (other, label), end in zip(places, ends, strict=True):
        if other != name and label[0] - 1 <= reach[0] and reach[1] < end:
            return name, _apart(reach, at) <= _apart(reach, label) / 3
    return name, True


def _apart(word: tuple[float, float], label: tuple[float, float]) -> float:
    middles = abs(sum(word) - sum(label)) / 2
    return min(abs(word[0] - label[0]), abs(word[1] - label[1]), middles)


def _is_first(cells: Mapping[str, list[str]]) -> bool:
    """A name with a code, a letter, or proceeds."""
    name = " ".join(cells.get("1a", ()))
    known = _CODE.search(name) is not None or " ".join(cells.get("AC", ())) in _LETTERS
    return bool(name) and (known or _MONEY.fullmatch("".join(cells.get("1f", ()))) is not None)


def _is_second(cells: Mapping[str, list[str]]) -> bool:
    return _UNITS.fullmatch("".join(cells.get("1c", ()))) is not None


def _said(where: str, first: Mapping[str, list[str]], second: Mapping[str, list[str]]) -> Said:
    words = {
        **{k: " ".join(v) for k, v in first.items()},
        **{k: " ".join(v) for k, v in second.items()},
    }
    for unsure in (*first.get(UNSURE, ()), *second.get(UNSURE, ())):
        raise DataError(f"{where}: under which label {unsure} stands cannot be told; {_NONE}")
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
        raise DataError(f"{where}: {error}; {_NONE}") from None
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
    for box, ours in (("2", "basis_reported"), ("9", "noncovered")):  # unseen is not unticked
        if words.get(box):
            yield ours, "true"
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
