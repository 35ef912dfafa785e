"""Fills the fields of a blank PDF, as many copies as needed, and reads them back."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress

from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject
from reportlab.pdfbase.pdfmetrics import stringWidth

from config.errors import SyncerError

Value = str | tuple[str, str, float]  # a text, or with font (empty: the form's own) and size
_FONT = "Helvetica-Bold"
_LINES = {8.0: 2, 7.0: 2, 6.0: 3, 5.0: 4, 4.5: 5, 4.0: 6}  # that 24 points hold, by size
_PLAIN = {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ħ": "h"}  # of no parts
# what a program would show or ask instead of the fields
_CATALOG, _FORM = ("/Perms", "/StructTreeRoot", "/MarkInfo"), ("/XFA", "/SigFlags")


def filled(blank: bytes, copies: Iterable[Mapping[str, Value]], name: str) -> bytes:
    """One PDF of all copies, read back and compared. Each is a form of its own, `NAME-1` and so on,
    or the fields of one would show what another holds. Raises SyncerError if a field does not hold
    what was put in."""
    out, lean = PdfWriter(), _lean(blank)
    wanted: dict[str, str] = {}
    for number, values in enumerate(copies, 1):
        one = PdfWriter(clone_from=PdfReader(io.BytesIO(lean)))
        one.update_page_form_field_values(list(one.pages), dict(values), auto_regenerate=False)
        fields = one.root_object["/AcroForm"]["/Fields"]  # type: ignore[index]
        first = fields[0].get_object()
        root = str(first["/T"])
        first[NameObject("/T")] = TextStringObject(f"{name}-{number}")
        out.append(PdfReader(io.BytesIO(_written(one))), import_outline=False)
        for field, value in values.items():
            text = value if isinstance(value, str) else value[0]
            wanted[f"{name}-{number}{field.removeprefix(root)}"] = text.replace("\n", "")
    out.compress_identical_objects(remove_unreferenced=True)
    pdf = _written(out)
    found, wanted = read_back(pdf), {k: v for k, v in wanted.items() if v}
    if found != wanted:
        wrong = next(k for k in found.keys() | wanted.keys() if found.get(k) != wanted.get(k))
        raise SyncerError(f"{name}: the field {wrong} does not hold what belongs there")
    return pdf


def _lean(blank: bytes) -> bytes:
    """The blank with its pages and fields alone."""
    one = PdfWriter(clone_from=PdfReader(io.BytesIO(blank)))
    for key in _CATALOG:
        one.root_object.pop(key, None)
    for key in _FORM:
        one.root_object["/AcroForm"].pop(key, None)  # type: ignore[attr-defined]
    for page in one.pages:
        page.pop("/StructParents", None)
        for annotation in page.get("/Annots", ()):
            annotation.get_object().pop("/StructParent", None)
    one.compress_identical_objects(remove_unreferenced=True)
    return _written(one)


def _written(one: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    one.write(buffer)
    return buffer.getvalue()


def read_back(pdf: bytes) -> dict[str, str]:
    """By copy and field, as `NAME-1.Page1[0]...`: what is filled in, line breaks taken out."""
    fields = PdfReader(io.BytesIO(pdf)).get_fields() or {}
    found = {name: field.value for name, field in fields.items() if field.value is not None}
    return {n: str(v).replace("\n", "") for n, v in found.items() if str(v) not in ("", "/Off")}


def printable(text: str) -> str:
    """In letters that the font of the official forms has; a letter that it lacks loses its signs,
    and what is of no such alphabet is `?`."""
    return "".join(_letter(c) for c in text)


def _letter(character: str) -> str:
    with suppress(UnicodeEncodeError):
        character.encode("cp1252")
        return character
    plain = _PLAIN.get(character) or unicodedata.normalize("NFKD", character)
    return plain.encode("ascii", "ignore").decode() or "?"


def wrapped(text: str, width: float) -> Value:
    """A text in lines that a field of this width and 24 points of height shows whole, as large as
    that goes; a hash is broken where a line ends."""
    for size, most in _LINES.items():
        lines = _broken(text, width, size)
        if len(lines) <= most:
            break
    return text if len(lines) == 1 and size == max(_LINES) else ("\n".join(lines), "", size)


def _broken(text: str, width: float, size: float) -> list[str]:
    lines, line = [], ""
    for character in text:
        if line and stringWidth(line + character, _FONT, size) > width:
            cut = line.rfind(" ") + 1
            head, rest = (line[:cut], line[cut:]) if cut > len(line) // 2 else (line, "")
            lines.append(head)
            line = rest
        line += character
    return [*lines, line]
