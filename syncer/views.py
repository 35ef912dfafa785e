"""The rows that `--json` prints: decimals as text, dollars in cents, UTC instants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config import exact
from syncer.books import Books
from syncer.compare import SaleUnder, YearUnder
from syncer.events import Event, Leg
from syncer.explain import LONGEST, Explained
from syncer.ledger.decisions import Decision
from syncer.ledger.reasons import reason
from syncer.ledger.review import Item
from syncer.lots.holding_period import long_term_on, term
from syncer.lots.model import Disposal, Lot
from syncer.reconcile.model import Reconciliation
from syncer.tax.form_8949 import Reported
from syncer.tax.year import TAXABLE, Income

RestsOn = Mapping[str, Sequence[str]]  # settings by event
Json = dict[str, Any]


def usd(value: Decimal | None) -> str | None:
    """Dollars in cents, as text."""
    return None if value is None else format(exact.cents(value), "f")


def quantity(value: Decimal | None) -> str | None:
    return None if value is None else exact.text(value)


def instant(at: datetime | None) -> str | None:
    """ISO 8601 UTC; microseconds only where there are some."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).date().isoformat()


def lot(one: Lot, now: datetime, zone: ZoneInfo, rests_on: RestsOn | None = None) -> Json:
    return {
        "lot_id": one.lot_id,
        "account": one.account,
        "pool": one.pool,
        "asset": one.asset,
        "quantity": quantity(one.quantity),
        "basis_usd": usd(one.basis_usd),
        **_lot_dates(one, now, zone),
        "state": one.state,
        "source_event": one.source_event,
        "road": list(one.road),
        "rests_on": _settings((one.source_event, *one.road), rests_on),
    }


def _settings(events: Iterable[str], rests_on: RestsOn | None) -> list[str]:
    """What the events of a row rest on where the law is open."""
    return sorted({setting for e in events for setting in (rests_on or {}).get(e, ())})


def _lot_dates(one: Lot, now: datetime, zone: ZoneInfo) -> Json:
    """Not known where an allocation is missing; a wash sale's replacement is held from before."""
    if one.unallocated:
        return dict.fromkeys(("acquired_at", "acquired_on", "long_term_on", "term_today"))
    held_from = one.held_from or one.acquired_at
    return {
        "acquired_at": instant(one.acquired_at),
        "acquired_on": day(one.acquired_at, zone),
        "long_term_on": long_term_on(held_from.astimezone(zone).date()).isoformat(),
        "term_today": "long" if one.inherited else term(held_from, now, zone),
    }


def disposal(
    one: Disposal, found: Reconciliation, zone: ZoneInfo, rests_on: RestsOn | None = None
) -> Json:
    how = found.reported.get(one.disposal_id, ())
    return {
        "disposal_id": one.disposal_id,
        "event_id": one.event_id,
        "account": one.account,
        "asset": one.asset,
        "quantity": quantity(one.quantity),
        "acquired_on": day(one.acquired_at, zone),
        "disposed_on": day(one.disposed_at, zone),
        "proceeds_usd": usd(one.proceeds_usd),
        "basis_usd": usd(one.basis_usd),
        "gain_usd": usd(one.gain_usd),
        "term": one.term,
        **on_form_8949(how),
        "lot_id": one.lot_id,
        "txid": one.txid,
        "kind": one.kind,
        "identification": one.identification,
        "road": list(one.road),
        "rests_on": _settings((one.event_id,), rests_on),
        "gaps": list(one.gaps),
    }


def on_form_8949(how: Sequence[Reported]) -> Json:
    """Boxes and codes of all rows that it has: several where a form splits it otherwise."""
    return {
        "box": "".join(sorted({h.box or "" for h in how})) or None,
        "codes": "".join(sorted({c for h in how for c in h.codes})),
        "adjustment_usd": usd(sum((h.adjustment for h in how), exact.ZERO)),
    }


def income(one: Income) -> Json:
    return {
        "event_id": one.event_id,
        "account": one.account,
        "asset": one.asset,
        "quantity": quantity(one.quantity),
        "received_on": one.received_on.isoformat(),
        "usd": usd(one.usd),
        "kind": one.kind,
        "gaps": list(one.gaps),
    }


def event(one: Event) -> Json:
    return {
        "event_id": one.event_id,
        "kind": one.kind,
        "at": instant(one.at),
        "account": one.legs[0].account if one.legs else None,
        "legs": [_leg(g) for g in one.legs],
        "rule": one.rule,
        "evidence": one.evidence,
        "confidence": one.confidence,
        "txid": one.txid,
        "arrived_at": instant(one.arrived_at),
        "rests_on": list(one.rests_on),
        "gaps": list(one.gaps),
    }


def explained(one: Explained) -> Json:
    """An event, why it is that, what else it could be, and what its sources said."""
    return {
        **event(one.event),
        "reason": reason(one.event.rule),
        "alternatives": [
            {
                "rule": a.rule,
                "kind": a.kind,
                "confidence": a.confidence,
                "reason": reason(a.rule),
            }
            for a in one.alternatives
        ],
        "raw": [
            {"source": r.source, "stream": r.stream, "id": r.native_id, "body": _short(r.body)}
            for r in one.raw
        ],
    }


def _short(body: str) -> str:
    return body if len(body) <= LONGEST else f"{body[:LONGEST]}…"


def _leg(one: Leg) -> Json:
    return {
        "account": one.account,
        "asset": one.asset,
        "quantity": quantity(one.quantity),
        "role": one.role,
        "usd": usd(one.usd),
        "usd_source": one.usd_source,
    }


def decision(one: Decision) -> dict[str, Any]:
    """A person's word; a basis as exact as it was told."""
    return {
        "subject": one.subject,
        "answer": one.answer,
        "other": one.other,
        "basis_usd": None if one.basis_usd is None else exact.text(one.basis_usd),
        "note": one.note,
        "at": instant(one.at),
        "who": one.who,
    }


def item(one: Item) -> Json:
    return {
        "id": one.id,
        "kind": one.kind,
        "event_ids": list(one.event_ids),
        "account": one.account,
        "asset": one.asset,
        "quantity": quantity(one.quantity),
        "usd": usd(one.usd),
        "at": instant(one.at),
        "answers": list(one.answers),
        "detail": one.detail,
    }


def tax(books: Books, year: int) -> Json:
    result = books.tax(year)
    reasons = books.incomplete(year)
    missing = [d.proceeds_usd or exact.ZERO for d in books.incomplete_disposals(year)]
    return {
        "year": year,
        "short_term_usd": usd(result.short_term),
        "long_term_usd": usd(result.long_term),
        "net_usd": usd(result.netting.line_16),
        "deductible_usd": usd(result.netting.line_21),
        "carryover_short_usd": usd(result.carried.short),
        "carryover_long_usd": usd(result.carried.long),
        "brought_short_usd": usd(result.brought.short),
        "brought_long_usd": usd(result.brought.long),
        "ordinary_income_usd": usd(result.income),
        "federal_tax_usd": usd(result.federal),
        "state_tax_usd": usd(result.state),
        "incomplete": bool(reasons),
        "incomplete_proceeds_usd": usd(sum(missing, exact.ZERO)),
        "incomplete_reasons": reasons,
        "undecided_usd": usd(books.undecided_usd),
        "identifications": _identifications(books, year),
        "filing_status": books.taxpayer(year).filing_status,
        "time_zone": books.settings.taxpayer.time_zone,
    }


def _identifications(books: Books, year: int) -> Json:
    """How many of the year's rows rest on each kind of identification."""
    found = Counter(d.identification for d in books.disposals_in(year) if d.kind in TAXABLE)
    return {kind: found[kind] for kind in ("none", "proved", "attested")}


def comparison(years: Iterable[YearUnder], sales: Iterable[SaleUnder]) -> Json:
    return {
        "year": [
            {
                "method": one.method,
                "short_term_usd": usd(one.tax.short_term),
                "long_term_usd": usd(one.tax.long_term),
                "net_usd": usd(one.tax.netting.line_16),
                "deductible_usd": usd(one.tax.netting.line_21),
                "carryover_short_usd": usd(one.tax.carried.short),
                "carryover_long_usd": usd(one.tax.carried.long),
                "federal_tax_usd": usd(one.tax.federal),
                "state_tax_usd": usd(one.tax.state),
                "allowed": one.allowed,
                "why": one.why,
            }
            for one in years
        ],
        "today": [
            {
                "account": one.account,
                "asset": one.asset,
                "method": one.method,
                "quantity": quantity(one.quantity),
                "price": quantity(one.price),
                "gain_short_usd": usd(one.gains["short"] if one.gains else None),
                "gain_long_usd": usd(one.gains["long"] if one.gains else None),
                "tax_usd": usd(one.tax),
                "allowed": one.allowed,
                "why": one.why,
            }
            for one in sales
        ],
    }


def balances(computed: Mapping[tuple[str, str], Decimal], books: Books, at_end: bool) -> list[Json]:
    """What the ledger says against what was reported; reported is null for a past date."""
    reported: dict[tuple[str, str], Decimal] = {}
    since: dict[tuple[str, str], datetime | None] = {}
    for row in books.balances if at_end else ():
        key = (row.account, row.asset)
        reported[key] = reported.get(key, exact.ZERO) + row.reported
        since[key] = row.differs_since or since.get(key)
    found = []
    for account, asset in sorted(computed.keys() | reported.keys()):
        ours = computed.get((account, asset), exact.ZERO)
        theirs = reported.get((account, asset))
        if not ours and not theirs:
            continue
        found.append(
            {
                "account": account,
                "asset": asset,
                "quantity": quantity(ours),
                "reported": quantity(theirs),
                "difference": None if theirs is None else quantity(ours - theirs),
                "since": instant(since.get((account, asset))),
            }
        )
    return found


def gaps_of(rows: Iterable[Json]) -> bool:
    """Whether any row has a gap, for `--strict`."""
    return any(row.get("gaps") for row in rows)
