"""Where the figures stand on the official blank forms of a year, read from `official_forms/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Tick = tuple[str, str]  # a check box's field and the state that ticks it
COLUMNS = "abcdefgh"


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank PDF: what its bytes hash to, and its paths at irs.gov."""

    file: str
    sha256: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A page of Form 8949; every field is `prefix` and a name."""

    prefix: str
    name: str
    row: str
    first: int
    totals: Mapping[str, str]
    boxes: Mapping[str, Tick]

    def cell(self, row: int, column: str) -> str:
        """The field of a column of a row, from 1."""
        number = self.first + len(COLUMNS) * (row - 1) + COLUMNS.index(column)
        return self.prefix + self.row.format(row=row, number=number)


@dataclass(frozen=True, slots=True)
class Form8949:
    blank: Blank
    rows: int
    parts: Mapping[str, Part]  # I and II


@dataclass(frozen=True, slots=True)
class ScheduleD:
    """Fields by line and column; yes and no by question."""

    blank: Blank
    name: str
    in_parentheses: frozenset[str]
    lines: Mapping[str, Mapping[str, str]]
    questions: Mapping[str, Mapping[str, Tick]]


@dataclass(frozen=True, slots=True)
class OfficialForms:
    """The blank forms of a year."""

    form_8949: Form8949
    schedule_d: ScheduleD

    @property
    def blanks(self) -> tuple[Blank, Blank]:
        return self.form_8949.blank, self.schedule_d.blank


@cache
def official_forms(year: int) -> OfficialForms | None:
    """None if the forms of the year are not known."""
    path = files("config").joinpath("official_forms", f"{year}.toml")
    if not path.is_file():
        return None
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    form, schedule = data["form_8949"], data["schedule_d"]
    return OfficialForms(
        Form8949(
            _blank(f"f8949-{year}.pdf", form),
            form["rows"],
            {"I": _part(form["part_1"]), "II": _part(form["part_2"])},
        ),
        ScheduleD(
            _blank(f"f1040sd-{year}.pdf", schedule),
            schedule["name"],
            frozenset(schedule["in_parentheses"]),
            schedule["lines"],
            {k: {a: (t[0], t[1]) for a, t in v.items()} for k, v in schedule["questions"].items()},
        ),
    )


def _blank(file: str, data: Mapping[str, Any]) -> Blank:
    return Blank(file, data["sha256"], tuple(data["paths"]))


def _part(data: Mapping[str, Any]) -> Part:
    return Part(
        prefix=data["prefix"],
        name=data["name"],
        row=data["row"],
        first=data["first"],
        totals=data["totals"],
        boxes={box: (tick[0], tick[1]) for box, tick in data["boxes"].items()},
    )
