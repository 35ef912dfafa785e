"""The official Form 1099-DA as a recipient gets it, one or more a page: each box a label with its
value below or behind it. (Form 1099-DA (2026), Copy B.)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from config.errors import DataError
from connectors.brokers.pdf_words import (
    Line,
    Word,
    head_of,
    is_ticked_as_corrected,
    lines_of,
    one_account,
)
from connectors.brokers.reading import Said
from connectors.brokers.words import amount, count, day

# a box, the first words of its label, and what its value is
_BOXES = {
    "1a": ("code", "digital_asset_code", "code"),
    "1b": ("name", "digital_asset_name", "text"),
    "1c": ("number", "units", "number"),
    "1d": ("date", "date_acquired", "date"),
    "1e": ("date", "date_sold", "date"),
    "1f": ("proceeds", "proceeds", "number"),
    "1g": ("cost", "basis", "number"),
    "1h": ("accrued", "accrued_market_discount", "number"),
    "1i": ("wash", "wash_sale_disallowed", "number"),
    "2": ("check", "basis_reported", "tick"),
    "3a": ("reported", "gross_or_net", "choice"),
    "3b": ("check", "qof", "tick"),
    "4": ("federal", "federal_tax_withheld", "number"),
    "5": ("check", "loss_not_allowed", "tick"),
    "6": ("gain", "term", "choice"),
    "7": ("check", "cash_only", "tick"),
    "8": ("check", "customer_provided", "tick"),
    "9": ("check", "noncovered", "tick"),
    "11a": ("check", "aggregate", "choice"),
    "11b": ("if", "transaction_count", "count"),
    "11c": ("aggregate", "first_sale_proceeds", "number"),
    "12a": ("number", "transferred_in_units", "number"),
    "12b": ("if", "transferred_in_date", "date"),
}
_NEVER_BELOW_ZERO = ("accrued_market_discount", "wash_sale_disallowed", "federal_tax_withheld")
_CHOICES = {
    "gross_or_net": {"gross": "gross", "net": "net"},
    "term": {"short": "short", "long": "long"},
    "aggregate": {"qualifying": "stablecoin", "specified": "nft"},
}
_MARKS = frozenset({"x", "☒", "☑", "✓", "✔", "[x]"})
_LETTER = re.compile(r"^[GHJKXY]$")
_PATTERNS = {
    "code": r"[0-9A-Z]{9}",
    "number": r"\(?-?\$?[\d,]*\.?\d+\)?",
    "date": r"\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d\d-\d\d|various",
    "count": r"[\d,]+",
}
_OF_LABEL = re.compile(r"\(?(1?\d[a-c]|8949|1099(-DA)?)[.,)]?$", re.I)  # words of labels
_WIDEST = 190.0  # points that a box reaches to the right of its label at most
_TALLEST = 34.0  # points that a value stands below its label at most


@dataclass(frozen=True, slots=True)
class _Label:
    box: str
    left: float
    right: float  # where the next label of its line begins
    top: float
    bottom: float  # where the next label below begins


def lines(pages: Sequence[Sequence[Line]]) -> Iterator[Said]:
    """A form for each box 1a; nothing where no page has the labels."""
    year: dict[str, str] = {}
    for number, page in enumerate(pages, 1):
        one_account(page, f"page {number}")
        head = head_of(page)
        year = {k: v for k, v in head.items() if k == "tax_year"} or year
        words = [w for line in page for w in line.words]
        starts = _starts(page)
        for form, (top, end) in enumerate(starts, 1):
            part = [w for w in words if top <= float(w["top"]) < end]
            said = _said(f"page {number}, form {form}", part)
            if is_ticked_as_corrected(page if len(starts) == 1 else lines_of(part)):
                said = replace(said, cells={**said.cells, "corrected": "true"})
            yield replace(said, head={**year, **head})


def _starts(page: Sequence[Line]) -> list[tuple[float, float]]:
    """From where to where each form of a page reaches: the letter for Form 8949 stands before box
    1a, and CORRECTED above it, below all of the form before."""
    tops = [line.top - 1 for line in page if re.search(r"\b1a\b.{0,3}code", line.text, re.I)]
    letters = [line.top - 1 for line in page if "applicable checkbox" in line.text.casefold()]
    if not tops:
        return []
    begins = [max((x for x in letters if x <= t), default=t) for t in tops]
    ticks = [line.top - 1 for line in page if "corrected" in line.text.casefold()]
    for n, before in enumerate([0.0, *tops[:-1]]):
        above = [x for x in ticks if before < x <= begins[n]]
        begins[n] = max(above, default=begins[n])
    return list(zip(begins, [*begins[1:], 1e9], strict=False))


def _labels(words: Sequence[Word]) -> list[_Label]:
    found: list[tuple[str, Word]] = []
    for one, after in pairwise(words):
        box = str(one["text"]).rstrip(".")
        near = abs(float(one["top"]) - float(after["top"])) < 3
        if box in _BOXES and near and str(after["text"]).casefold().startswith(_BOXES[box][0]):
            found.append((box, one))
    return [_label(box, word, [w for _, w in found]) for box, word in found]


def _label(box: str, word: Word, others: Sequence[Word]) -> _Label:
    left, top = float(word["x0"]), float(word["top"])
    beside = [float(o["x0"]) for o in others if abs(float(o["top"]) - top) < 6]
    right = min((x for x in beside if x > left + 1), default=left + _WIDEST)
    under = [
        float(o["top"]) for o in others if float(o["x0"]) < right and float(o["top"]) > top + 6
    ]
    below = min((y for y in under), default=top + _TALLEST)
    return _Label(box, left - 1, right - 1, top - 3, min(below - 1, top + _TALLEST))


def _said(where: str, words: Sequence[Word]) -> Said:
    cells: dict[str, str] = {}
    told: dict[str, str] = {}
    for label in _labels(words):
        inside = [w for w in words if _is_in(w, label)]
        _, ours, kind = _BOXES[label.box]
        told[label.box] = " ".join(str(w["text"]) for w in inside)
        try:
            if value := _value(ours, kind, label, inside):
                cells[ours] = value
        except DataError as error:
            raise DataError(f"{where}: {error}; nothing of it was taken in") from None
    if letter := _letter(words):
        cells["form_8949_box"] = letter
    return Said(where, cells, told)


def _is_in(word: Word, label: _Label) -> bool:
    return (
        label.left <= float(word["x0"]) < label.right
        and label.top <= float(word["top"]) < label.bottom
    )


def _value(ours: str, kind: str, label: _Label, words: Sequence[Word]) -> str:
    if kind in ("tick", "choice"):
        return _ticked(ours, kind, words)
    texts = [str(w["text"]) for w in words if w["text"] not in ("$", label.box)]
    if kind == "text":
        return _name(words)
    fitting = [t for t in texts if re.fullmatch(_PATTERNS[kind], t, re.I)]
    odd = [t for t in texts if t not in fitting and re.search(r"\d", t) and not _OF_LABEL.match(t)]
    if odd or len(fitting) > 1:
        raise DataError(f"box {label.box} says {' '.join([*fitting, *odd])!r}, which is no {kind}")
    if not fitting:
        return ""
    said, box = fitting[0], f"box {label.box}"
    if kind == "code":
        return said
    if kind == "date":
        return day(said, box)
    told = count(said, box) if kind == "count" else amount(said, box)
    return "" if ours in _NEVER_BELOW_ZERO and told == "0" else told


def _name(words: Sequence[Word]) -> str:
    """What stands below the label `1b Name of digital asset`, or behind it."""
    label_top = float(words[0]["top"]) if words else 0.0
    below = [str(w["text"]) for w in words if float(w["top"]) > label_top + 5]
    behind = [str(w["text"]) for w in words if float(w["top"]) <= label_top + 5]
    return " ".join(below) or " ".join(behind[5:])


def _ticked(ours: str, kind: str, words: Sequence[Word]) -> str:
    marks = [w for w in words if str(w["text"]).casefold() in _MARKS]
    if kind == "tick":
        return "true" if marks else ""  # a mark that is no text is not seen
    if not marks:
        return ""
    options = {
        w: _CHOICES[ours].get(re.split(r"[-\s]", str(t["text"]).casefold())[0], "")
        for w, t in enumerate(words)
    }
    near = [(_apart(marks[0], words[n]), choice) for n, choice in options.items() if choice]
    return min(near)[1] if near else ""


def _apart(mark: Word, option: Word) -> float:
    """A mark stands before its option, on its line."""
    lines = abs(float(mark["top"]) - float(option["top"])) * 20
    ahead = float(option["x0"]) - float(mark["x1"])
    return lines + (ahead if ahead >= 0 else 1000 - ahead)


def _letter(words: Sequence[Word]) -> str:
    """The letter below or behind `Applicable checkbox on Form 8949`."""
    for place, word in enumerate(words):
        if str(word["text"]).casefold() == "applicable":
            near = [w for w in words[place : place + 40] if _LETTER.match(str(w["text"]))]
            below = [w for w in near if abs(float(w["top"]) - float(word["top"])) < _TALLEST]
            return str(below[0]["text"]) if below else ""
    return ""
