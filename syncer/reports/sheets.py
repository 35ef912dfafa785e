"""The papers that are tables: each a header and rows of text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.assets import names
from config.exact import ZERO, text
from syncer.reports.money import Money
from syncer.tax.digital_assets import Behind
from syncer.tax.fees import Fee
from syncer.tax.form_8949 import Row, sums
from syncer.tax.netting import WORKSHEET, Worksheet
from syncer.tax.schedule_d import ScheduleD
from syncer.tax.year import Income

DIGITAL, DOLLARS = "Schedule 1, line 8v", "Form 1040, line 2b"
Cells = list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table for a CSV file."""

    header: Sequence[str]
    rows: Iterable[Cells]


def form_8949(rows: Iterable[Row], money: Money) -> Sheet:
    header = (
        *("part", "box", "description", "date_acquired", "date_sold", "proceeds", "basis", "codes"),
        *("adjustment", "gain", "account", "disposal_id", "identification", "gaps", "form_line"),
    )
    return Sheet(header, (_form_8949_row(r, money) for r in rows))


def _form_8949_row(row: Row, money: Money) -> Cells:
    return [
        row.part,
        row.box or "",
        row.description,
        row.acquired,
        row.sold,
        money.plain(row.proceeds),
        money.plain(row.basis),
        row.codes,
        money.plain(row.adjustment) if row.codes else "",
        money.plain(row.gain),
        row.account,
        row.disposal_id,
        row.identification,
        " ".join(row.gaps),
        row.line or "",
    ]


def statement(rows: Sequence[Row], broker: Callable[[str], str], money: Money) -> Sheet:
    """Columns (a) to (h) of all rows, by box and broker, with the sums that Form 8949 has."""
    header = ("part", "box", "description", "date_acquired", "date_sold", "proceeds", "basis")
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.part, row.box or "", broker(row.account)].append(row)
    cells: list[Cells] = []
    for (part, box, name), several in sorted(groups.items()):
        cells += [[*_form_8949_row(r, money)[:10], name] for r in several]
        d, e, g, h = map(money.plain, sums(several))
        cells.append([part, box, f"Total, {name}", "", "", d, e, "", g, h, name])
    return Sheet((*header, "codes", "adjustment", "gain", "broker"), cells)


def schedule_d(schedule: ScheduleD, money: Money) -> Sheet:
    rows = (
        [x.line, x.label, *map(money.plain, (x.proceeds, x.basis, x.adjustment, x.gain))]
        for x in schedule.lines
    )
    return Sheet(("line", "label", "proceeds", "basis", "adjustment", "gain"), rows)


def worksheet(found: Worksheet, money: Money) -> Sheet:
    """The Capital Loss Carryover Worksheet; no rows where nothing is carried over."""
    rows = ([str(n), WORKSHEET[n], money.plain(value)] for n, value in found.items())
    return Sheet(("line", "label", "amount"), rows)


def income(rows: Iterable[Income], money: Money) -> Sheet:
    """Each receipt with its line, but for wages and Schedule C (Instructions for Form 1040)."""
    columns = ("received_on", "kind", "account", "asset", "quantity", "usd", "event_id", "gaps")
    header = (*columns, "goes_to")
    return Sheet(
        header,
        (
            [
                r.received_on.isoformat(),
                r.kind,
                r.account,
                r.asset,
                text(r.quantity),
                money.plain(r.usd),
                r.event_id,
                " ".join(r.gaps),
                DOLLARS if names().is_fiat(r.asset) else DIGITAL,
            ]
            for r in rows
        ),
    )


def fees(found: Iterable[Fee], money: Money) -> Sheet:
    header = ("month", "kind", "date", "account", "asset", "quantity", "usd", "event_id", "of")
    rows = (
        [
            f"{f.on:%Y-%m}",
            f.kind,
            f.on.isoformat(),
            f.account,
            f.asset,
            text(f.quantity),
            money.plain(f.usd),
            f.event_id,
            f.event_kind,
        ]
        for f in sorted(found, key=lambda f: (f.on, f.kind, f.event_id))
    )
    return Sheet(header, rows)


def fees_by_month(found: Iterable[Fee], money: Money) -> Sheet:
    """Dollars by month and kind, and how many have no price."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for fee in found:
        key = f"{fee.on:%Y-%m}", fee.kind
        sums[key] += fee.usd or ZERO
        counts[key][fee.usd is None] += 1
    rows = (
        [*key, str(sum(counts[key])), money.plain(sums[key]), str(counts[key][1])]
        for key in sorted(counts)
    )
    return Sheet(("month", "kind", "fees", "usd", "without_a_price"), rows)


def question(found: Iterable[Behind]) -> Sheet:
    rows = ([b.on.isoformat(), b.kind, b.why, b.event_id] for b in found)
    return Sheet(("date", "kind", "why", "event_id"), rows)


def turbotax(rows: Iterable[Row]) -> Sheet:
    """The gain and loss CSV that several programs write for TurboTax. It has no box and no code, so
    that the basis takes up what column (g) corrects: the gain is that of the row."""
    header = ("Currency Name", "Purchase Date", "Cost Basis", "Date Sold", "Proceeds")
    money = Money()
    return Sheet(
        header,
        (
            [
                r.asset,
                r.acquired,
                money.plain((r.proceeds or ZERO) - r.gain),
                r.sold,
                money.plain(r.proceeds),
            ]
            for r in rows
            if r.gain is not None
        ),
    )


# TXF v042 is of 2011: it knows no digital assets. Short and long, reported and not, no form
_TXF = {"A": 321, "G": 321, "B": 711, "H": 711, "C": 712, "I": 712}
_TXF |= {"D": 323, "J": 323, "E": 713, "K": 713, "F": 714, "L": 714}


def txf(rows: Iterable[Row], year: int) -> Iterator[str]:
    """Lines of a TXF file; rows without a box or a gain are in none. It has no column (g) but for
    wash sales: the basis takes up what else is corrected, so that the gain is that of the row."""
    yield from ("V042", "ASyncer", f"D 12/31/{year}", "^")
    money = Money()
    for row in rows:
        if row.gain is None or row.box is None:
            continue
        yield from ("TD", f"N{_TXF[row.box]}", "C1", "L1", f"P{row.description}")
        yield from (f"D{row.acquired}", f"D{row.sold}")
        proceeds = row.proceeds or ZERO
        basis = proceeds - row.gain + row.washed
        yield from (f"${money.plain(basis)}", f"${money.plain(proceeds)}")
        if row.washed:
            yield f"${money.plain(row.washed)}"
        yield "^"
