"""Charts as SVG pictures; what they show stands in a table beside them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any

Line = Sequence[tuple[datetime | date, Decimal]]
MOST_POINTS = 800  # of a line; the steps of a year are fewer, and no screen shows more
_FONT = "system-ui, sans-serif"


@cache
def _pygal() -> Any:
    """When the first picture is drawn. It puts a finder of plugins among Python's own, of a kind
    that Python warns of at every import after; there are no plugins."""
    found = import_module("pygal")
    sys.meta_path[:] = [f for f in sys.meta_path if type(f).__module__ != "pygal"]
    return found


def _style(dark: bool) -> Any:
    ink, faint, ground = (
        ("#e8e8e3", "#4a4a45", "#1b1c1a") if dark else ("#22231f", "#d8d8d0", "#ffffff")
    )
    return _pygal().style.Style(
        background=ground,
        plot_background=ground,
        foreground=ink,
        foreground_strong=ink,
        foreground_subtle=faint,
        guide_stroke_color=faint,
        major_guide_stroke_color=faint,
        opacity=".9",
        colors=("#7fb0ff", "#ffb454") if dark else ("#1f5fbf", "#a85400"),
        font_family=_FONT,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
    )


def chart(
    lines: Sequence[tuple[str, Line]],
    marks: tuple[str, Line] | None = None,
    dark: bool = False,
    form: str = "%Y-%m-%d",
) -> str:
    """Lines over time, in dollars; marks are points of their own. Floats are places on paper."""
    made = _pygal().DateTimeLine(
        js=[],
        style=_style(dark),
        width=960,
        height=360,
        show_dots=False,
        show_minor_x_labels=False,
        explicit_size=False,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        x_label_rotation=0,
        x_labels_major_count=7,
        truncate_legend=-1,
        disable_xml_declaration=True,
        no_data_text="nothing to show yet",
        x_value_formatter=lambda at: at.strftime(form),
        value_formatter=_dollars,
        truncate_label=-1,
        margin=12,
        margin_bottom=40,
    )
    for name, line in lines:
        points = [(_at(at), float(value)) for at, value in _fewer(line)]
        # one point makes no line: it is seen as a dot
        made.add(name, points, show_dots=len(points) == 1, dots_size=5)
    if marks and marks[1]:
        points = [(_at(at), float(value)) for at, value in marks[1]]
        made.add(marks[0], points, stroke=False, show_dots=True, dots_size=6)
    rendered: str = made.render()
    return rendered


def steps(line: Sequence[tuple[date, Decimal]], end: date) -> list[tuple[date, Decimal]]:
    """What stays as it is from one point to the next, and after the last until `end`."""
    found = list(line[:1])
    for before, after in pairwise(line):
        found += [(after[0], before[1]), after]
    return [*found, (max(end, line[-1][0]), line[-1][1])] if line else []


def _dollars(usd: float) -> str:
    text = f"${abs(usd):,.0f}" if abs(usd) >= 100 or not usd else f"${abs(usd):,.4g}"
    return f"\N{MINUS SIGN}{text}" if usd < 0 else text


def _fewer(line: Line) -> Line:
    step = -(-len(line) // MOST_POINTS) or 1
    return [*line[:-1:step], *line[-1:]]


def _at(at: datetime | date) -> datetime:
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
