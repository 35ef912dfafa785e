"""Statements of Form 1099-DA as PDF: the JSON that some carry, the substitute statement of two text
rows a sale, and the official form.

Layouts differ by broker and few are public: what is read is held against the totals that the
statement prints, and refused where it does not add up.
"""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pdfplumber
from pypdf import PdfReader
from pypdf.errors import LimitReachedError
from pypdf.generic import IndirectObject, StreamObject

from config.errors import DataError
from config.exact import ZERO, cents
from connectors.brokers import fdx, pdf_official, pdf_substitute
from connectors.brokers.pdf_words import Line, lines_of
from connectors.brokers.reading import Reading, Said
from connectors.brokers.words import amount

EMBEDDED = "/fdxJson"  # the key of the information dictionary (FDX)
MOST_PAGES = 2_000
LARGEST = 50_000_000  # bytes
MOST_UNPACKED = 200_000_000
NOTE = "read from the text of a PDF: compare the number of lines and the total proceeds with it"
_TOTAL = re.compile(r"\btotals?\b", re.IGNORECASE)
_GRAND = re.compile(r"\bgrand total\b", re.IGNORECASE)
for _noisy in ("pypdf", "pdfminer"):  # a damaged file is one sentence of ours
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)


def read(data: bytes, name: str) -> Reading:
    """Raises DataError if it is damaged, locked, a scan, or of no known layout."""
    if (embedded := _embedded(data, name)) is not None:
        return fdx.read(embedded, name)
    pages = list(_pages(data, name))
    if not any(pages):
        raise DataError(
            f"{name} has no text: it is a scan; ask the broker for a CSV, or type it in"
        )
    for layout in (pdf_substitute.lines, pdf_official.lines):
        found = list(layout(pages))
        if found:
            _check_total(found, pages, name)
            return Reading(found, [], (NOTE,))
    raise DataError(
        f"{name} is a PDF whose layout is not known: take the broker's CSV or tax software file"
    )


def _embedded(data: bytes, name: str) -> str | None:
    """The JSON that it carries; raises DataError if it is damaged or locked."""
    if len(data) > LARGEST:
        raise DataError(f"{name} is larger than {LARGEST // 1_000_000} MB")
    try:
        found = PdfReader(io.BytesIO(data))
        if found.is_encrypted and not found.decrypt(""):
            raise DataError(f"{name} needs a password: save a copy without one and import that")
        if len(found.pages) > MOST_PAGES:
            raise DataError(f"{name} has more than {MOST_PAGES} pages")
        if _is_a_bomb(found):
            raise DataError(f"{name} unpacks to more than {MOST_UNPACKED // 1_000_000} MB")
        told = dict(found.metadata or {})
        return str(told[EMBEDDED]) if EMBEDDED in told else None
    except DataError:
        raise
    except Exception as error:  # pypdf too raises whatever a damaged file leads it to
        raise DataError(f"{name} is a PDF that is damaged ({type(error).__name__})") from None


def _is_a_bomb(found: PdfReader) -> bool:
    """Whether its streams hold more than any statement does; pdfminer would unpack them all."""
    total = 0
    for generation, numbers in found.xref.items():
        for number in numbers:
            one = found.get_object(IndirectObject(number, generation, found))
            total += _unpacked(one) if isinstance(one, StreamObject) else 0
            if total > MOST_UNPACKED:
                return True
    return False


def _unpacked(stream: StreamObject) -> int:
    """Bytes; of one that pypdf does not unpack, what is in it if it is packed the usual way."""
    try:
        return len(stream.get_data())
    except LimitReachedError:
        return MOST_UNPACKED + 1
    except Exception:
        return _inflated(stream._data)


def _inflated(data: bytes) -> int:
    try:
        return len(zlib.decompressobj().decompress(data, MOST_UNPACKED + 1))
    except zlib.error:
        return len(data)


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


def _check_total(found: Sequence[Said], pages: Sequence[Sequence[Line]], name: str) -> None:
    """The proceeds of all lines are what the statement prints in all."""
    lines = [line for page in pages for line in page if _TOTAL.search(line.text)]
    lines = [line for line in lines if any(_money(line))]
    ours = cents(sum((Decimal(x.cells.get("proceeds", "0")) for x in found), ZERO))
    if lines and ours not in (stated := _stated(lines)):
        told = ", ".join(map(str, sorted(stated)))
        raise DataError(f"{name}: its lines add up to {ours}, its totals say {told}; not taken in")


def _stated(lines: Sequence[Line]) -> set[Decimal]:
    """The proceeds of total lines, which come first: the grand total, else the one total, else the
    sum of the sections', which the last one may state."""
    grand = [line for line in lines if _GRAND.search(line.text)]
    if grand or len(lines) == 1:
        return {next(_money(line)) for line in grand or lines}
    firsts = [next(_money(line)) for line in lines]
    whole = sum(firsts[:-1], ZERO)
    # two equal ones are two sections, or one and the whole: either may be meant
    return {whole, whole + firsts[-1]} if whole == firsts[-1] else {whole + firsts[-1]}


def _money(line: Line) -> Iterator[Decimal]:
    for word in line.words:
        text = str(word["text"]).rstrip(".;:")
        if re.fullmatch(r"\(?-?\$?[\d,]+\.\d\d\)?", text):
            yield cents(Decimal(amount(text, "total")))
