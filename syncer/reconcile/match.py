"""Pairs form lines with sales: same account and asset, a day apart at most, same units.

The pair with the smallest differences goes first, over all pairs, so that no line takes a sale
that fits another better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.assets import names
from config.exact import ZERO
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.model import Sale

FIRST_COVERED_YEAR = 2026
Pair = tuple[FormLine, Sale]


def pairs(
    lines: Sequence[FormLine],
    disposals: Iterable[Disposal],
    is_of: Callable[[Disposal, FormLine], bool],
    zone: ZoneInfo,
) -> list[Pair]:
    """One sale, or one part of it, for each line that has one; over all forms of the year."""
    candidates = sorted(
        (
            (_cost(line, sale, zone), line.key, sale.slices[0].disposal_id, line, sale)
            for sale in _sales(disposals)
            for line in lines
            if is_of(sale.slices[0], line) and _could_be(line, sale, zone)
        ),
        key=lambda c: c[:3],
    )
    used_lines: set[str] = set()
    used: set[str] = set()
    found: list[Pair] = []
    for _, key, _, line, sale in candidates:
        ids = {s.disposal_id for s in sale.slices}
        if key not in used_lines and not ids & used:
            used_lines.add(key)
            used |= ids
            found.append((line, sale))
    return found


def _sales(disposals: Iterable[Disposal]) -> Iterator[Sale]:
    """Whole dispositions, the same with fee units in the same coin, and their parts: by term, by
    covered and noncovered (Instructions for Form 1099-DA ask for a form each), by lot."""
    by_event: dict[tuple[str, str], list[Disposal]] = defaultdict(list)
    for one in disposals:
        if one.kind not in ("gift", "lost", "fee_withheld"):
            by_event[one.event_id, one.asset].append(one)
    for slices in by_event.values():
        main = [s for s in slices if s.kind != "fee"]
        options = [slices, main, [s for s in slices if s.kind == "fee"]]
        for term in ("short", "long"):
            of_term = [s for s in main if s.term == term]
            options += [of_term]
            options += [[s for s in of_term if _may_be_covered(s) is c] for c in (True, False)]
        options += [[s for s in main if _may_be_covered(s) is c] for c in (True, False)]
        options += [[s] for s in main]
        seen: set[tuple[str, ...]] = set()
        for option in options:
            key = tuple(s.disposal_id for s in option)
            if option and key not in seen:
                seen.add(key)
                yield Sale(tuple(option))


def _may_be_covered(one: Disposal) -> bool:
    """Acquired from 2026 on (Reg. 1.6045-1(a)(15)(i)(J))."""
    return one.acquired_at is not None and one.acquired_at.year >= FIRST_COVERED_YEAR


def asset_of(line: FormLine) -> str | None:
    return names().of_form([line.name])


def local_date(one: Disposal, zone: ZoneInfo) -> date:
    return one.disposed_at.astimezone(zone).date()


def _could_be(line: FormLine, sale: Sale, zone: ZoneInfo) -> bool:
    first = sale.slices[0]
    return (
        first.asset == (asset_of(line) or line.name)
        and line.sold is not None
        and abs((local_date(first, zone) - line.sold).days) <= 1
        and sale.units == line.units
    )


def _cost(line: FormLine, sale: Sale, zone: ZoneInfo) -> tuple[Decimal, int, int, int]:
    """Difference of proceeds, of days, and whether term and acquisition date disagree."""
    days = abs((local_date(sale.slices[0], zone) - line.sold).days) if line.sold else 0
    other_term = 0 if line.term is None or {s.term for s in sale.slices} == {line.term} else 1
    acquired = {s.acquired_at.astimezone(zone).date() for s in sale.slices if s.acquired_at}
    other_date = 0 if line.acquired is None or acquired == {line.acquired} else 1
    return abs((sale.proceeds or ZERO) - line.proceeds), days, other_term, other_date
