"""All forms of a year against all disposals of that year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.assets import names
from config.exact import ZERO, text
from config.tax_law import TaxYear
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.match import asset_of, local_date, pairs
from syncer.reconcile.model import (
    AWAITED,
    NOT_OURS,
    NOT_THEIRS,
    REPORTED,
    RIGHTLY,
    Gap,
    LineResult,
    Place,
    Reconciliation,
    Sale,
)
from syncer.reconcile.reasons import compare, reported
from syncer.tax.form_8949 import Reported, unreported
from syncer.tax.year import TAXABLE

FIRST_FORM_YEAR = 2025
DE_MINIMIS = Decimal(10_000)  # Reg. 1.6045-1(d)(10)(i): designated sales of qualifying stablecoins


def reconcile(
    lines: Sequence[FormLine],
    disposals: Sequence[Disposal],
    at_new_year: Sequence[Disposal],
    places: Mapping[str, Place],
    law: TaxYear,
    zone: ZoneInfo,
) -> Reconciliation:
    """`disposals` are those of the year, `at_new_year` those of the days beside it; `places` maps
    accounts to brokers."""
    taxable = [d for d in disposals if d.kind in TAXABLE]
    beside = [d for d in at_new_year if d.kind in TAXABLE]
    results: dict[str, LineResult] = {}
    how: dict[str, Reported] = {}
    statuses: dict[str, str] = {}

    def is_of(one: Disposal, line: FormLine) -> bool:
        return _is_of(places.get(one.account), (line.broker, line.account))

    for line, sale in pairs(lines, [*taxable, *beside], is_of, zone):
        results[line.key] = compare(line, sale, zone)
        if not {s.disposal_id for s in sale.slices} & {d.disposal_id for d in beside}:
            how |= reported(results[line.key], law)
            statuses |= {s.disposal_id: REPORTED for s in sale.slices}
    for line in lines:
        results.setdefault(line.key, LineResult(line, NOT_OURS, reasons=(NOT_OURS,)))
    gaps = [g for line in lines for g in _line_gaps(results[line.key], zone)]
    for sale in _unmatched(taxable, statuses):
        status, boxes, gap = _without_line(sale, places, lines, taxable, law)
        statuses |= {d.disposal_id: status for d in sale.slices}
        how |= boxes
        gaps += [gap] if gap else []
    return Reconciliation(tuple(results[line.key] for line in lines), statuses, how, tuple(gaps))


def _unmatched(disposals: Iterable[Disposal], matched: Container[str]) -> list[Sale]:
    """What no line names, slice by slice joined to sales again."""
    groups: dict[tuple[str, str, str], list[Disposal]] = defaultdict(list)
    for one in disposals:
        if one.disposal_id not in matched:
            groups[one.event_id, one.asset, one.kind].append(one)
    return [Sale(tuple(slices)) for slices in groups.values()]


def _is_of(place: Place | None, form: tuple[str, str]) -> bool:
    if place is None or place.broker is None or place.broker.casefold() != form[0].casefold():
        return False
    return place.broker_account in (None, form[1])


def _line_gaps(result: LineResult, zone: ZoneInfo) -> Iterator[Gap]:
    line = result.line
    asset = asset_of(line) or line.name
    about = f"line {line.line}: {text(line.units)} {asset} sold {line.sold}"

    def gap(kind: str, severity: str, detail: str, suggestion: str, usd: Decimal | None) -> Gap:
        return Gap(
            kind, severity, line.broker, line.account, asset, f"{about}; {detail}", suggestion, usd
        )

    if result.status == NOT_OURS:
        yield gap(
            NOT_OURS,
            "wrong",
            f"the form has proceeds of {line.proceeds}, the ledger has no such sale",
            "look for an account or file that is not imported, else ask for a corrected form",
            line.proceeds,
        )
        return
    for reason in result.reasons:
        severity, detail, suggestion, key = _EXPLAINED[reason]
        if reason == "time_zone" and _crosses_new_year(result, zone):
            severity = "wrong"
            detail += ", and the day crosses New Year: ours is in the other tax year"
        if reason == "box_not_applied":
            reason, detail = "unexplained", f"{detail}: {', '.join(line.not_applied)}"
        usd = result.differences.get(key) if key else None
        yield gap(reason, severity, detail, suggestion, usd if isinstance(usd, Decimal) else None)


def _crosses_new_year(result: LineResult, zone: ZoneInfo) -> bool:
    if result.sale is None:
        return False
    return local_date(result.sale.slices[0], zone).year != result.line.year


_EXPLAINED = {
    "broker_error": (
        "check",
        "the acquisition date on the form differs although the basis agrees",
        "compare with the broker's statement; column (b) is from the ledger",
        "",
    ),
    "box_not_applied": (
        "wrong",
        "the form fills in boxes that are not applied yet",
        "work these boxes out by hand; the year is marked incomplete",
        "",
    ),
    "fee_treatment": (
        "info",
        "the form's proceeds leave the selling fee in",
        "column (d) is as on the form, the fee is in (g) with code E",
        "proceeds_usd",
    ),
    "unexplained": (
        "wrong",
        "the proceeds differ and no known reason fits",
        "compare the broker's confirmation of this sale with the ledger",
        "proceeds_usd",
    ),
    "time_zone": (
        "info",
        "the date differs by a day: the broker uses another time zone",
        "nothing to do unless the day crosses New Year or the one-year line",
        "",
    ),
    "basis_unknown_to_broker": (
        "info",
        "the broker states no basis",
        "column (e) is from the ledger, box H or K",
        "",
    ),
    "informational_basis": (
        "check",
        "the broker shows a basis that it did not report to the IRS, and it differs",
        "column (e) is from the ledger, code B",
        "basis_usd",
    ),
    "method_difference": (
        "check",
        "the broker reported another basis: it took other lots",
        "column (e) is as reported, the difference is in (g) with code B",
        "basis_usd",
    ),
    "transferred_in_order": (
        "check",
        "the broker counts transferred-in units from their transfer date",
        "the taxpayer's order is by acquisition date; code B corrects the basis",
        "basis_usd",
    ),
    "wrong_term": (
        "check",
        "the term on the form differs",
        "the row is on the part of the right term, code T",
        "",
    ),
}


def _without_line(
    sale: Sale,
    places: Mapping[str, Place],
    lines: Sequence[FormLine],
    all_: Sequence[Disposal],
    law: TaxYear,
) -> tuple[str, dict[str, Reported], Gap | None]:
    """The state of a sale that no line names, its box, and what to tell."""
    first = sale.slices[0]
    place = places.get(first.account)
    own = {d.disposal_id: unreported(d, law) for d in sale.slices}
    if place is None or place.broker is None or law.year < FIRST_FORM_YEAR:
        return RIGHTLY, own, None
    if first.kind == "fee_withheld" or _optional(first, all_):
        return RIGHTLY, own, None
    if not any(_is_of(place, (line.broker, line.account)) for line in lines):
        open_ = {i: replace(how, box=None) for i, how in own.items()}
        return RIGHTLY, open_, _sale_gap(sale, place, AWAITED, law.year)
    kind = "fee_missing" if first.kind == "fee" else NOT_THEIRS
    return NOT_THEIRS, own, _sale_gap(sale, place, kind, law.year)


def _sale_gap(sale: Sale, place: Place, kind: str, year: int) -> Gap:
    first = sale.slices[0]
    name, severity, detail, suggestion = _UNMATCHED[kind]
    about = f"{text(sale.units)} {first.asset} disposed of at {first.account}"
    return Gap(
        kind=name,
        severity=severity,
        broker=place.broker,
        account=place.broker_account,
        asset=first.asset,
        detail=f"{about} in {year}; {detail}",
        suggestion=suggestion,
        usd=sale.proceeds,
        disposal_id=first.disposal_id,
    )


_UNMATCHED = {
    AWAITED: (
        AWAITED,
        "info",
        "no form of this broker for the year is imported",
        "import the form when it comes; until then the box is open",
    ),
    "fee_missing": (
        NOT_THEIRS,
        "info",
        "a fee paid in coin that the form does not list",
        "it is on Form 8949 all the same, box I or L",
    ),
    NOT_THEIRS: (
        NOT_THEIRS,
        "check",
        "the form does not list this sale",
        "it is on Form 8949 all the same, box I or L; ask for a corrected form",
    ),
}


def _optional(one: Disposal, all_: Sequence[Disposal]) -> bool:
    """Stablecoin sales that the optional method lets a broker leave out."""
    asset = names().listed(one.asset)
    if asset is None or not asset.stablecoin:
        return False
    if one.kind == "swap":
        return True
    coins = [
        d for d in all_ if (a := names().listed(d.asset)) and a.stablecoin and d.kind != "swap"
    ]
    same = [d for d in coins if d.pool == one.pool]
    return sum((d.proceeds_usd or ZERO for d in same), ZERO) <= DE_MINIMIS
