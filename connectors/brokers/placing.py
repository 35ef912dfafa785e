"""Which line of a form each read line is: a form read twice is one form, a corrected line takes the
place of its original. Pure.

A file that numbers its lines says so itself. Else lines that say the same are the same, whatever
file they come from, and what was said before a correction is known as such. Where several lines
could be meant nothing is guessed: the file is refused, and a line number decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.errors import DataError
from connectors.brokers.corrections import (
    NONE,
    Fixing,
    Row,
    fixes,
    has_number,
    is_plausible,
    may_be,
    merged,
)
from connectors.brokers.form_1099da import FormLine, order_of_number, parse, plain_broker
from connectors.brokers.form_lines import OURS, Line, lines_of
from connectors.brokers.reading import Reading, Said, Told
from connectors.brokers.sameness import (
    counted,
    in_common,
    is_same,
    is_same_asset,
    is_same_units,
    unequal,
)
from connectors.records import RawRecord

Known = Callable[[str], Sequence[RawRecord]]  # the stored lines of a source, all revisions
Spelled = Callable[[dict[str, str]], dict[str, str]]  # broker and account as they are kept
REPLACED = "the corrected statement does not list it"


@dataclass(frozen=True, slots=True)
class Placed:
    """The records to store, and what to know of them."""

    records: list[RawRecord]
    notes: list[str]


def placed(
    reading: Reading, told: Told, known: Known, spelled: Spelled = lambda cells: cells
) -> Placed:
    """Lines of a file as records. Raises DataError, and nothing of the file is taken in, if a line
    cannot be read or placed."""
    rows, faults = [], [*reading.faults, *_of_several(reading, told)]
    for number, said in enumerate(reading.lines, 1):
        faults += _contradictions(said, told)
        cells = _cells(number, said, told)
        try:
            cells = spelled(cells)
            parse(cells)
            rows.append((said, cells))
        except DataError as error:
            faults.append(f"{said.place}: {error}")
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise DataError(f"{faults[0]}{more}; {NONE}")
    forms: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        forms[parse(row[1]).form].append(row)
    found = Placed([], [*reading.notes, *_overruled(reading, told)])
    for form, some in forms.items():
        _Form(form, lines_of(known(f"form:{form}")), found, reading.format).place(some)
    return found


def _cells(number: int, said: Said, told: Told) -> dict[str, str]:
    cells = {"line": f"#{number}", **said.head, **told.cells, **said.cells}
    return {**cells, "corrected": "true"} if said.whole else cells


def _contradictions(said: Said, told: Told) -> Iterator[str]:
    """What the person says of a line that says something else itself."""
    for column, mine in told.cells.items():
        theirs = said.cells.get(column, mine)
        if not _is_said_alike(column, theirs, mine):
            yield f"{said.place}: {column} is {theirs} in the file, and {mine} by your word"


def _of_several(reading: Reading, told: Told) -> Iterator[str]:
    """A person's one word for a file whose pages or parts are of several."""
    for column in told.cells:
        heads = {x.head[column] for x in reading.lines if column in x.head}
        if len(heads) > 1:
            listed = ", ".join(sorted(heads))
            yield f"the file is of several ({column}: {listed}), and your word is one for all"


def _overruled(reading: Reading, told: Told) -> Iterator[str]:
    for column, mine in told.cells.items():
        for theirs in sorted({x.head[column] for x in reading.lines if column in x.head}):
            if not _is_said_alike(column, theirs, mine):
                yield f"by your word its {column} is {mine}; the file says {theirs}"


def _is_said_alike(column: str, theirs: str, mine: str) -> bool:
    if column == "broker":
        return plain_broker(theirs) == plain_broker(mine)
    return theirs == mine


class _Form:
    """One form of one account and year, as it is stored and as a file tells it."""

    def __init__(self, form: str, lines: dict[str, Line], found: Placed, format_: str) -> None:
        self._form, self._lines, self._found, self._format = form, lines, found, format_
        self._was_empty = not lines
        self._left_out: list[Said] = []
        numbers = (order_of_number(n) for n in lines)
        self._last = max((n for n, name in numbers if not name), default=0)

    def place(self, rows: list[Row]) -> None:
        whole = [r for r in rows if r[0].whole]
        self._check_numbers(whole or rows)
        if whole:
            self._restate(whole, len(rows) - len(whole))
        else:
            fixing = [r for r in rows if fixes(r[1])]
            self._originals([r for r in rows if not fixes(r[1])])
            Fixing(self._form, self._lines, self._format, self._was_empty).place(fixing, self._new)
        for said in self._left_out[:5]:
            self._found.notes.append(f"{said.place} is corrected already, and left out")
        if len(self._left_out) > 5:
            more = len(self._left_out) - 5
            self._found.notes.append(f"and {more} more are corrected already, and left out")
        for line in self._lines.values():
            if line.seen:
                self._found.records.extend(line.records())

    # ---- numbers

    def _check_numbers(self, rows: Sequence[Row]) -> None:
        seen: set[tuple[str, bool]] = set()
        for said, cells in rows:
            number = cells["line"]
            if (number, fixes(cells)) in seen:
                raise DataError(
                    f"{said.place}: the form line {number} is in the file twice; {NONE}"
                )
            seen.add((number, fixes(cells)))
            stored = self._lines.get(number)
            if stored is not None and self._is_another_sale(stored, cells):
                raise DataError(
                    f"{said.place}: line {number} of the form {self._form} is another sale "
                    f"already, {stored.now.name} of {stored.now.sold}; if this corrects it, say "
                    f"corrected; {NONE}"
                )

    @staticmethod
    def _is_another_sale(stored: Line, cells: dict[str, str]) -> bool:
        """Whether a number is given to a stranger. A correction has something in common with what
        it corrects; what is no correction says what the line said."""
        line = parse(cells)
        if fixes(cells):
            return not any(in_common(t, line) for t in stored.told)
        if not stored.originals:
            return not is_same_asset(stored.now, line)
        if not is_same_asset(stored.now, line):
            return True
        told = [t for t in stored.originals if is_same_units(t.units, line.units)]
        return counted(line) not in [counted(t) for t in told]

    def _new(self, row: Row) -> Line:
        """A line that was not there."""
        said, cells = row
        if has_number(cells):
            line = Line(cells["line"], self._format)
            number, name = order_of_number(line.number)
            self._last = max(self._last, 0 if name else number)
        else:
            self._last += 1
            line = Line(str(self._last), OURS)
        line.tell(said, cells, self._format)
        line.seen = True
        self._lines[line.number] = line
        return line

    # ---- lines that correct nothing

    def _originals(self, rows: list[Row]) -> None:
        left = self._by_number(rows)
        left = self._the_same(left)
        left = self._said_before(left)
        left = self._of_early_corrections(left)
        known = len(rows) - len(left)
        loose = [r for r in left if not has_number(r[1])]
        if not self._was_empty and loose:
            self._check_additions(loose, known)
        if not self._was_empty and left:
            told = f"{len(left)} lines were added to the {len(self._lines)} of {self._form}"
            self._found.notes.append(told)
        for row in left:
            self._new(row)

    def _by_number(self, rows: list[Row]) -> list[Row]:
        """Those whose number is stored are that line."""
        left = []
        for row in rows:
            line = self._lines.get(row[1]["line"])
            if line is None:
                left.append(row)
            elif line.is_fixed and not line.originals:
                self._leave_out(row, line, first=True)
            elif line.is_fixed:
                self._leave_out(row, line)
            else:
                self._tell_more(line, row)
        return left

    def _the_same(self, rows: list[Row]) -> list[Row]:
        """Lines that say the same as a stored one, one for one."""
        free = _by_count(x for x in self._lines.values() if not x.seen and not x.is_fixed)
        left = []
        for row in rows:
            read = parse(row[1])
            line = _most_alike((x for x in free[counted(read)] if may_be(x, row)), read)
            if line is None:
                left.append(row)
                continue
            free[counted(read)].remove(line)
            self._tell_more(line, row)
        return left

    def _tell_more(self, line: Line, row: Row) -> None:
        """What either file leaves out counts."""
        said, cells = row
        kept, finer = line.rows[-1], len(line.rows[-1]["units"]) > len(cells["units"])
        units = kept["units"] if finer and parse(cells).units != line.now.units else cells["units"]
        line.tell(said, {**kept, **cells, "units": units}, self._format)
        line.seen = True

    def _said_before(self, rows: list[Row]) -> list[Row]:
        """Lines that are corrected, or void, since; one for one."""
        free: dict[tuple[object, ...], list[tuple[Line, FormLine]]] = defaultdict(list)
        for line in self._lines.values():
            if not line.seen and line.is_fixed:
                for told in line.originals:
                    free[counted(told)].append((line, told))
        left = []
        for row in rows:
            read = parse(row[1])
            fitting = [
                x
                for x, t in free[counted(read)]
                if not x.seen and may_be(x, row) and is_same(t, read)
            ]
            if fitting:
                self._leave_out(row, fitting[0])
            else:
                left.append(row)
        return left

    def _of_early_corrections(self, rows: list[Row]) -> list[Row]:
        """The original of a correction that came before it: told only if no other can be it."""
        early = [x for x in self._lines.values() if not x.seen and not x.originals]
        if not early:
            return rows
        fits: dict[int, list[Line]] = {}
        wanted: Counter[str] = Counter()
        for at, row in enumerate(rows):
            fits[at] = [x for x in early if may_be(x, row) and is_plausible(x.now, parse(row[1]))]
            wanted.update(x.number for x in fits[at])
        left = []
        for at, row in enumerate(rows):
            if not fits[at]:
                left.append(row)
            elif len(fits[at]) == 1 and wanted[fits[at][0].number] == 1:
                self._leave_out(row, fits[at][0], first=True)
            else:
                raise DataError(
                    f"{row[0].place} may be what a correction of {self._form} corrects, and others "
                    f"too: give the corrected lines their numbers; {NONE}"
                )
        return left

    def _leave_out(self, row: Row, line: Line, first: bool = False) -> None:
        if first:
            line.tell_original(row[0], row[1], self._format)
        line.seen = True
        self._left_out.append(row[0])

    def _check_additions(self, new: list[Row], known: int) -> None:
        """New lines beside stored ones could be a newer state of the form, or sales alike."""
        if known:
            raise DataError(
                f"{known} lines are of the form {self._form} already and {len(new)} are not "
                f"({new[0][0].place}): give them line numbers, or say corrected where they "
                f"correct one; {NONE}"
            )
        free = _by_count(x for x in self._lines.values() if not x.seen and not x.now.void)
        for said, cells in new:
            read = parse(cells)
            if any(is_same_asset(x.now, read) for x in free[counted(read)]):
                raise DataError(
                    f"{said.place} is of the day and the dollars of a line of {self._form} that "
                    f"the file does not have: give it a line number if it is another; {NONE}"
                )

    # ---- a corrected statement

    def _restate(self, rows: list[Row], beside: int) -> None:
        """It replaces all of the form; the original beside it is of no account."""
        if beside:
            self._found.notes.append(
                f"{beside} lines of {self._form} are beside its corrected statement, and left out"
            )
        left = self._restated(rows, _Index(self._lines, True), is_same)
        left = self._restated(left, _Index(self._lines, False), is_plausible)
        for row in left:
            self._new(row)
        gone = [x for x in self._lines.values() if not x.seen and not x.now.void]
        for line in gone:
            void = Said(line.number, {}, {"why": REPLACED})
            line.tell(void, {**line.rows[-1], "void": "true"}, self._format)
            line.seen = True
        if gone:
            self._found.notes.append(f"{len(gone)} lines are void now: {REPLACED}")

    def _restated(
        self, rows: list[Row], index: _Index, fits: Callable[[FormLine, FormLine], bool]
    ) -> list[Row]:
        """Each row to the first line that it fits; what it says is all that counts, but for boxes
        that another format of the same statement leaves out."""
        left = []
        for row in rows:
            line = self._lines.get(row[1]["line"])
            line = line if line and not line.seen else index.take(row, fits)
            if line is None:
                left.append(row)
                continue
            line.tell(row[0], merged(line, row, self._format), self._format)
            line.seen = True
        return left


class _Index:
    """Lines that no row is of yet, by what they say, or by their days, now and before."""

    def __init__(self, lines: Mapping[str, Line], exactly: bool) -> None:
        self._key: Callable[[FormLine], object] = counted if exactly else _day
        self._by: dict[object, list[tuple[Line, FormLine]]] = defaultdict(list)
        for line in sorted(lines.values(), key=lambda x: order_of_number(x.number)):
            for told in reversed(line.told):
                if not line.seen:
                    self._by[self._key(told)].append((line, told))

    def take(self, row: Row, fits: Callable[[FormLine, FormLine], bool]) -> Line | None:
        read = parse(row[1])
        here = self._by[self._key(read)]
        here[:] = [x for x in here if not x[0].seen]
        return next((x for x, told in here if may_be(x, row) and fits(told, read)), None)


def _day(line: FormLine) -> object:
    return line.sold


def _most_alike(lines: Iterable[Line], read: FormLine) -> Line | None:
    """Of those that say the same the one that differs in the fewest ways, the first of equals."""
    found, least = None, 1 << 30
    for line in lines:
        if is_same(line.now, read) and (ways := unequal(line.now, read)) < least:
            found, least = line, ways
            if not ways:
                break
    return found


def _by_count(lines: Iterable[Line]) -> dict[tuple[object, ...], list[Line]]:
    found: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda x: order_of_number(x.number)):
        found[counted(line.now)].append(line)
    return found
