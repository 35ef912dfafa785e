"""Statements of venues, wallets and tax programs: a format is a declared header and a row function.

A row is stored as it was read and understood later, so a better reading needs no second import. A
row without an id of its own is keyed by its content and its ordinal among equal rows of the file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypedDict

from config.assets import names
from config.errors import DataError
from config.exact import ZERO
from connectors.exchanges.pots import settled
from connectors.files.cells import Row, plain
from connectors.records import Claim, Entry, Problem, RawRecord, Role, Translation

SOURCE = "file"  # sources are `file:FORMAT:ACCOUNT`
DEEPEST_HEADER = 40  # lines before it are a preamble
OWN = "_own"  # cells that are not of the file: what its reading needs besides it

_DOLLARS = frozenset({"USD", "ZUSD"})
Amount = tuple[str, Decimal]  # the file's word for an asset, positive; a fee given back is negative


@dataclass(frozen=True, slots=True)
class Line:
    """What a row says, as the person sees it: what left, what came, what was paid for that.

    `kind` is one of trade, deposit, withdrawal, spend, fee, wrap, pot_move, own_move, income:...,
    unknown:..., or a kind of the journal that the person's own file states (`stated`). `usd` is the
    total value of what came, else of what left. `group` joins rows of one event.
    """

    kind: str
    at: datetime
    out: Amount | None = None
    into: Amount | None = None
    fee: Amount | None = None
    usd: Decimal | None = None
    group: str = ""
    txid: str = ""
    address: str = ""
    network: str = ""
    note: str = ""
    stated: bool = False


class Sides(TypedDict, total=False):
    """What left and what came."""

    out: Amount
    into: Amount


def by_sign(word: str, quantity: Decimal) -> Sides:
    """A signed quantity left or came."""
    coin = (word, abs(quantity))
    return {"out": coin} if quantity < ZERO else {"into": coin}


def traded(side: str, coin: Amount, money: Amount) -> Sides:
    """A coin bought for money, or sold."""
    return {"out": money, "into": coin} if side == "buy" else {"out": coin, "into": money}


Context = Any  # what a format must know of all rows to read one of them


@dataclass(frozen=True, slots=True)
class Format:
    """A file that is known by its header. `columns` must be there, each by one of its names; `id_`
    is the file's own id of a row, empty if it has none, and `content` then the cells that make it
    what it is, whatever else an export says; `venue` names whose words assets are."""

    name: str
    title: str
    columns: tuple[tuple[str, ...], ...]
    lines: Callable[[Row, Context], Iterable[Line]]
    venue: str | None = None
    id_: Callable[[Row], str] = lambda row: ""
    content: Callable[[Row], tuple[str, ...]] = lambda row: ()
    is_row: Callable[[Row], bool] = lambda row: True
    context: Callable[[Sequence[Row]], Context] = lambda rows: None
    asset: Callable[[Row, str, str], str] | None = None  # row, account, word to the asset
    family: str = ""  # formats of one family tell parts of the same events
    never: tuple[str, ...] = field(default=())  # columns of formats that look alike

    def knows(self, header: Iterable[str]) -> bool:
        """Whether a header is this format's."""
        found = {plain(c) for c in header}
        there = all(any(plain(n) in found for n in one) for one in self.columns)
        return there and not any(plain(n) in found for n in self.never)

    def missing(self, header: Iterable[str]) -> list[str]:
        """Columns that a header lacks."""
        found = {plain(c) for c in header}
        return [one[0] for one in self.columns if not any(plain(n) in found for n in one)]

    @property
    def source(self) -> str:
        return f"{SOURCE}:{self.family or self.name}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file by one of its rows as the header; the rows after it are read when asked for."""

    header: tuple[str, ...]
    text: str
    delimiter: str
    above: int  # rows of the file before the header

    @property
    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Each row by column, with its line number."""
        reader = csv.reader(io.StringIO(self.text), delimiter=self.delimiter)
        table = ((reader.line_num, cells) for cells in reader)
        return _named(self.header, islice(table, self.above + 1, None))


def sheets(text: str) -> Iterator[Sheet]:
    """Every row near the top as if it were the header: a preamble may stand before it."""
    for delimiter in ",\t;":
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        try:
            table = list(islice(reader, DEEPEST_HEADER))
        except csv.Error:
            continue  # no file of this kind
        for above, header in enumerate(table):
            if len([c for c in header if c.strip()]) > 2:
                yield Sheet(tuple(header), text, delimiter, above)


def _named(
    header: Sequence[str], table: Iterable[tuple[int, list[str]]]
) -> Iterator[tuple[int, dict[str, str]]]:
    for line, cells in table:
        given = {
            name.strip(): cell.strip()
            for name, cell in zip(header, cells, strict=False)
            if name.strip()
        }
        if any(given.values()):
            yield line, given


def read(
    found: Format, sheet: Sheet, account: str, own: Mapping[str, object]
) -> tuple[list[RawRecord], list[str]]:
    """The rows as records, and one sentence for each row that cannot be read: it is kept as well
    and shown until it can be."""
    rows = [(line, Row(cells), cells) for line, cells in sheet.rows]
    context = found.context([row for _, row, _ in rows if found.is_row(row)])
    records, sentences, seen = [], [], Counter[str]()
    for line, row, cells in rows:
        if not found.is_row(row):
            continue
        body = {k: v for k, v in cells.items() if v} | ({OWN: json.dumps(own)} if own else {})
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        key = found.id_(row) or _key(found, row, cells)
        seen[key] += 1
        native_id = key if seen[key] == 1 else f"{key}#{seen[key]}"
        at = None
        try:
            told = list(found.lines(Row(body), context))
            at = told[0].at if told else None
        except (DataError, ValueError, ArithmeticError) as error:
            sentences.append(f"line {line}: {error}; the row is kept and set aside")
        records.append(RawRecord(f"{found.source}:{account}", found.name, native_id, at, text))
    return records, sentences


def _key(found: Format, row: Row, cells: Mapping[str, str]) -> str:
    """A row without an id by what it says, not by what else its export says of it: columns come and
    go, and some name the price of the day."""
    said = found.content(row) or tuple(f"{k}={v}" for k, v in sorted(cells.items()) if v)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def translate(
    formats: dict[str, Format], records: Iterable[RawRecord], account: str
) -> Translation:
    """Stored rows of one family and account to entries."""
    by_format: dict[str, list[tuple[RawRecord, Row]]] = {}
    for record in records:
        by_format.setdefault(record.stream, []).append((record, Row(json.loads(record.body))))
    entries: list[Entry] = []
    problems: list[Problem] = []
    for name in sorted(by_format):
        found, rows = formats[name], by_format[name]
        context = found.context([row for _, row in rows])
        for record, row in rows:
            try:
                for number, line in enumerate(found.lines(row, context)):
                    entries += _entries(found, record, row, line, account, number)
            except (DataError, ValueError, ArithmeticError) as error:
                problems.append(Problem(record.source, record.stream, record.native_id, str(error)))
    return Translation(tuple(settled(entries)), tuple(problems))


def _entries(
    found: Format, record: RawRecord, row: Row, line: Line, account: str, number: int
) -> Iterator[Entry]:
    group = line.group or (f"{record.native_id}:{number}" if number else record.native_id)
    evidence = f"{found.title}, row {record.native_id}" + (f": {line.note}" if line.note else "")

    def entry(amount: Amount, sign: int, role: Role, usd: Decimal | None) -> Entry:
        word, quantity = amount
        return Entry(
            source=record.source,
            group=f"{found.name}:{group}" if not found.family else group,
            account=account,
            asset=_asset(found, row, account, word, line.at),
            quantity=sign * quantity,
            at=line.at,
            role=role,
            kind=line.kind,
            native_id=record.native_id,
            txid=line.txid or None,
            address=line.address or None,
            network=line.network or None,
            usd=usd,
            claim=Claim(line.kind) if line.stated else None,
            evidence=evidence,
        )

    came = line.into if line.into and line.into[1] else None
    # dollars that were paid or received tell the value themselves, whatever a market says
    dollars = any(side and side[0] in _DOLLARS for side in (line.out, line.into))
    usd = None if dollars else line.usd
    if line.out and line.out[1]:
        yield entry(line.out, -1, "principal", None if came else usd)
    if came:
        yield entry(came, 1, "principal", usd)
    if line.fee and line.fee[1]:
        yield entry(line.fee, -1, "fee", None)


def _asset(found: Format, row: Row, account: str, word: str, at: datetime) -> str:
    if found.asset:
        return found.asset(row, account, word)
    if found.venue:
        return names().at_venue(found.venue, word.strip(), at)
    return names().in_file(account, word.strip())


def positive(quantity: Decimal | None) -> Decimal:
    """Without its sign; nothing is zero."""
    return abs(quantity) if quantity is not None else ZERO
