"""Disposals that no line names: their state, their box, and what to tell of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from config.exact import ZERO, text
from config.tax_law import TaxYear
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.aggregates import Optional
from syncer.reconcile.model import AWAITED, NOT_THEIRS, RIGHTLY, Facts, Gap, Place
from syncer.reconcile.wording import UNREPORTED
from syncer.tax.form_8949 import Reported, unreported

FIRST_FORM_YEAR = 2025
_DEFERRED = ("wrap", "liquidity", "liquid_staking", "lending")  # Notice 2024-57, section 3


@dataclass
class Left:
    """The states and columns of disposals without a line; gaps are summed up where they are one
    thing to know."""

    statuses: dict[str, str] = field(default_factory=dict)
    reported: dict[str, tuple[Reported, ...]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


def without_line(
    disposals: Iterable[Disposal],
    all_: Sequence[Disposal],
    lines: Sequence[FormLine],
    places: Mapping[str, Place],
    facts: Facts,
    law: TaxYear,
) -> Left:
    """`all_` are the year's disposals, matched or not."""
    optional = Optional(all_, places, facts)
    forms = {(line.broker, line.account) for line in lines}
    found = Left()
    told: dict[tuple[str, str, str, str], list[Disposal]] = defaultdict(list)
    for one in disposals:
        place = places.get(one.account, Place(None, None))
        kind, why = _kind(one, place, forms, optional, facts, law.year)
        found.statuses[one.disposal_id] = _STATES.get(kind, RIGHTLY)
        how = unreported(one, law)
        found.reported[one.disposal_id] = (replace(how, box=None) if kind == AWAITED else how,)
        if kind in UNREPORTED:
            event = one.event_id if kind == NOT_THEIRS else ""
            told[kind, one.account, one.asset, event or why].append(one)
    found.gaps = [
        _gap(kind, slices, places.get(slices[0].account, Place(None, None)), why, law.year)
        for (kind, _, _, why), slices in told.items()
    ]
    return found


_STATES = {NOT_THEIRS: NOT_THEIRS, "fee_missing": NOT_THEIRS, AWAITED: AWAITED}


def _kind(
    one: Disposal,
    place: Place,
    forms: Iterable[tuple[str, str]],
    optional: Optional,
    facts: Facts,
    year: int,
) -> tuple[str, str]:
    """Why no line names it, and the evidence."""
    if place.broker is None:
        return "not_a_broker_sale", ""
    if year < FIRST_FORM_YEAR:
        return "before_the_form", ""
    if one.kind == "fee_withheld":
        return "withheld", ""  # Reg. 1.6045-1(c)(3)(ii)(C)
    rests_on = deferred(one, facts)
    why = optional.why(one)
    if not any(place.is_on(*form) for form in forms):
        shown = f"it rests on {rests_on}" if rests_on else (why[1] if why else "")
        return AWAITED, shown
    if rests_on:
        return "deferred_n2024_57", f"it rests on {rests_on}"
    if why is not None:
        return why
    return ("fee_missing" if one.kind == "fee" else NOT_THEIRS), ""


def deferred(one: Disposal, facts: Facts) -> str:
    """The setting by which a kind is a disposition that brokers need not report; empty if none."""
    return next((s for s in facts.rests_on.get(one.event_id, ()) if _setting(s) in _DEFERRED), "")


def _setting(rests_on: str) -> str:
    return rests_on.removeprefix("[treatment] ").partition(" = ")[0]


def _gap(kind: str, slices: Sequence[Disposal], place: Place, why: str, year: int) -> Gap:
    name, severity, detail, suggestion = UNREPORTED[kind]
    first = slices[0]
    units = sum((s.quantity for s in slices), ZERO)
    about = f"{text(units)} {first.asset} disposed of at {first.account} in {year}"
    events = {s.event_id for s in slices}
    if len(events) > 1:
        about += f" ({len(events)} times)"
    evidence = f"; {why}" if why and kind != NOT_THEIRS else ""
    return Gap(
        kind=name,
        severity=severity,
        broker=place.broker,
        account=place.broker_account,
        asset=first.asset,
        detail=f"{about}; {detail}{evidence}",
        suggestion=suggestion,
        usd=_proceeds(slices),
        count=len(events),
    )


def _proceeds(slices: Iterable[Disposal]) -> Decimal | None:
    known = [s.proceeds_usd for s in slices]
    return None if None in known else sum((p for p in known if p is not None), ZERO)
