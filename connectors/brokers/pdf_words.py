"""Words of a PDF page by where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def between(words: Sequence[Word], left: float, right: float) -> list[str]:
    """The texts that start in a span."""
    return [w["text"] for w in words if left <= float(w["x0"]) < right]
