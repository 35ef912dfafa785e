"""The lines of one form over time: what is said of each now, and what was said before. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.brokers.form_1099da import SAID, FormLine, parse, record, row_of
from connectors.brokers.reading import Said
from connectors.brokers.sameness import is_equal
from connectors.records import RawRecord

OURS = "ours"  # who gave a line its number: the file does not number its lines


@dataclass(slots=True)
class Line:
    """One line: every row that was said of it, the newest last, and what is to be stored."""

    number: str
    numbered_by: str
    told: list[FormLine] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    format: str = ""  # of the newest
    stored: RawRecord | None = None
    new: list[RawRecord] = field(default_factory=list)
    seen: bool = False  # a row of the file that is taken in is of it

    @property
    def now(self) -> FormLine:
        return self.told[-1]

    @property
    def is_fixed(self) -> bool:
        """Whether it is corrected or void now."""
        return bool(self.now.corrected or self.now.void)

    @property
    def originals(self) -> list[FormLine]:
        """What it said before it was corrected or void."""
        return [t for t in self.told if not t.corrected and not t.void]

    def said_before(self, line: FormLine) -> bool:
        """Whether an older correction said just this."""
        return any(t.corrected and is_equal(t, line) for t in self.told[:-1])

    def tell(self, said: Said, row: dict[str, str], format_: str) -> None:
        """Say something new of it, or nothing new."""
        row = {**row, "line": self.number}
        line = parse(row)
        if self.told and is_equal(line, self.now) and _state(line) == _state(self.now):
            return
        self._add(row, line, said.words, said.place, format_)

    def tell_original(self, said: Said, row: dict[str, str], format_: str) -> None:
        """What it said before the correction that came first: told, and the correction again."""
        now, format_now = self.rows[-1], self.format
        original = {**row, "line": self.number}
        self._add(original, parse(original), said.words, said.place, format_)
        self._add(now, parse(now), {}, said.place, format_now)

    def _add(
        self,
        row: dict[str, str],
        line: FormLine,
        words: object,
        place: str,
        format_: str,
    ) -> None:
        self.told.append(line)
        self.rows.append(row)
        self.format = format_
        said: dict[str, object] = {"format": format_, "numbered_by": self.numbered_by}
        if isinstance(words, dict) and words:
            said |= {"place": place, **words}
        self.new.append(record(row, said))

    def records(self) -> list[RawRecord]:
        """What to store: nothing new is its stored record."""
        return self.new or ([self.stored] if self.stored else [])


def _state(line: FormLine) -> tuple[bool, bool]:
    return bool(line.corrected), bool(line.void)


def lines_of(stored: Iterable[RawRecord]) -> dict[str, Line]:
    """By number; the records of a form with all their revisions, older ones first."""
    found: dict[str, Line] = {}
    for one in stored:
        said = json.loads(one.body).get(SAID) or {}
        line = found.get(one.native_id)
        if line is None:
            line = found[one.native_id] = Line(one.native_id, said.get("numbered_by", ""))
        row = row_of(one)
        line.told.append(parse(row))
        line.rows.append(row)
        line.format, line.stored = said.get("format", ""), one
    return found
