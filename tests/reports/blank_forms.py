"""Blank forms with the field names of the official ones, made here: no test needs the IRS's files.

A form is one root field with a field for every figure, as the official PDFs have it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from config.official import COLUMNS, Form8949, ScheduleD

ROOT = "topmostSubform[0]"


def blank_8949(form: Form8949) -> bytes:
    """All fields of both parts."""
    names: list[str] = []
    ticks: list[tuple[str, str]] = []
    for part in form.parts.values():
        names += [part.prefix + part.name, *(part.prefix + t for t in part.totals.values())]
        names += [part.cell(r, c) for r in range(1, form.rows + 1) for c in COLUMNS]
        ticks += [(part.prefix + field, on) for field, on in part.boxes.values()]
    return _blank(names, ticks)


def blank_schedule_d(form: ScheduleD) -> bytes:
    names = [form.name, *(f for fields in form.lines.values() for f in fields.values())]
    ticks = [t for question in form.questions.values() for t in question.values()]
    return _blank(names, ticks)


def _blank(names: Iterable[str], ticks: Iterable[tuple[str, str]]) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(_two_pages())))
    font = writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica-Bold"),
            }
        )
    )
    root = DictionaryObject({NameObject("/T"): TextStringObject(ROOT)})
    parent = writer._add_object(root)
    kids = ArrayObject()
    for place, (name, on) in enumerate([*((n, "") for n in names), *ticks]):
        page = writer.pages[1 if "Page2" in name else 0]
        field = _field(name.removeprefix(f"{ROOT}."), on, place)
        field[NameObject("/Parent")] = parent
        reference = writer._add_object(field)
        kids.append(reference)
        page.setdefault(NameObject("/Annots"), ArrayObject()).append(reference)  # type: ignore[attr-defined]
    root[NameObject("/Kids")] = kids
    resources = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/H"): font})})
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {
            NameObject("/Fields"): ArrayObject([parent]),
            NameObject("/DR"): resources,
            NameObject("/DA"): TextStringObject("/H 8 Tf 0 g"),
        }
    )
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _field(name: str, on: str, place: int) -> DictionaryObject:
    x, y = 20 + 70 * (place % 8), 760 - 12 * (place // 8 % 60)
    box = ArrayObject(FloatObject(v) for v in (x, y, x + 66, y + 10))
    field = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/T"): TextStringObject(name),
            NameObject("/Rect"): box,
            NameObject("/F"): NumberObject(4),
            NameObject("/FT"): NameObject("/Btn" if on else "/Tx"),
            NameObject("/DA"): TextStringObject("/H 8 Tf 0 g"),
        }
    )
    if on:
        field[NameObject("/V")] = field[NameObject("/AS")] = NameObject("/Off")
        states = DictionaryObject({NameObject(on): _nothing(), NameObject("/Off"): _nothing()})
        field[NameObject("/AP")] = DictionaryObject({NameObject("/N"): states})
    return field


def _nothing() -> StreamObject:
    one = StreamObject()
    one[NameObject("/Type")] = NameObject("/XObject")
    one[NameObject("/Subtype")] = NameObject("/Form")
    one[NameObject("/BBox")] = ArrayObject(FloatObject(v) for v in (0, 0, 8, 8))
    return one


def _two_pages() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=letter)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()
