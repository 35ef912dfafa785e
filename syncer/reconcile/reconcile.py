"""All forms of a year against all disposals of that year."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from config.exact import text
from config.tax_law import TaxYear
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.aggregates import aggregated
from syncer.reconcile.candidates import NO_WORD, Field, asset_of
from syncer.reconcile.columns import columns
from syncer.reconcile.match import by_hand, groups
from syncer.reconcile.model import (
    REPORTED,
    Facts,
    Gap,
    LineResult,
    Place,
    Reconciliation,
    Word,
)
from syncer.reconcile.pieces import pieces
from syncer.reconcile.reasons import compare
from syncer.reconcile.without_line import without_line
from syncer.reconcile.without_sale import without_sale
from syncer.reconcile.wording import REASONS
from syncer.tax.form_8949 import Reported, unreported
from syncer.tax.year import TAXABLE

_SILENT = frozenset({"rounding"})  # said with the line, and nothing to do


def reconcile(
    lines: Sequence[FormLine],
    disposals: Sequence[Disposal],
    at_new_year: Sequence[Disposal],
    places: Mapping[str, Place],
    law: TaxYear,
    zone: ZoneInfo,
    facts: Facts | None = None,
    words: Mapping[str, Word] | None = None,
    of_other_years: Sequence[FormLine] = (),
) -> Reconciliation:
    """`disposals` are those of the year, `at_new_year` those of the days beside it, as
    `of_other_years` are lines of forms of the years beside; `places` maps accounts to brokers,
    `words` are a person's by line."""
    facts, words = facts or Facts(), words or {}
    taxable = [d for d in disposals if d.kind in TAXABLE]
    beside = [d for d in at_new_year if d.kind in TAXABLE]
    waiting = [d for d in (*taxable, *beside) if d.kind != "fee_withheld"]
    field = Field([*lines, *of_other_years], waiting, places, facts, zone, words)
    results = _compared(field, words)
    in_order = tuple(results[line.key] for line in lines)
    elsewhere = [results[line.key] for line in of_other_years]
    not_ours = {d.disposal_id for d in beside}
    others = _on_other_forms(elsewhere, not_ours, law)
    how = {**others, **_reported(in_order, not_ours, law)}
    left = without_line(
        [d for d in taxable if d.disposal_id not in how], taxable, lines, places, facts, law
    )
    told = [*in_order, *(r for r in elsewhere if _is_about(r, how))]
    gaps = [g for result in told for g in _gaps(result)]
    statuses = {**dict.fromkeys(how, REPORTED), **left.statuses}
    return Reconciliation(
        in_order, statuses, {**how, **left.reported}, (*gaps, *left.gaps), len(others)
    )


def _compared(field: Field, words: Mapping[str, Word]) -> dict[str, LineResult]:
    """The result of every line, by its key."""
    found = [*by_hand(field, words), *aggregated(field), *groups(field)]
    results: dict[str, LineResult] = {}
    for group in found:
        shares = pieces(group, field.zone)
        for line in group.lines:
            word = words.get(line.key, NO_WORD)
            one = compare(group, line, shares[line.key], field.facts, field.zone, word)
            results[line.key] = one
    return results | {r.line.key: r for r in without_sale(field)}


def _on_other_forms(
    results: Sequence[LineResult], not_ours: Container[str], law: TaxYear
) -> dict[str, tuple[Reported, ...]]:
    """Sales of this year that the form of a year beside has: no form of this year names them."""
    slices = (p.slice for r in results for p in r.pieces)
    ours = (s for s in slices if s.disposal_id not in not_ours)
    return {s.disposal_id: (unreported(s, law),) for s in ours}


def _is_about(result: LineResult, ids: Container[str]) -> bool:
    return any(p.slice.disposal_id in ids for p in result.pieces)


def _reported(
    results: Sequence[LineResult], not_ours: Container[str], law: TaxYear
) -> dict[str, tuple[Reported, ...]]:
    """The columns of slices of this year that are on a line."""
    how: dict[str, list[Reported]] = {}
    for result in results:
        if result.pieces:
            for key, one in columns(result, law):
                if key not in not_ours:
                    how.setdefault(key, []).append(one)
    return {k: tuple(v) for k, v in how.items()}


def _gaps(result: LineResult) -> Iterator[Gap]:
    line = result.line
    asset = asset_of(line)
    when = f" sold {line.sold}" if line.sold else f" in {line.year}"
    about = f"line {line.line}: {text(line.units)} {asset}{when}"
    for reason in result.reasons:
        if reason.kind in _SILENT:
            continue
        severity, detail, suggestion = REASONS[reason.kind]
        if reason.kind == "time_zone" and "crosses" in reason.evidence:
            severity = "wrong" if "New Year" in reason.evidence else "check"
        shown = f": {reason.evidence}" if reason.evidence else ""
        yield Gap(
            kind=reason.kind,
            severity=severity,
            broker=line.broker,
            account=line.account,
            asset=asset,
            detail=f"{about}; {detail}{shown}",
            suggestion=suggestion,
            usd=reason.usd,
            line=line.key,
        )
