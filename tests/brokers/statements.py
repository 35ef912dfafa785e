"""Brokers' statements made for tests: PDFs in the official layout and in the substitute of two text
rows a sale, FDX JSON, IRIS XML. All values are ours."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject, StreamObject
from reportlab.lib.pagesizes import landscape, letter
from reportlab.pdfgen.canvas import Canvas

# boxes and where their columns begin, in points from the left
FIRST = {"1a": 60, "1d": 230, "1f": 300, "1g": 380, "1h": 450, "2": 505, "4": 530, "6": 585}
FIRST |= {"7": 610, "9": 645, "11a": 670, "11b": 725}
SECOND = {"1c": 60, "1e": 230, "1i": 450, "3a": 505, "3b": 545, "5": 585, "8": 645}
PER_PAGE = 18


def substitute(
    sales: Sequence[Mapping[str, str]], total: str = "", title: str = "2025 Form 1099-DA"
) -> bytes:
    """The landscape substitute, 18 sales a page; `sales` by box, `AC` the letter."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=landscape(letter))
    for start in range(0, len(sales), PER_PAGE):
        canvas.setFont("Helvetica", 8)
        canvas.drawString(30, 580, title)
        canvas.drawString(30, 568, "Account number: SUB-778")
        _row(canvas, 545, {b: b for b in FIRST} | {"AC": "AC"}, FIRST)
        _row(canvas, 535, {b: b for b in SECOND}, SECOND)
        for place, sale in enumerate(sales[start : start + PER_PAGE]):
            y = 520 - place * 26
            _row(canvas, y, sale, FIRST)
            _row(canvas, y - 11, sale, SECOND)
        if total and start + PER_PAGE >= len(sales):
            canvas.drawString(60, 40, f"Total {total}")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _row(canvas: Canvas, y: float, cells: Mapping[str, str], at: Mapping[str, float]) -> None:
    if "AC" in cells and at is FIRST:
        canvas.drawString(36, y, cells["AC"])
    for box, x in at.items():
        if cells.get(box):
            canvas.drawString(x, y, cells[box])


OFFICIAL = (  # box, label, x, y from the top of the form
    ("1a", "1a Code for digital asset", 300, 40),
    ("1b", "1b Name of digital asset", 300, 70),
    ("1c", "1c Number of units", 300, 100),
    ("1d", "1d Date acquired", 300, 130),
    ("1e", "1e Date sold or disposed", 420, 130),
    ("1f", "1f Proceeds", 300, 160),
    ("1g", "1g Cost or other basis", 420, 160),
    ("1h", "1h Accrued market discount", 300, 190),
    ("1i", "1i Wash sale loss disallowed", 420, 190),
    ("4", "4 Federal income tax withheld", 60, 250),
    ("11b", "11b If 11a checked, number of transactions", 60, 310),
    ("12a", "12a Number of units transferred in", 60, 340),
    ("12b", "12b If transferred in, provide transfer-in date", 300, 340),
)
TICKS = (
    ("2", "2 Check if basis reported to IRS", 300, 220),
    ("5", "5 Check if loss is not allowed", 300, 250),
    ("7", "7 Check if proceeds are only cash", 300, 280),
    ("8", "8 Check if broker relied on customer", 420, 280),
    ("9", "9 Check if noncovered security", 60, 280),
)


def official(forms: Sequence[Mapping[str, str]], corrected: bool = False, a_page: int = 1) -> bytes:
    """The official layout, so many forms a page: values below their labels, `X` before what is
    ticked; `corrected` ticks all, a form's own `corrected` that one."""
    buffer = io.BytesIO()
    top = 760 + 420 * (a_page - 1)
    canvas = Canvas(buffer, pagesize=(letter[0], top + 32))
    for number, form in enumerate(forms):
        canvas.setFont("Helvetica", 7)
        start = top - 420 * (number % a_page)

        def put(x: float, y: float, text: str, start: float = start) -> None:
            canvas.drawString(x, start - y, text)

        ticked = corrected or form.get("corrected")
        put(60, 5, "X CORRECTED" if ticked else "CORRECTED (if checked)")
        put(200, 5, "For calendar year 2025")
        put(60, 15, "FILER'S name")
        put(300, 10, "Applicable checkbox on Form 8949")
        put(320, 22, form.get("letter", ""))
        put(60, 400, "Account number (see instructions)")
        put(200, 400, form.get("account", "OFF-42"))
        for box, label, x, y in OFFICIAL:
            put(x, y, label)
            if form.get(box):
                money = "$ " if box in ("1f", "1g", "1h", "1i", "4") else ""
                put(x + 6, y + 14, money + form[box])
        for box, label, x, y in TICKS:
            put(x, y, label)
            if form.get(box):
                put(x + 8, y + 12, "X")
        put(420, 220, "6 Gain or loss:")
        for n, (word, told) in enumerate((("Short-term", "short"), ("Long-term", "long"))):
            put(424 + 70 * n, 232, "X" if form.get("6") == told else "")
            put(432 + 70 * n, 232, word)
        if (number + 1) % a_page == 0 or number + 1 == len(forms):
            canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def with_information(pdf: bytes, key: str, value: str) -> bytes:
    """With a key in its information dictionary."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    writer.add_metadata({key: value})
    return _written(writer)


def locked(pdf: bytes, password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    writer.encrypt(password, algorithm="RC4-128")
    return _written(writer)


def scanned(text: str = "") -> bytes:
    """A page without any text, or with one that is no form's."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=letter)
    canvas.rect(50, 50, 300, 300, fill=1)
    canvas.drawString(50, 500, text)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def bomb(size: int, streams: int) -> bytes:
    """A page whose contents are streams of zeros, packed."""
    writer = PdfWriter()
    page = writer.add_blank_page(612, 792)
    packed = StreamObject()
    packed.set_data(b" " * size)
    same = [writer._add_object(packed.flate_encode()) for _ in range(streams)]
    page[NameObject("/Contents")] = ArrayObject(same)
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


FDX = """{"forms": [{"tax1099Da": {
  "taxYear": 2025, "corrected": %s, "accountNumber": "FDX-9",
  "issuer": {"businessName": {"name1": "Coinbase, Inc."}},
  "digitalAssetDetails": [
    {"checkboxOnForm8949": "J", "digitalAssetCode": "4H95J0R2X", "digitalAssetName": "Bitcoin",
     "units": "0.123456789012345678", "dateAcquired": "2023-04-05", "dateOfSale": "2025-06-07",
     "proceeds": 1234.50, "costBasis": 1000, "basisReported": true, "grossOrNet": "NET",
     "federalTaxWithheld": 24.10, "longOrShort": "LONG", "ordinary": false, "qof": false,
     "noncoveredSecurity": false, "secretSauce": 1,
     "stateAndLocal": [{"stateCode": "CA", "state": {"stateTaxId": "123", "stateTaxWithheld": 5}}]},
    {"digitalAssetCode": "X9J9K872S", "digitalAssetName": "Ethereum", "units": "2",
     "variousDatesAcquired": true, "dateOfSale": "2025-08-09", "proceeds": 99,
     "basisReported": false}
  ]}}]}"""

IRIS = """<?xml version="1.0" encoding="UTF-8"?>
<IRTransmission xmlns="urn:us:gov:treasury:irs:ir"><IRSubmission1Grp>
<IRSubmission1Header><IssuerDetail><BusinessName>
<BusinessNameLine1Txt>Kraken</BusinessNameLine1Txt></BusinessName></IssuerDetail>
</IRSubmission1Header><IRSubmission1Detail>
<Form1099DADetail><TaxYr>2025</TaxYr><RecordId>7</RecordId><VoidInd>0</VoidInd>
<CorrectedInd>0</CorrectedInd><RecipientAccountNum>IR-5</RecipientAccountNum>
<Form8949ApplicableCheckboxCd>G</Form8949ApplicableCheckboxCd><DATypeCd>4H95J0R2X</DATypeCd>
<DANm>Bitcoin</DANm><DAUnitQty>0.5</DAUnitQty><AcquiredDt>2025-01-02</AcquiredDt>
<SoldOrDisposedDt>2025-03-04</SoldOrDisposedDt><ProceedsAmt>30000.00</ProceedsAmt>
<CostOrOtherBasisAmt>25000.00</CostOrOtherBasisAmt><BasisReportedInd>1</BasisReportedInd>
<NetProceedsInd>1</NetProceedsInd><ShortTermGainLossInd>1</ShortTermGainLossInd>
<NoncoveredSecurityDAInd>0</NoncoveredSecurityDAInd>
<DATransferredInUnitQty>0.25</DATransferredInUnitQty><TransferInDt>2025-02-03</TransferInDt>
</Form1099DADetail></IRSubmission1Detail></IRSubmission1Grp></IRTransmission>"""

CONSOLIDATED = """\
1099-DIV,ACCOUNT NUMBER,TAX YEAR,ORDINARY DIVIDENDS
1099-DIV,RH-1,2025,1.00
1099-DA,ACCOUNT NUMBER,TAX YEAR,DATE ACQUIRED,SALE DATE,DESCRIPTION,DTIF CODE,DTIF NAME,DTIF UNITS,\
COST BASIS,SALES PRICE,TERM,ORDINARY,FED TAX WITHHELD,WASH AMT DISALLOWED,FORM8949CODE,\
GROSSPROCEEDSINDICATOR,NON COVERED,BASIS NOT SHOWN
1099-DA,RH-1,2025,20240115,20250220,,4H95J0R2X,Bitcoin BTC,0.50000000,"$12,345.67","$13,456.78",\
LONG,N,0.00,0.00,K,NET,1,Y
1099-DA,RH-1,2025,VARIOUS,02/21/2025,,,Dogecoin DOGE,100,,0.00,,,,,,,1,Y
1099-B,ACCOUNT NUMBER,TAX YEAR,SALE DATE
1099-B,RH-1,2025,20250303
"""
