"""Words of a PDF page by where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.errors import DataError

Word = Mapping[str, Any]  # text, x0, x1, top, bottom
SAME_LINE = 3.0  # points


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one height, from left to right."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join(w["text"] for w in self.words)

    @property
    def top(self) -> float:
        return float(min(w["top"] for w in self.words))


def lines_of(words: Iterable[Word]) -> list[Line]:
    """By their middle, so that a small mark beside a word is on its line."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=_middle):
        if rows and _middle(word) - _middle(rows[-1][0]) <= SAME_LINE:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [Line(tuple(sorted(row, key=lambda w: float(w["x0"])))) for row in rows]


def _middle(word: Word) -> float:
    return (float(word["top"]) + float(word["bottom"])) / 2


_ACCOUNT = re.compile(
    r"account (?:number|no\.?)(?: \(see instructions\))?\s*:?\s+([A-Z0-9*-]*\d[A-Z0-9*-]*)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"account (?:number|no\.?)", re.IGNORECASE)
_YEAR = re.compile(
    r"(?:tax|calendar) year:?\s*(20\d\d)|\b(20\d\d) (?:form )?1099-DA", re.IGNORECASE
)
_MARK = r"(?:\bx\b|[☒☑✓✔]|\[ ?x ?\])"
_TICKED = re.compile(
    rf"{_MARK} ?corrected\b|\bcorrected(?: \(if checked\))? ?{_MARK}", re.IGNORECASE
)
BELOW = 20.0  # points in which a value stands below its label


def head_of(page: Sequence[Line]) -> dict[str, str]:
    """Account and year by their labels, the value behind or below."""
    text = "\n".join(line.text for line in page)
    found: dict[str, str] = {}
    if (account := _ACCOUNT.search(text)) is not None:
        found["account"] = account[1]
    elif (below := _below_label(page)) is not None:
        found["account"] = below
    if (year := _YEAR.search(text)) is not None:
        found["tax_year"] = year[1] or year[2]
    return found


def one_account(page: Sequence[Line], where: str) -> None:
    """Raises DataError if a page names several accounts: nobody can tell whose its sales are."""
    text = "\n".join(line.text for line in page)
    found = sorted({m[1] for m in _ACCOUNT.finditer(text)})
    if len(found) > 1:
        raise DataError(
            f"{where} is of several accounts ({', '.join(found)}): take the broker's CSV, or a "
            "statement of one account a page; nothing of it was taken in"
        )


def _below_label(page: Sequence[Line]) -> str | None:
    for place, line in enumerate(page):
        if _LABEL.search(line.text):
            left = _start_of(line, "account")
            if left is None:  # the label runs into another word
                continue
            for under in page[place + 1 :]:
                if under.top - line.top > BELOW:
                    break
                words = [str(w["text"]) for w in under.words if abs(float(w["x0"]) - left) < BELOW]
                if told := next((w for w in words if any(c.isdigit() for c in w)), None):
                    return told
    return None


def _start_of(line: Line, word: str) -> float | None:
    return next((float(w["x0"]) for w in line.words if str(w["text"]).casefold() == word), None)


def is_ticked_as_corrected(lines: Iterable[Line]) -> bool:
    """A ticked box; `CORRECTED (if checked)` alone is none."""
    return any(_TICKED.search(line.text) for line in lines)
