"""Statements of Form 1099-DA as PDF: the JSON that some carry, the substitute statement of two text
rows a sale, and the official form.

Layouts differ by broker and few are public: what is read is held against the totals that the
statement prints, and refused where it does not add up.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pdfplumber
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from config.errors import DataError
from config.exact import ZERO, cents
from connectors.brokers import fdx, pdf_official, pdf_substitute
from connectors.brokers.pdf_words import Line, lines_of
from connectors.brokers.reading import Reading, Said
from connectors.brokers.words import amount

EMBEDDED = "/fdxJson"  # the key of the information dictionary (FDX)
MOST_PAGES = 2_000
LARGEST = 50_000_000  # bytes
NOTE = "read from the text of a PDF: compare the number of lines and the total proceeds with it"
_ACCOUNT = re.compile(
    r"account\s*(?:number|no\.?|#)?\s*(?:\(.*?\))?\s*[:#]?\s+([A-Z0-9][\w-]{2,})", re.I
)
_YEAR = re.compile(
    r"(?:tax year|calendar year|for)\s*:?\s*(20\d\d)|(20\d\d)\s+(?:form\s+)?1099-DA", re.I
)
_TOTAL = re.compile(r"^(?:grand\s+)?total(?:s|\s+proceeds)?\b", re.I)


def read(data: bytes, name: str) -> Reading:
    """Raises DataError if it is damaged, locked, a scan, or of no known layout."""
    told = _opened(data, name)
    for key, value in (told.metadata or {}).items():
        if key == EMBEDDED:
            return fdx.read(str(value), name)
    pages = list(_pages(data, name))
    if not any(pages):
        raise DataError(
            f"{name} has no text: it is a scan; ask the broker for a CSV, or type it in"
        )
    head = _head(pages)
    for layout in (pdf_substitute.lines, pdf_official.lines):
        whole = any(_is_corrected(line) for page in pages for line in page)
        found = [replace(x, whole=whole) for x in layout(pages)]
        if found:
            _check_total(found, pages, name)
            return Reading(found, [], (NOTE,), head)
    raise DataError(
        f"{name} is a PDF whose layout is not known: take the broker's CSV or tax software file"
    )


def _opened(data: bytes, name: str) -> PdfReader:
    if len(data) > LARGEST:
        raise DataError(f"{name} is larger than {LARGEST // 1_000_000} MB")
    try:
        found = PdfReader(io.BytesIO(data))
        if found.is_encrypted and not found.decrypt(""):
            raise DataError(f"{name} needs a password: save a copy without one and import that")
        if len(found.pages) > MOST_PAGES:
            raise DataError(f"{name} has more than {MOST_PAGES} pages")
        return found
    except (PyPdfError, ValueError, KeyError, RecursionError, AttributeError, TypeError):
        raise DataError(f"{name} is a PDF that is damaged") from None


def _pages(data: bytes, name: str) -> Iterator[list[Line]]:
    """The words of each page in lines from top to bottom."""
    try:
        with pdfplumber.open(io.BytesIO(data)) as document:
            for page in document.pages:
                yield lines_of(page.extract_words(keep_blank_chars=False, use_text_flow=False))
                page.close()
    except DataError:
        raise
    except Exception as error:  # pdfminer raises whatever a damaged file leads it to
        raise DataError(f"{name} is a PDF that cannot be read ({type(error).__name__})") from None


def _head(pages: Sequence[Sequence[Line]]) -> dict[str, str]:
    """Account and year, where the statement says them."""
    text = "\n".join(line.text for page in pages for line in page)
    found: dict[str, str] = {}
    if (account := _ACCOUNT.search(text)) is not None:
        found["account"] = account[1]
    if (year := _YEAR.search(text)) is not None:
        found["tax_year"] = year[1] or year[2]
    return found


def _is_corrected(line: Line) -> bool:
    """A ticked box, or a title that says so; `CORRECTED (if checked)` alone is neither."""
    text = line.text.casefold()
    ticked = re.search(r"(?:\bx|☒|\[x\])\s*corrected\b", text) is not None
    return ticked or re.match(r"corrected\b(?! \(if)", text) is not None


def _check_total(found: Sequence[Said], pages: Sequence[Sequence[Line]], name: str) -> None:
    """The proceeds of all lines are among the totals that the statement prints."""
    stated = [n for page in pages for line in page if _TOTAL.match(line.text) for n in _money(line)]
    ours = cents(sum((Decimal(x.cells.get("proceeds", "0")) for x in found), ZERO))
    if stated and ours not in stated:
        told = ", ".join(map(str, stated[:4]))
        raise DataError(f"{name}: its lines add up to {ours}, its totals say {told}; not taken in")


def _money(line: Line) -> Iterator[Decimal]:
    for word in line.words:
        text: Any = word["text"]
        if re.fullmatch(r"\(?-?\$?[\d,]+\.\d\d\)?", text):
            yield cents(Decimal(amount(text, "total")))
