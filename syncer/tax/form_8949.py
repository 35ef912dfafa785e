"""Form 8949 rows and Schedule D lines from disposals and how each was reported.

Sources: Form 8949 and Schedule D (2025) with their Instructions; boxes by year come from
`config/tax_years`. For every row (h) = (d) - (e) + (g), which is the gain of our own records but
where a form says more and nothing explains it: there the row follows the form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, text, whole_dollars
from config.tax_law import TaxYear
from syncer.lots.model import Disposal
from syncer.tax.netting import Carryover, Netting
from syncer.tax.year import TAXABLE

SCHEDULE_D = {
    "A": "1b",
    "G": "1b",
    "B": "2",
    "H": "2",
    "C": "3",
    "I": "3",
    "D": "8b",
    "J": "8b",
    "E": "9",
    "K": "9",
    "F": "10",
    "L": "10",
}


@dataclass(frozen=True, slots=True)
class Reported:
    """How a disposal, or the `units` of it that one form line is about, goes on the form: box and
    codes, columns (d), (e), (g) in cents."""

    box: str | None
    codes: str = ""
    proceeds: Decimal | None = None
    basis: Decimal | None = None
    adjustment: Decimal = ZERO
    units: Decimal | None = None
    line: str | None = None  # of the 1099-DA
    lost: Decimal = ZERO  # loss that the form disallows and the ledger does not (boxes 1i and 5)


@dataclass(frozen=True, slots=True)
class Row:
    """Columns (a) to (h): (h) = (d) - (e) + (g). A row without `gain` is incomplete and enters no
    total; `line` is the form line that it follows."""

    part: str
    box: str | None
    description: str
    acquired: str
    sold: str
    proceeds: Decimal | None
    basis: Decimal | None
    codes: str
    adjustment: Decimal
    gain: Decimal | None
    disposal_id: str
    account: str
    identification: str
    gaps: tuple[str, ...]
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of Schedule D with columns (d), (e), (g), (h), or only a total in (h)."""

    line: str
    label: str
    proceeds: Decimal | None
    basis: Decimal | None
    adjustment: Decimal | None
    gain: Decimal


def unreported(disposal: Disposal, law: TaxYear) -> Reported:
    """No form for it: boxes C and F to 2024, I and L for digital assets from 2025. A shortage
    has no term, and so no box."""
    if disposal.term is None:
        return Reported(None, "", disposal.proceeds_usd, disposal.basis_usd)
    box = law.boxes["no_form_long" if disposal.term == "long" else "no_form_short"]
    washed = disposal.washed_usd
    codes = "W" if washed else ""
    return Reported(box, codes, disposal.proceeds_usd, disposal.basis_usd, washed)


def rows(
    disposals: Iterable[Disposal], reported: Mapping[str, Sequence[Reported]], zone: ZoneInfo
) -> list[Row]:
    """One row per slice, or per form line that is about a part of it, in order of part, box, date
    sold."""
    taxable = [d for d in disposals if d.kind in TAXABLE]
    made = [_row(d, how, zone) for d in taxable for how in reported[d.disposal_id]]
    order = {"I": 0, "II": 1, "": 2}
    return sorted(
        made,
        key=lambda r: (order[r.part], r.box or "~", _sortable(r.sold), r.disposal_id, r.line or ""),
    )


def _row(one: Disposal, how: Reported, zone: ZoneInfo) -> Row:
    gain = None
    if one.gain_usd is not None and one.term is not None:
        gain = (how.proceeds or ZERO) - (how.basis or ZERO) + how.adjustment
    part = {"short": "I", "long": "II"}.get(one.term or "", "")
    sale = f", {one.txid}" if one.txid else ""
    return Row(
        part=part,
        box=how.box,
        description=f"{text(one.quantity if how.units is None else how.units)} {one.asset}{sale}",
        acquired="INHERITED" if one.inherited else _date(one.acquired_at, zone),
        sold=_date(one.disposed_at, zone),
        proceeds=how.proceeds,
        basis=how.basis,
        codes=how.codes,
        adjustment=how.adjustment,
        gain=gain,
        disposal_id=one.disposal_id,
        account=one.account,
        identification=one.identification,
        gaps=one.gaps,
        line=how.line,
    )


def _date(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m/%d/%Y}" if at else ""


def _sortable(printed: str) -> str:
    return printed[6:] + printed[:5]


def schedule_d(
    form: Iterable[Row],
    netting: Netting,
    brought: Carryover,
    other: tuple[Decimal, Decimal],
    whole: bool = False,
) -> list[Line]:
    """The lines with totals of Form 8949 and the result. With `whole`, each line is rounded from
    its sum in cents (Instructions for Schedule D, Rounding Off)."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    for row in form:
        if row.gain is None or row.box is None:
            continue
        columns = (row.proceeds or ZERO, row.basis or ZERO, row.adjustment, row.gain)
        line = sums[SCHEDULE_D[row.box]]
        sums[SCHEDULE_D[row.box]] = [a + b for a, b in zip(line, columns, strict=True)]
    labels = {
        "1b": "A or G",
        "2": "B or H",
        "3": "C or I",
        "8b": "D or J",
        "9": "E or K",
        "10": "F or L",
    }
    lines = [Line(n, f"Form 8949, box {labels[n]}", *sums[n]) for n in ("1b", "2", "3")]
    lines += [
        _total("other short", "short-term from outside the ledger", other[0]),
        _total("6", "short-term loss carryover", -brought.short),
        _total("7", "net short-term", netting.line_7),
    ]
    lines += [Line(n, f"Form 8949, box {labels[n]}", *sums[n]) for n in ("8b", "9", "10")]
    lines += [
        _total("other long", "long-term from outside the ledger", other[1]),
        _total("14", "long-term loss carryover", -brought.long),
        _total("15", "net long-term", netting.line_15),
        _total("16", "net", netting.line_16),
        _total("21", "deductible loss", -netting.line_21),
    ]
    return [_rounded(line) for line in lines] if whole else lines


def _total(line: str, label: str, gain: Decimal) -> Line:
    return Line(line, label, None, None, None, gain)


def _rounded(line: Line) -> Line:
    columns = (line.proceeds, line.basis, line.adjustment)
    first = [None if c is None else whole_dollars(c) for c in columns]
    return Line(line.line, line.label, first[0], first[1], first[2], whole_dollars(line.gain))
