"""Which line of a form each read line is: a form read twice is one form, a corrected line takes the
place of its original. Pure.

A file that numbers its lines says so itself. Else lines that say the same are the same, whatever
file they come from; new ones get the numbers after those that are known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.assets import names
from config.errors import DataError
from connectors.brokers.form_1099da import FormLine, line_of, parse, plain_broker, record, row_of
from connectors.brokers.reading import Reading, Said, Told
from connectors.records import RawRecord

Known = Callable[[str], Sequence[RawRecord]]  # the stored lines of a source
Spelled = Callable[[str], str]  # a broker's name as its forms are kept already
_MAY_BE_LEFT_OUT = ("acquired", "basis", "term")
_ALIKE = ("units", "sold", "acquired", "amount", "basis")
REPLACED = "the corrected statement does not list it"
_NONE = "nothing of it was taken in"
Row = tuple[Said, dict[str, str]]  # a line as it was read, and its canonical row


@dataclass(frozen=True, slots=True)
class Placed:
    """The records to store, and what to know of them."""

    records: list[RawRecord]
    notes: list[str]


def placed(
    reading: Reading, told: Told, known: Known, spelled: Spelled = lambda broker: broker
) -> Placed:
    """Lines of a file as records. Raises DataError, and nothing of the file is taken in, if a line
    cannot be read or placed."""
    rows, faults = [], list(reading.faults)
    for number, said in enumerate(reading.lines, 1):
        faults += _contradictions(said, told)
        cells = _cells(number, said, told)
        if cells.get("broker"):
            cells["broker"] = spelled(cells["broker"])
        try:
            parse(cells)
            rows.append((said, cells))
        except DataError as error:
            faults.append(f"{said.place}: {error}")
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise DataError(f"{faults[0]}{more}; {_NONE}")
    forms: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        forms[parse(row[1]).form].append(row)
    found = Placed([], list(reading.notes))
    for form, some in forms.items():
        before = {r.native_id: r for r in known(f"form:{form}")}
        _Form(form, before, found).place(some)
    return found


def _cells(number: int, said: Said, told: Told) -> dict[str, str]:
    cells = {"line": f"#{number}", **said.head, **told.cells, **said.cells}
    return {**cells, "corrected": "true"} if said.whole else cells


def _contradictions(said: Said, told: Told) -> Iterator[str]:
    """What the person says of a line that says something else itself."""
    for column, mine in told.cells.items():
        theirs = said.cells.get(column, mine)
        same = plain_broker(theirs) == plain_broker(mine) if column == "broker" else theirs == mine
        if not same:
            yield f"{said.place}: {column} is {theirs} in the file, and {mine} by your word"


class _Form:
    """One form of one account and year, as it is stored and as a file tells it."""

    def __init__(self, form: str, before: Mapping[str, RawRecord], found: Placed) -> None:
        self._form, self._before, self._found = form, before, found
        self._lines = {i: line_of(r) for i, r in before.items()}
        self._by_day: dict[tuple[object, object], list[FormLine]] = defaultdict(list)
        for one in self._lines.values():
            self._by_day[one.units, one.sold].append(one)

    def place(self, rows: list[Row]) -> None:
        whole = any(said.whole for said, _ in rows)
        # beside a corrected statement the original is of no account
        rows = [r for r in rows if r[0].whole] if whole else _without_corrected(rows)
        self._check_numbers(rows)
        rows = [r for r in rows if not self._is_superseded(r)]
        numbered = self._numbered(rows, whole)
        self._number_the_rest(rows, numbered)
        for index, (said, cells) in enumerate(rows):
            self._store(said, {**cells, "line": numbered[index]})
        if whole:
            self._drop_the_rest(set(numbered.values()))

    def _check_numbers(self, rows: Sequence[Row]) -> None:
        seen: Counter[str] = Counter()
        for said, cells in rows:
            number = cells["line"]
            seen[number] += 1
            if seen[number] > 1:
                raise DataError(
                    f"{said.place}: the form line {number} is in the file twice; {_NONE}"
                )
            stored = self._lines.get(number)
            if stored is not None and _is_another_sale(stored, parse(cells)):
                raise DataError(
                    f"{said.place}: line {number} of the form {self._form} is another sale "
                    f"already, {stored.name} of {stored.sold}; {_NONE}"
                )

    def _is_superseded(self, row: Row) -> bool:
        """Whether a corrected line is stored already of which this is the original."""
        said, cells = row
        if cells.get("corrected") == "true" or cells.get("void") == "true":
            return False
        line = parse(cells)
        if _has_number(cells):
            stored = self._lines.get(cells["line"])
            later = stored is not None and bool(stored.corrected)
        else:
            like = [x for x in self._by_day[line.units, line.sold] if _is_same_asset(x, line)]
            later = any(x.corrected for x in like) and not any(_is_same(x, line) for x in like)
        if later:
            self._found.notes.append(f"{said.place} is corrected already, and left out")
        return later

    def _numbered(self, rows: Sequence[Row], whole: bool) -> dict[int, str]:
        """By place in the file: the number of a line that is known."""
        same, numbered = _Same(self._lines), dict[int, str]()
        for index, (_, cells) in enumerate(rows):
            if _has_number(cells):
                numbered[index] = cells["line"]
            elif (known := same.take(parse(cells))) is not None:
                numbered[index] = known
                cells |= {**row_of(self._before[known]), **cells}  # what either file leaves out
        taken, near = set(numbered.values()), _Near(self._lines)
        for index, (said, cells) in enumerate(rows):
            corrects = "true" in (cells.get("corrected"), cells.get("void"))
            if index in numbered or not corrects:
                continue
            line = parse(cells)
            original = _original(line, self._lines, near.of(line), taken)
            if original is not None:
                numbered[index] = original
                taken.add(original)
            elif self._lines and not whole:
                raise DataError(
                    f"{said.place} corrects a line that the form {self._form} does not have, or "
                    f"several fit; give it the number of its line; {_NONE}"
                )
        return numbered

    def _number_the_rest(self, rows: Sequence[Row], numbered: dict[int, str]) -> None:
        """New lines without a number of their own. Raises DataError where some of a file are known
        and some are not: it could be a newer state of the form, or two sales alike."""
        new = [i for i in range(len(rows)) if i not in numbered]
        known = len(rows) - len(new)
        if self._before and new and known and not all(_has_number(rows[i][1]) for i in numbered):
            raise DataError(
                f"{known} lines are of the form {self._form} already and {len(new)} are not "
                f"({rows[new[0]][0].place}): give them line numbers, or say corrected where they "
                f"correct one; {_NONE}"
            )
        if self._before and new and not known:
            told = f"{len(new)} lines were added to the {len(self._before)} of {self._form}"
            self._found.notes.append(told)
        taken = set(self._before) | set(numbered.values())
        last = max((int(n) for n in taken if n.isdigit()), default=0)
        for number, index in enumerate(new, last + 1):
            numbered[index] = str(number)

    def _store(self, said: Said, row: dict[str, str]) -> None:
        kept = self._before.get(row["line"])
        if kept is None or _differs(line_of(kept), parse(row)):
            words = {"place": said.place, **said.words} if said.words else None
            self._found.records.append(record(row, words))
        else:
            self._found.records.append(kept)

    def _drop_the_rest(self, listed: set[str]) -> None:
        """Lines that a corrected statement leaves out are void; they stay in the raw records."""
        gone = sorted(n for n in self._lines.keys() - listed if not self._lines[n].void)
        for number in gone:
            row = {**row_of(self._before[number]), "void": "true"}
            self._found.records.append(record(row, {"why": REPLACED}))
        if gone:
            self._found.notes.append(f"{len(gone)} lines are void now: {REPLACED}")


def _without_corrected(rows: list[Row]) -> list[Row]:
    """Without the originals of lines that the same file corrects."""
    by_day: dict[tuple[object, object], list[tuple[int, FormLine]]] = defaultdict(list)
    fixed: list[FormLine] = []
    for index, (_, cells) in enumerate(rows):
        line = parse(cells)
        if not line.corrected:
            by_day[line.units, line.sold].append((index, line))
        elif not _has_number(cells):
            fixed.append(line)
    gone: set[int] = set()
    for line in fixed:
        there = by_day.get((line.units, line.sold), ())
        alike = [n for n, x in there if n not in gone and _is_same_asset(x, line)]
        if len(alike) == 1:
            gone.add(alike[0])
    return [r for i, r in enumerate(rows) if i not in gone]


def _has_number(cells: Mapping[str, str]) -> bool:
    return not cells["line"].startswith("#")


class _Near:
    """Stored lines by units and by day."""

    def __init__(self, lines: Mapping[str, FormLine]) -> None:
        self._by: dict[object, list[str]] = defaultdict(list)
        for number, line in lines.items():
            self._by[line.units].append(number)
            if line.sold:
                self._by[line.sold].append(number)

    def of(self, line: FormLine) -> dict[str, None]:
        """Lines of the same units or the same day."""
        return dict.fromkeys((*self._by[line.units], *(self._by[line.sold] if line.sold else ())))


class _Same:
    """Stored lines by what they say; each stands for one line of a file. Another format of a form
    may say less of a line, or more, and name the asset otherwise."""

    def __init__(self, lines: Mapping[str, FormLine]) -> None:
        self._lines: dict[tuple[object, ...], list[str]] = defaultdict(list)
        self._all = lines
        for number, line in sorted(lines.items(), key=lambda x: _order(x[0])):
            if not line.void:
                self._lines[_counted(line)].append(number)

    def take(self, line: FormLine) -> str | None:
        """The first that says the same, one that says just as much before others."""
        numbers = self._lines.get(_counted(line), [])
        fitting = [n for n in numbers if not line.void and _is_same(self._all[n], line)]
        if not fitting:
            return None
        best = min(fitting, key=lambda n: _unequal(self._all[n], line))
        numbers.remove(best)
        return best


def _counted(line: FormLine) -> tuple[object, ...]:
    """What every format of a form says of a line."""
    return (line.units, line.sold, line.amount, line.aggregate)


def _is_same(one: FormLine, other: FormLine) -> bool:
    """Whether two lines say the same, where both say it."""
    if _counted(one) != _counted(other) or not _is_same_asset(one, other):
        return False
    pairs = ((getattr(one, f), getattr(other, f)) for f in _MAY_BE_LEFT_OUT)
    return all(a is None or b is None or a == b for a, b in pairs)


def _unequal(one: FormLine, other: FormLine) -> int:
    return sum(getattr(one, f) != getattr(other, f) for f in _MAY_BE_LEFT_OUT)


def _is_same_asset(one: FormLine, other: FormLine) -> bool:
    """By the DTIF's code where both have one, else by name, title or alias."""
    codes = [c for c in (one.code, other.code) if c and c != "9" * 9]
    if len(codes) == 2:
        return codes[0] == codes[1]
    if one.name.casefold() == other.name.casefold():
        return True
    first, second = (names().of_form([x.name, x.code or ""]) for x in (one, other))
    return first is not None and first == second


def _is_another_sale(stored: FormLine, line: FormLine) -> bool:
    """Whether a number is given to a stranger: nothing of asset, units and day is the same, or of
    one asset neither units nor day."""
    apart = stored.units != line.units and stored.sold != line.sold
    return apart and (not _is_same_asset(stored, line) or stored.amount != line.amount)


def _order(number: str) -> tuple[int, str]:
    return (int(number), "") if number.isdigit() else (1 << 30, number)


def _original(
    line: FormLine, lines: Mapping[str, FormLine], near: Iterable[str], taken: set[str]
) -> str | None:
    """The line that a corrected one is about: of the same asset, with most in common, and only one
    such; None if nobody can tell."""
    scores = {
        number: sum(getattr(line, f) == getattr(lines[number], f) for f in _ALIKE)
        for number in near
        if number not in taken and _is_same_asset(line, lines[number])
    }
    best = max(scores.values(), default=0)
    found = [n for n, score in scores.items() if score == best]
    return found[0] if len(found) == 1 else None


def _differs(one: FormLine, other: FormLine) -> bool:
    """Whether a line says something else than the stored one, beyond leaving a box out."""
    if one == other:
        return False
    stated = [
        f
        for f in FormLine.__dataclass_fields__
        if getattr(other, f) not in (None, ()) and f not in ("broker", "account", "line")
    ]
    return any(getattr(one, f) != getattr(other, f) for f in stated)
