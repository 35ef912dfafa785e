"""Which line a corrected or void one is about: told only where one line alone can be meant. Pure.

A line that stands for one sale and its correction share an asset and at least two of units, day,
acquisition, dollars and basis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from itertools import combinations

from config.errors import DataError
from connectors.brokers.form_1099da import FormLine, parse
from connectors.brokers.form_lines import OURS, Line
from connectors.brokers.reading import Said
from connectors.brokers.sameness import agrees, in_common, is_equal, is_same

NONE = "nothing of it was taken in"
Row = tuple[Said, dict[str, str]]
_ENOUGH = 2  # of what two lines state: with less in common they are two sales
_UNITS = Decimal("0.0000001")  # a rounding to eight decimals seldom reaches it


def fixes(cells: Mapping[str, str]) -> bool:
    """Whether a row corrects a line, or makes it void."""
    return "true" in (cells.get("corrected"), cells.get("void"))


def has_number(cells: Mapping[str, str]) -> bool:
    """Whether the file numbers the line."""
    return not cells["line"].startswith("#")


def may_be(line: Line, row: Row) -> bool:
    """Whether a row can be a line as far as numbers go: a number of the file's own is another line
    than one that the file, or another one, numbers otherwise."""
    return not has_number(row[1]) or line.numbered_by == OURS or line.number == row[1]["line"]


def is_plausible(line: FormLine, read: FormLine) -> bool:
    return in_common(line, read) >= _ENOUGH


def merged(line: Line, row: Row, format_: str) -> dict[str, str]:
    """A correction says all that counts; where another format tells the same correction, what
    either leaves out."""
    cells = row[1]
    read = parse(cells)
    same = line.now.corrected and is_same(line.now, read) and agrees(line.now, read)
    return {**line.rows[-1], **cells} if same and line.format != format_ else cells


def _pairs(line: FormLine) -> list[object]:
    """Any two of what two lines of one sale share."""
    units = line.units.quantize(_UNITS, ROUND_DOWN)
    stated = [("u", units), ("s", line.sold), ("a", line.acquired), ("b", line.basis)]
    stated.append(("d", line.amount))
    return list(combinations([x for x in stated if x[1] is not None], _ENOUGH))


class Fixing:
    """Corrected and void lines of a file, placed on the lines of one form."""

    def __init__(self, form: str, lines: Mapping[str, Line], format_: str, was_empty: bool) -> None:
        self._form, self._lines, self._format = form, lines, format_
        self._was_empty = was_empty
        self._fixed: set[str] = set()  # numbers of lines that a row of the file fixes
        self._near: dict[object, list[Line]] = defaultdict(list)
        for line in lines.values():
            for key in _pairs(line.now):
                self._near[key].append(line)

    def place(self, rows: list[Row], new: Callable[[Row], Line]) -> None:
        """Raises DataError where a line could be another, or is of none."""
        left = self._by_number(rows)
        left = [r for r in left if not self._is_known(r)]
        left = self._where_one_fits(left)
        left = self._where_all_fit(left)
        for row in left:
            if self._candidates(row) or not self._was_empty:
                raise DataError(
                    f"{row[0].place} corrects a line that the form {self._form} does not have, or "
                    f"several fit; give it the number of its line; {NONE}"
                )
            new(row)

    def _by_number(self, rows: list[Row]) -> list[Row]:
        left = []
        for row in rows:
            line = self._lines.get(row[1]["line"])
            if line is None:
                left.append(row)
            elif not line.said_before(parse(row[1])):
                self._fix(line, row)
            else:
                self._pass_over(line)
        return left

    def _is_known(self, row: Row) -> bool:
        """Whether it was read before: a line says so now, or did before a later correction."""
        read = parse(row[1])
        for line in self._free(row):
            now = line.now
            told = now.void if read.void else (now.corrected and not now.void)
            if told and (is_equal(now, read) or self._is_told_otherwise(line, read)):
                self._fix(line, row)
                return True
            if line.said_before(read) and not read.void:
                self._pass_over(line)
                return True
        return False

    def _is_told_otherwise(self, line: Line, read: FormLine) -> bool:
        if not is_same(line.now, read):
            return False
        return bool(read.void) or (line.format != self._format and agrees(line.now, read))

    def _where_one_fits(self, rows: list[Row]) -> list[Row]:
        """One after the other, as long as one more is certain."""
        left, before = rows, len(rows) + 1
        while len(left) < before:
            before, rest = len(left), []
            for row in left:
                line = self._certain(row)
                if line is None:
                    rest.append(row)
                else:
                    self._fix(line, row)
            left = rest
        return left

    def _certain(self, row: Row) -> Line | None:
        """The only line that a row can be about, or the one with more in common than any other."""
        read, found = parse(row[1]), self._candidates(row)
        if len(found) < 2 or read.void:
            return found[0] if len(found) == 1 else None
        ranked = sorted(found, key=lambda x: -in_common(x.now, read))
        first, second = (in_common(x.now, read) for x in ranked[:2])
        # of several alike the one that says just the same is not what is corrected
        return None if first == second or is_same(ranked[0].now, read) else ranked[0]

    def _where_all_fit(self, rows: list[Row]) -> list[Row]:
        """As many rows as lines that they can be about: each to the one it has most in common."""
        groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in rows:
            groups[tuple(x.number for x in self._candidates(row))].append(row)
        left = []
        for numbers, some in groups.items():
            if len(numbers) != len(some):
                left += some
                continue
            for row in sorted(some, key=lambda r: -self._most(r)):
                read = parse(row[1])
                self._fix(max(self._candidates(row), key=lambda x: in_common(x.now, read)), row)
        return left

    def _most(self, row: Row) -> int:
        read = parse(row[1])
        return max((in_common(x.now, read) for x in self._candidates(row)), default=0)

    def _candidates(self, row: Row) -> list[Line]:
        """Lines that a row can be about; a void one says what the line says."""
        read = parse(row[1])
        free = (x for x in self._free(row) if not x.now.void)
        if has_number(row[1]):
            return []
        if read.void:
            return [x for x in free if is_same(x.now, read)]
        return [x for x in free if is_plausible(x.now, read)]

    def _free(self, row: Row) -> Sequence[Line]:
        """Lines with something in common that no other row of the file fixes."""
        read, found = parse(row[1]), dict[str, Line]()
        for key in _pairs(read):
            for line in self._near[key]:
                if line.number not in self._fixed and may_be(line, row):
                    found[line.number] = line
        return list(found.values())

    def _fix(self, line: Line, row: Row) -> None:
        line.tell(row[0], merged(line, row, self._format), self._format)
        self._pass_over(line)

    def _pass_over(self, line: Line) -> None:
        line.seen = True
        self._fixed.add(line.number)
