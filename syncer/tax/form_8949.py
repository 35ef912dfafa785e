"""Form 8949 rows from disposals and how each was reported.

Source: Form 8949 (2025) with its Instructions; boxes by year come from
`config/tax_years`. For every row (h) = (d) - (e) + (g), which is the gain of our own records but
where a form says more and nothing explains it: there the row follows the form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, text
from config.tax_law import TaxYear
from syncer.lots.model import Disposal
from syncer.tax.year import TAXABLE


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
    washed: Decimal = ZERO  # the part of the adjustment that is code W
    by_hand: bool = False  # the form has boxes that a person must work out
    plain: bool = False  # the form says just what the ledger says


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
    asset: str = ""
    washed: Decimal = ZERO
    by_hand: bool = False
    plain: bool = False

    @property
    def is_nft(self) -> bool:
        """Which may be a collectible (Notice 2023-27): nobody but the person can say."""
        return "/" in self.asset

    @property
    def needs_no_row(self) -> bool:
        """Exception 1 (Instructions for Form 8949): the basis was reported and nothing is to be
        corrected; collectibles have a row all the same."""
        odd = self.codes or self.is_nft or self.by_hand
        return self.box in ("G", "J") and self.plain and not odd


def unreported(disposal: Disposal, law: TaxYear) -> Reported:
    """No form for it: boxes C and F to 2024, I and L for digital assets from 2025. A shortage
    has no term, and so no box."""
    if disposal.term is None:
        return Reported(None, "", disposal.proceeds_usd, disposal.basis_usd)
    box = law.boxes["no_form_long" if disposal.term == "long" else "no_form_short"]
    washed = disposal.washed_usd
    codes = "W" if washed else ""
    proceeds, basis = disposal.proceeds_usd, disposal.basis_usd
    return Reported(box, codes, proceeds, basis, washed, washed=washed)


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
    units = one.quantity if how.units is None else how.units
    part = {"short": "I", "long": "II"}.get(one.term or "", "")
    sale = f", {one.txid}" if one.txid else ""
    return Row(
        part=part,
        box=how.box,
        description=_one_line(f"{text(units)} {one.asset}{sale}"),
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
        asset=one.asset,
        washed=how.washed,
        by_hand=how.by_hand,
        plain=how.plain,
    )


def sums(form: Iterable[Row]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Columns (d), (e), (g) and (h) of some rows, in cents."""
    found = [ZERO] * 4
    for row in form:
        columns = (row.proceeds or ZERO, row.basis or ZERO, row.adjustment, row.gain or ZERO)
        found = [a + b for a, b in zip(found, columns, strict=True)]
    d, e, g, h = found
    return d, e, g, h


def _one_line(text: str) -> str:
    """Without the line breaks that a stranger's token name may have."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _date(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m/%d/%Y}" if at else ""


def _sortable(printed: str) -> str:
    return printed[6:] + printed[:5]
