"""One page that a person reads first: totals, what is not complete, what to do."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import landscape, letter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from syncer.reports.fill import printable
from syncer.reports.sheets import Sheet

Lines = Sequence[tuple[str, str]]
MOST_TOLD = 14  # of a list on the one page; the rest is counted


@dataclass(frozen=True, slots=True)
class Summary:
    """What the page says; every list in order of weight."""

    title: str
    totals: Lines
    forms: Lines
    incomplete: Sequence[str]
    to_do: Sequence[str]
    papers: Sequence[str]


def summary_pdf(one: Summary) -> bytes:
    """One page of US letter paper."""
    styles = getSampleStyleSheet()
    body, small = styles["BodyText"], styles["BodyText"].clone("small", fontSize=8, leading=10)
    parts: list[Flowable] = [Paragraph(escape(one.title), styles["Title"])]
    state = "Nothing is open in this year"
    if one.incomplete:
        state = "This year is NOT complete"
    elif one.to_do:
        state = "This year is complete; some things are to be looked at"
    parts += [Paragraph(f"<b>{state}</b>", body), *_listed(one.incomplete, small)]
    parts += [Spacer(1, 8), _table(one.totals)]
    if one.forms:
        parts += [Spacer(1, 8), Paragraph("<b>Forms 1099-DA</b>", body), _table(one.forms)]
    if one.to_do:
        parts += [Spacer(1, 8), Paragraph("<b>What to do</b>", body), *_listed(one.to_do, small)]
    parts += [Spacer(1, 8), Paragraph("<b>The papers</b>", body), *_listed(one.papers, small)]
    parts.append(Paragraph("Figures follow from the ledger. This is no tax advice.", small))
    return _built(parts, letter, one.title)


def table_pdf(title: str, sheet: Sheet, widths: Sequence[float]) -> bytes:
    """A table over as many landscape pages as it needs, its header on each; widths in inches."""
    styles = getSampleStyleSheet()
    cell = styles["BodyText"].clone("cell", fontSize=6.5, leading=8, splitLongWords=True)
    cells = (sheet.header, *sheet.rows)
    rows = [[Paragraph(escape(printable(c)), cell) for c in row] for row in cells]
    table = Table(rows, colWidths=[w * inch for w in widths], repeatRows=1)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.25, colors.grey), *_TIGHT]))
    return _built([Paragraph(escape(title), styles["Heading3"]), table], landscape(letter), title)


_TIGHT = [
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]


def _listed(sentences: Iterable[str], style: object) -> list[Flowable]:
    told = list(sentences)
    found: list[Flowable] = [
        Paragraph(f"• {escape(printable(s))}", style) for s in told[:MOST_TOLD]
    ]
    if len(told) > MOST_TOLD:
        found.append(Paragraph(f"• and {len(told) - MOST_TOLD} more: syncer reconcile", style))
    return found


def _table(lines: Lines) -> Table:
    table = Table([list(x) for x in lines], colWidths=[4.4 * inch, 2.2 * inch], hAlign="LEFT")
    style = [("ALIGN", (1, 0), (1, -1), "RIGHT"), ("FONTSIZE", (0, 0), (-1, -1), 8), *_TIGHT]
    table.setStyle(TableStyle(style))
    return table


def _built(parts: list[Flowable], size: tuple[float, float], title: str) -> bytes:
    buffer = io.BytesIO()
    margin = 0.6 * inch
    document = SimpleDocTemplate(
        buffer,
        pagesize=size,
        title=title,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
    )
    document.build(parts, canvasmaker=_SameEveryTime)
    return buffer.getvalue()


class _SameEveryTime(Canvas):  # type: ignore[misc]
    """Without the time at which it was made, so that the same books give the same bytes."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **{**named, "invariant": 1})
