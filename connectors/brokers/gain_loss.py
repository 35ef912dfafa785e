"""Brokers' gain and loss reports (Coinbase): lots and nets, no form. Evidence only: compared with
disposals, never a source of coins and never a reason for a box of Form 8949."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from config.errors import DataError
from connectors.brokers.form_1099da import FormLine, parse
from connectors.brokers.reading import Told
from connectors.brokers.words import Word, amount, canonical, day, plain_text
from connectors.records import RawRecord

STREAM = "gain-loss"
BROKER = "Coinbase"
_COLUMNS: tuple[tuple[str, str, Word], ...] = (
    ("Asset name", "digital_asset_name", plain_text),
    ("Amount", "units", amount),
    ("Date Acquired", "date_acquired", day),
    ("Date of Disposition", "date_sold", day),
    ("Proceeds (USD)", "proceeds", amount),
    ("Cost basis (USD)", "basis", amount),
)
_NEEDED = {*(c for c, _, _ in _COLUMNS), "Transaction Type"}


def recognises(header: Iterable[str]) -> bool:
    return {h.strip() for h in header} >= _NEEDED


def read(text: str, told: Told) -> list[RawRecord]:
    """Its rows as records of source `gain-loss:BROKER/ACCOUNT/YEAR`; raises DataError if one cannot
    be read: then nothing is taken in."""
    rows = list(csv.reader(io.StringIO(text)))
    above = next(n for n, row in enumerate(rows) if recognises(row))
    header = [c.strip() for c in rows[above]]
    found: list[RawRecord] = []
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows[above + 1 :], above + 2):
        words = {k: v.strip() for k, v in zip(header, row, strict=False) if v.strip()}
        if not words:
            continue
        try:
            found.append(_record(words, told, seen))
        except DataError as error:
            raise DataError(f"line {number}: {error}; nothing of it was taken in") from None
    return found


def _record(words: Mapping[str, str], told: Told, seen: Counter[str]) -> RawRecord:
    cells = canonical(words, _COLUMNS)
    year = told.year or date.fromisoformat(cells.get("date_sold", "0001-01-01")).year
    key = "/".join((words.get("Transaction ID", ""), words.get("Tax lot ID", "")))
    seen[key] += 1
    line = key if seen[key] == 1 else f"{key}#{seen[key]}"
    cells |= {
        "broker": told.broker or BROKER,
        "account": told.account or "*",
        "tax_year": str(year),
        "line": line,
    }
    parse(cells)
    body = json.dumps({**cells, "_said": words}, sort_keys=True, separators=(",", ":"))
    source = f"{STREAM}:{cells['broker']}/{cells['account']}/{year}"
    return RawRecord(source, STREAM, line, None, body)


def row_of(record: RawRecord) -> FormLine:
    """A row as if it were a line whose basis nobody reported."""
    cells = {k: v for k, v in json.loads(record.body).items() if k != "_said"}
    return parse({**cells, "basis_reported": "false"})
