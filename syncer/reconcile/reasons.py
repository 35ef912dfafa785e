"""Compares a line with its sale, names each difference, and says how it goes on Form 8949."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config.exact import ZERO, dealt
from config.tax_law import TaxYear
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.match import local_date
from syncer.reconcile.model import DIFFERENT, MATCHED, LineResult, Sale
from syncer.tax.form_8949 import Reported


def compare(line: FormLine, sale: Sale, zone: ZoneInfo) -> LineResult:
    """The line's state with reasons; what the broker left out is a reason, not a difference."""
    differences = dict(_differences(line, sale, zone))
    reasons = tuple(dict.fromkeys(_reasons(line, sale, differences)))
    return LineResult(line, DIFFERENT if differences else MATCHED, sale, reasons, differences)


def _differences(line: FormLine, sale: Sale, zone: ZoneInfo) -> Iterator[tuple[str, Any]]:
    sold = local_date(sale.slices[0], zone)
    if sale.proceeds is None:
        yield "proceeds_usd", None
    elif sale.proceeds != line.proceeds:
        yield "proceeds_usd", sale.proceeds - line.proceeds
    if line.basis is not None and sale.basis is not None and sale.basis != line.basis:
        yield "basis_usd", sale.basis - line.basis
    if line.sold is not None and sold != line.sold:
        yield "disposed_on", [sold.isoformat(), line.sold.isoformat()]
    acquired = {s.acquired_at.astimezone(zone).date() for s in sale.slices if s.acquired_at}
    if line.acquired is not None and acquired != {line.acquired}:
        ours = acquired.pop().isoformat() if len(acquired) == 1 else "various"
        yield "acquired_on", [ours, line.acquired.isoformat()]
    terms = {s.term for s in sale.slices}
    if line.term is not None and terms != {line.term}:
        ours_term = terms.pop() if len(terms) == 1 else "both"
        yield "term", [ours_term, line.term]


def _reasons(line: FormLine, sale: Sale, differences: dict[str, Any]) -> Iterator[str]:
    if "proceeds_usd" in differences:
        less = differences["proceeds_usd"]
        yield "fee_treatment" if less is not None and -less == sale.fees else "unexplained"
    if "disposed_on" in differences or _a_day_apart(differences.get("acquired_on")):
        yield "time_zone"
    if line.basis is None:
        yield "basis_unknown_to_broker"
    elif "basis_usd" in differences:
        yield _basis_reason(line)
    elif "acquired_on" in differences and not _a_day_apart(differences["acquired_on"]):
        yield "transferred_in_order" if line.transferred_in_units else "broker_error"
    if "term" in differences:
        yield "wrong_term"
    if line.not_applied:
        yield "box_not_applied"


def _a_day_apart(dates: list[str] | None) -> bool:
    if dates is None or "various" in dates:
        return False
    ours, theirs = map(date.fromisoformat, dates)
    return abs((ours - theirs).days) == 1


def _basis_reason(line: FormLine) -> str:
    if line.transferred_in_units:
        return "transferred_in_order"  # Reg. 1.6045-1(d)(2)(ii)(B) against 1.1012-1(j)(3)(i)
    return "method_difference" if line.basis_reported else "informational_basis"


def reported(result: LineResult, law: TaxYear) -> dict[str, Reported]:
    """Columns (d), (e), (f), (g) of each slice, so that (h) is the gain of our own records.

    Instructions for Form 8949: (d) is the form's amount; fees that it left in go to (g) with E;
    a wrong reported basis stays in (e) and is corrected in (g) with B; a wrong term is T.
    """
    line, sale = result.line, result.sale
    assert sale is not None
    weights = [s.quantity for s in sale.slices]
    known_to_irs = bool(line.basis_reported) and line.basis is not None
    bases: list[Decimal | None] = [s.basis_usd for s in sale.slices]
    if known_to_irs and line.basis is not None and sale.basis != line.basis:
        bases = list(dealt(line.basis, weights, sale.units))
    proceeds = _form_proceeds(result, weights)
    return {
        one.disposal_id: _one(one, result, known_to_irs, d, e, law)
        for one, d, e in zip(sale.slices, proceeds, bases, strict=True)
    }


def _form_proceeds(result: LineResult, weights: list[Decimal]) -> list[Decimal | None]:
    line, sale = result.line, result.sale
    assert sale is not None
    if "proceeds_usd" not in result.differences:
        return [s.proceeds_usd for s in sale.slices]
    if "fee_treatment" in result.reasons:
        return [(s.proceeds_usd or ZERO) + s.fees_usd for s in sale.slices]
    # more was received than the form says: that amount goes in
    if sale.proceeds is None or sale.proceeds > line.proceeds:
        return [s.proceeds_usd for s in sale.slices]
    return list(dealt(line.proceeds, weights, sale.units))


def _one(
    one: Disposal,
    result: LineResult,
    known_to_irs: bool,
    proceeds: Decimal | None,
    basis: Decimal | None,
    law: TaxYear,
) -> Reported:
    if one.term is None:  # a shortage: which part it belongs on is not known
        return Reported(None, "", proceeds, basis)
    name = ("reported_" if known_to_irs else "unreported_") + one.term
    codes = {"W"} if one.washed_usd else set()
    adjustment = one.washed_usd
    if one.proceeds_usd is not None and proceeds is not None and proceeds != one.proceeds_usd:
        codes.add("E" if "fee_treatment" in result.reasons else "O")
        adjustment += one.proceeds_usd - proceeds
    if known_to_irs and basis is not None and one.basis_usd is not None:
        if basis != one.basis_usd:
            codes.add("B")
            adjustment += basis - one.basis_usd
    elif "basis_usd" in result.differences:
        codes.add("B")
    if result.line.term is not None and one.term != result.line.term:
        codes.add("T")
    return Reported(law.boxes[name], "".join(sorted(codes)), proceeds, basis, adjustment)
