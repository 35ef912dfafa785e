"""Schedule D from the rows of Form 8949, so that one foots with the other.

Source: Schedule D (Form 1040) 2025 with its Instructions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.exact import ZERO, whole_dollars
from syncer.tax.form_8949 import Row
from syncer.tax.netting import Carryover, Netting, net

SCHEDULE_D = {
    "A": "1b",
    "G": "1b",
    "B": "2",
    "H": "2",
    "C": "3",
    "I": "3",
    "D": "8b",
    "J": "8b",
    "E": "9",
    "K": "9",
    "F": "10",
    "L": "10",
}
_SHORT, _LONG = ("1a", "1b", "2", "3"), ("8a", "8b", "9", "10")
_LABELS = {
    "1a": "basis reported, nothing to correct (Exception 1)",
    "1b": "Form 8949, box A or G",
    "2": "Form 8949, box B or H",
    "3": "Form 8949, box C or I",
    "8a": "basis reported, nothing to correct (Exception 1)",
    "8b": "Form 8949, box D or J",
    "9": "Form 8949, box E or K",
    "10": "Form 8949, box F or L",
}
# what stands on no line of the official form: a person must place it
OPEN_SHORT, OPEN_LONG = "no box short", "no box long"
OTHER_SHORT, OTHER_LONG = "other short", "other long"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of Schedule D with columns (d), (e), (g), (h), or only a total in (h)."""

    line: str
    label: str
    proceeds: Decimal | None
    basis: Decimal | None
    adjustment: Decimal | None
    gain: Decimal


@dataclass(frozen=True, slots=True)
class ScheduleD:
    """All lines in order, and the netting that they come to. `on_form_8949` are the rows that are
    printed there, which is all of them but for Exception 1."""

    lines: tuple[Line, ...]
    netting: Netting
    on_form_8949: tuple[Row, ...]

    def line(self, name: str) -> Line | None:
        return next((x for x in self.lines if x.line == name), None)

    @property
    def unplaced(self) -> tuple[Line, ...]:
        """Amounts that belong on a line which nobody has told."""
        names = (OPEN_SHORT, OPEN_LONG, OTHER_SHORT, OTHER_LONG)
        return tuple(x for x in self.lines if x.line in names and _says_something(x))


def _says_something(line: Line) -> bool:
    return any((line.proceeds, line.basis, line.adjustment, line.gain))


def schedule_d(
    form: Iterable[Row],
    brought: Carryover,
    other: tuple[Decimal, Decimal],
    limit: Decimal,
    exception_1: bool = False,
    whole: bool = False,
) -> ScheduleD:
    """The lines with totals of Form 8949 and the result. With `whole`, each line is rounded from
    its sum in cents (Instructions for Schedule D, Rounding Off)."""
    rows = list(form)
    sums: dict[str, list[Decimal]] = {}
    for row in rows:
        if row.gain is None:
            continue
        name = _line_of(row, exception_1)
        columns = (row.proceeds or ZERO, row.basis or ZERO, row.adjustment, row.gain)
        sums[name] = [a + b for a, b in zip(sums.get(name, [ZERO] * 4), columns, strict=True)]
    short = [_line(n, sums) for n in _SHORT] + _open(OPEN_SHORT, sums)
    long = [_line(n, sums) for n in _LONG] + _open(OPEN_LONG, sums)
    netting = net(_gain(short) + other[0], _gain(long) + other[1], brought, limit)
    lines = [
        *short,
        _total(OTHER_SHORT, "short-term from outside the ledger", other[0]),
        _total("6", "short-term loss carryover", -brought.short),
        _total("7", "net short-term", netting.line_7),
        *long,
        _total(OTHER_LONG, "long-term from outside the ledger", other[1]),
        _total("14", "long-term loss carryover", -brought.long),
        _total("15", "net long-term", netting.line_15),
        _total("16", "net", netting.line_16),
        _total("21", "deductible loss", -netting.line_21),
    ]
    printed = tuple(r for r in rows if not (exception_1 and r.needs_no_row))
    return ScheduleD(tuple(_rounded(x) if whole else x for x in lines), netting, printed)


def _line_of(row: Row, exception_1: bool) -> str:
    if row.box is None:
        return OPEN_LONG if row.part == "II" else OPEN_SHORT
    if exception_1 and row.needs_no_row:
        return "1a" if row.box == "G" else "8a"
    return SCHEDULE_D[row.box]


def _line(name: str, sums: dict[str, list[Decimal]]) -> Line:
    return Line(name, _LABELS[name], *sums.get(name, [ZERO] * 4))


def _open(name: str, sums: dict[str, list[Decimal]]) -> list[Line]:
    return [Line(name, "their box is open: a form is awaited", *sums[name])] if name in sums else []


def _gain(lines: Sequence[Line]) -> Decimal:
    return sum((x.gain for x in lines), ZERO)


def _total(line: str, label: str, gain: Decimal) -> Line:
    return Line(line, label, None, None, None, gain)


def _rounded(line: Line) -> Line:
    columns = (line.proceeds, line.basis, line.adjustment)
    first = [None if c is None else whole_dollars(c) for c in columns]
    return Line(line.line, line.label, first[0], first[1], first[2], whole_dollars(line.gain))
