"""What the form will say: the 1099-DA that a broker would write of the ledger, by its own rule.

Treas. Reg. 1.6045-1(d)(2): a form for what is short, what is long, and what is not covered; (d)(5):
proceeds net of costs; (d)(10): stablecoins by the optional method.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, dealt
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.aggregates import expected_aggregates, is_summed
from syncer.reconcile.broker_books import BY_TRANSFER_DATE
from syncer.reconcile.candidates import FIRST_COVERED_YEAR
from syncer.reconcile.model import BrokerSlice, Facts, Place, total
from syncer.reconcile.without_line import deferred
from syncer.tax.year import TAXABLE

UNREGISTERED = "999999999"  # box 1a of what the DTIF has no code for


def expected_forms(
    disposals: Sequence[Disposal],
    places: Mapping[str, Place],
    facts: Facts,
    year: int,
    zone: ZoneInfo,
) -> list[FormLine]:
    """Lines by broker and day; accounts without a number have `*`."""
    sales: dict[tuple[str, str], list[Disposal]] = defaultdict(list)
    taxable = [d for d in disposals if d.kind in TAXABLE and d.kind != "fee_withheld"]
    for one in taxable:
        place = places.get(one.account)
        if place and place.broker and not deferred(one, facts) and not is_summed(one.asset):
            sales[one.event_id, one.asset].append(one)
    lines: list[FormLine] = []
    for slices in sales.values():
        lines += _lines(slices, places[slices[0].account], facts, year, zone)
    for kind, some in expected_aggregates(taxable, places, facts):
        lines.append(_aggregate(kind, some, places[some[0].account], year))
    lines.sort(key=lambda x: (x.broker, x.account, str(x.sold), x.name, x.units))
    return list(_numbered(lines))


def _numbered(lines: Iterable[FormLine]) -> Iterator[FormLine]:
    counts: dict[str, int] = defaultdict(int)
    for line in lines:
        counts[line.form] += 1
        yield replace(line, line=str(counts[line.form]))


def _lines(
    slices: Sequence[Disposal], place: Place, facts: Facts, year: int, zone: ZoneInfo
) -> Iterator[FormLine]:
    first = slices[0]
    taken = facts.orders.get(BY_TRANSFER_DATE, {}).get((first.event_id, first.asset), ())
    units = sum((s.quantity for s in slices), ZERO)
    parts = list(_parts(taken))
    if sum((s.units for part in parts for s in part), ZERO) != units:
        parts = [()]  # the broker's books lack units too: it knows nothing of the lots
    proceeds = total(s.proceeds_usd for s in slices)
    if proceeds is None:  # without a price nobody can say what the form will: it is a gap already
        return
    weights = [sum((s.units for s in part), ZERO) or units for part in parts]
    for part, share in zip(parts, dealt(proceeds, weights, units), strict=True):
        yield _line(first, part, place, share, year, zone, units)


def _parts(taken: Sequence[BrokerSlice]) -> Iterator[tuple[BrokerSlice, ...]]:
    """What is on one form: covered short, covered long, and all that is not covered."""
    groups: dict[tuple[bool, str], list[BrokerSlice]] = defaultdict(list)
    for one in taken:
        covered = _is_covered(one)
        groups[covered, one.term if covered else ""].append(one)
    yield from (tuple(groups[k]) for k in sorted(groups))


def _is_covered(one: BrokerSlice) -> bool:
    """Acquired at the broker from 2026 on (Reg. 1.6045-1(a)(15)(i)(J))."""
    here = one.transferred_in is None and one.bought
    return here and one.acquired.year >= FIRST_COVERED_YEAR


def _line(
    first: Disposal,
    part: Sequence[BrokerSlice],
    place: Place,
    proceeds: Decimal,
    year: int,
    zone: ZoneInfo,
    units: Decimal,
) -> FormLine:
    days = {s.acquired for s in part if not s.transferred_in}
    came = [s for s in part if s.transferred_in]
    covered = bool(part) and all(_is_covered(s) for s in part)
    basis = total(s.basis for s in part) if part and not came else None
    return FormLine(
        broker=place.broker or "",
        account=place.broker_account or "*",
        year=year,
        line="",
        name=first.asset,
        units=sum((s.units for s in part), ZERO) or units,
        acquired=days.pop() if len(days) == 1 and not came else None,
        sold=first.disposed_at.astimezone(zone).date(),
        proceeds=proceeds,
        basis=basis if year >= FIRST_COVERED_YEAR and covered else None,
        basis_reported=covered,
        term=part[0].term if covered else None,
        noncovered=not covered,
        transferred_in_units=sum((s.units for s in came), ZERO) or None,
        transferred_in_date=_only({s.transferred_in for s in came}),
    )


def _only(days: set[date | None]) -> date | None:
    return next(iter(days)) if len(days) == 1 else None


def _aggregate(kind: str, sales: Sequence[Disposal], place: Place, year: int) -> FormLine:
    return FormLine(
        broker=place.broker or "",
        account=place.broker_account or "*",
        year=year,
        line="",
        name=sales[0].asset if kind == "stablecoin" else "Specified NFTs",
        code=None if kind == "stablecoin" else UNREGISTERED,
        units=sum((s.quantity for s in sales), ZERO),
        proceeds=total(s.proceeds_usd for s in sales) or ZERO,
        aggregate=kind,
        transaction_count=len({s.event_id for s in sales}),
    )
