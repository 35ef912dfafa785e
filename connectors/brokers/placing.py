"""Which line of a form each read line is: a form read twice is one form, a corrected line takes the
place of its original. Pure.

A file that numbers its lines says so itself. Else lines that say the same are the same, whatever
file they come from; new ones get the numbers after those that are known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from config.errors import DataError
from connectors.brokers.form_1099da import FormLine, line_of, parse, record, row_of
from connectors.brokers.reading import Reading, Said, Told
from connectors.records import RawRecord

Known = Callable[[str], Sequence[RawRecord]]  # the stored lines of a source
_SAME = ("name", "units", "sold", "acquired", "amount", "basis", "term", "aggregate")
_ALIKE = ("units", "sold", "acquired", "amount", "basis")
REPLACED = "the corrected statement does not list it"


@dataclass(frozen=True, slots=True)
class Placed:
    """The records to store, and what to know of them."""

    records: list[RawRecord]
    notes: list[str]


def placed(reading: Reading, told: Told, known: Known) -> Placed:
    """Lines of a file as records. Raises DataError, and nothing of the file is taken in, if a line
    cannot be read or placed."""
    faults = list(reading.faults)
    lines = []
    for number, said in enumerate(reading.lines, 1):
        issuer = {"broker": reading.broker} if reading.broker else {}
        cells = {"line": f"#{number}", **issuer, **told.cells, **said.cells}
        if reading.whole:
            cells["corrected"] = "true"
        try:
            parse(cells)
            lines.append((said, cells))
        except DataError as error:
            faults.append(f"{said.place}: {error}")
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise DataError(f"{faults[0]}{more}; nothing of it was taken in")
    forms: dict[str, list[tuple[Said, dict[str, str]]]] = defaultdict(list)
    for said, cells in lines:
        forms[parse(cells).form].append((said, cells))
    found = Placed([], list(reading.notes))
    for form, rows in forms.items():
        before = {r.native_id: r for r in known(f"form:{form}")}
        _place(form, rows, before, reading.whole, found)
    return found


def _place(
    form: str,
    rows: Sequence[tuple[Said, dict[str, str]]],
    before: Mapping[str, RawRecord],
    whole: bool,
    found: Placed,
) -> None:
    _check_numbers(rows)
    theirs = {i: line_of(r) for i, r in before.items()}
    same = _Same(theirs)
    numbered: dict[int, str] = {}
    for index, (_, cells) in enumerate(rows):
        if not cells["line"].startswith("#"):
            numbered[index] = cells["line"]
        elif (line := same.take(parse(cells))) is not None:
            numbered[index] = line
            cells |= {**row_of(before[line]), **cells}  # what either of the files leaves out
    for index, (said, cells) in enumerate(rows):
        if index not in numbered and (
            cells.get("corrected") == "true" or cells.get("void") == "true"
        ):
            original = _original(parse(cells), theirs, set(numbered.values()))
            if original is not None:
                numbered[index] = original
            elif theirs and not whole:
                raise DataError(
                    f"{said.place} corrects a line that the form {form} does not have, or several "
                    "fit; give it the number of its line; nothing of it was taken in"
                )
    _number_the_rest(form, rows, numbered, before, found)
    for index, (said, cells) in enumerate(rows):
        own = {k: v for k, v in cells.items() if k != "line"} | {"line": numbered[index]}
        kept = before.get(numbered[index])
        if kept is None or _differs(line_of(kept), parse(own)):
            words = {"place": said.place, **said.words} if said.words else None
            found.records.append(record(own, words))
        else:
            found.records.append(kept)
    if whole:
        _drop_the_rest(theirs, set(numbered.values()), before, found)


def _check_numbers(rows: Sequence[tuple[Said, dict[str, str]]]) -> None:
    seen: Counter[str] = Counter()
    for said, cells in rows:
        seen[cells["line"]] += 1
        if seen[cells["line"]] > 1:
            raise DataError(
                f"{said.place}: the form line {cells['line']} is in the file twice; "
                "nothing of it was taken in"
            )


class _Same:
    """Stored lines by what they say; each stands for one line of a file."""

    def __init__(self, lines: Mapping[str, FormLine]) -> None:
        self._lines: dict[tuple[object, ...], list[str]] = defaultdict(list)
        for number, line in sorted(lines.items(), key=lambda x: _order(x[0]), reverse=True):
            if not line.void:
                self._lines[_said(line)].append(number)

    def take(self, line: FormLine) -> str | None:
        numbers = self._lines.get(_said(line))
        return numbers.pop() if numbers and not line.void else None


def _said(line: FormLine) -> tuple[object, ...]:
    name = line.code if line.code and line.code != "9" * 9 else line.name.casefold()
    return (name, *(getattr(line, f) for f in _SAME[1:]))


def _order(number: str) -> tuple[int, str]:
    return (int(number), "") if number.isdigit() else (1 << 30, number)


def _original(line: FormLine, lines: Mapping[str, FormLine], taken: set[str]) -> str | None:
    """The line that a corrected one is about: of the same asset, with most in common, and only one
    such; None if nobody can tell."""
    scores: dict[str, int] = {}
    for number, other in lines.items():
        if number not in taken and other.name.casefold() == line.name.casefold():
            alike = sum(getattr(line, f) == getattr(other, f) for f in _ALIKE)
            if line.units == other.units or (line.sold and line.sold == other.sold):
                scores[number] = alike
    best = max(scores.values(), default=0)
    found = [n for n, score in scores.items() if score == best]
    return found[0] if len(found) == 1 else None


def _number_the_rest(
    form: str,
    rows: Sequence[tuple[Said, dict[str, str]]],
    numbered: dict[int, str],
    before: Mapping[str, RawRecord],
    found: Placed,
) -> None:
    """New lines without a number of their own. Raises DataError where some of a file are known and
    some are not: it could be a newer state of the form, or two sales alike."""
    new = [i for i in range(len(rows)) if i not in numbered]
    known = len(rows) - len(new)
    if before and new and known and not all(_has_number(rows[i][1]) for i in numbered):
        raise DataError(
            f"{known} lines are of the form {form} already and {len(new)} are not "
            f"({rows[new[0]][0].place}): give them line numbers, or say corrected where they "
            "correct one; nothing of it was taken in"
        )
    if before and new and not known:
        found.notes.append(f"{len(new)} lines were added to the {len(before)} of {form}")
    taken = set(before) | set(numbered.values())
    last = max((int(n) for n in taken if n.isdigit()), default=0)
    for number, index in enumerate(new, last + 1):
        numbered[index] = str(number)


def _has_number(cells: Mapping[str, str]) -> bool:
    return not cells["line"].startswith("#")


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


def _drop_the_rest(
    lines: Mapping[str, FormLine],
    listed: Iterable[str],
    before: Mapping[str, RawRecord],
    found: Placed,
) -> None:
    """Lines that a corrected statement leaves out are void; they stay in the raw records."""
    gone = sorted(n for n in lines.keys() - set(listed) if not lines[n].void)
    for number in gone:
        row = {**row_of(before[number]), "void": "true"}
        found.records.append(record(row, {"why": REPLACED}))
    if gone:
        found.notes.append(f"{len(gone)} lines are void now: {REPLACED}")
