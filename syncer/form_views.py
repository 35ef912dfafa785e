"""What `reconcile --json` prints: forms at a glance, lines, gaps, expected lines."""

from __future__ import annotations

from decimal import Decimal

from connectors.brokers.form_1099da import FormLine
from syncer.reconcile.model import ANY, Gap, LineResult, Reconciliation
from syncer.reconcile.summary import FormSummary, TermTotal, by_term, summaries, unexplained
from syncer.reconcile.wording import REASONS
from syncer.views import Json, on_form_8949, quantity, usd


def reconciliation(found: Reconciliation, evidence: Reconciliation | None = None) -> Json:
    return {
        "forms": [_form(s) for s in summaries(found)],
        "lines": [_line(x, found) for x in found.lines],
        "disposals": [
            {"event_id": key.split(".", 1)[0], "disposal_id": key, "status": status}
            for key, status in sorted(found.statuses.items())
        ],
        "gaps": [_gap(g) for g in found.gaps],
        "unexplained_usd": usd(unexplained(found.lines)),
        "gain_loss_reports": [_term_total(t) for t in by_term(evidence)] if evidence else [],
    }


def _form(one: FormSummary) -> Json:
    return {
        "broker": one.broker,
        "account": one.account,
        "year": one.year,
        "lines": one.lines,
        "matched": one.matched,
        "matched_with_difference": one.different,
        "missing_in_ledger": one.missing,
        "proceeds_usd": usd(one.theirs),
        "ledger_proceeds_usd": usd(one.ours),
        "unexplained_usd": usd(one.unexplained),
        "unconfirmed_usd": usd(one.unconfirmed),
        "federal_tax_withheld_usd": usd(one.withheld),
        "reasons": [
            {"kind": r.kind, "severity": REASONS[r.kind][0], "lines": r.lines, "usd": usd(r.usd)}
            for r in one.reasons
        ],
    }


def _term_total(one: TermTotal) -> Json:
    return {
        "broker": one.broker,
        "account": None if one.account == ANY else one.account,
        "term": one.term,
        "rows": one.rows,
        "proceeds_usd": usd(one.proceeds),
        "basis_usd": usd(one.basis),
        "gain_usd": usd(one.gain),
        "in_ledger": one.found,
    }


def expected_line(one: FormLine) -> Json:
    """A line of a form that is yet to come."""
    return {
        "broker": one.broker,
        "account": None if one.account == ANY else one.account,
        "line": one.line,
        "asset": one.name,
        "quantity": quantity(one.units),
        "acquired_on": one.acquired.isoformat() if one.acquired else None,
        "disposed_on": one.sold.isoformat() if one.sold else None,
        "proceeds_usd": usd(one.proceeds),
        "basis_usd": usd(one.basis),
        "term": one.term,
        "covered": not one.noncovered if one.noncovered is not None else None,
        "aggregate": one.aggregate,
        "transaction_count": one.transaction_count,
        "transferred_in_quantity": quantity(one.transferred_in_units),
        "transferred_in_on": one.transferred_in_date.isoformat()
        if one.transferred_in_date
        else None,
    }


def _line(one: LineResult, found: Reconciliation) -> Json:
    ids = list(dict.fromkeys(p.slice.disposal_id for p in one.pieces))
    rows = (h for i in ids for h in found.reported.get(i, ()))
    how = on_form_8949([h for h in rows if h.line == one.line.key])
    return {
        "form_line": one.line.key,
        "status": one.status,
        "disposal_ids": ids,
        "box": how["box"],
        "codes": how["codes"],
        "reasons": list(one.kinds),
        "differences": {
            k: usd(v) if isinstance(v, Decimal) else v for k, v in one.differences.items()
        },
    }


def _gap(one: Gap) -> Json:
    return {
        "kind": one.kind,
        "severity": one.severity,
        "broker": one.broker,
        "account": one.account,
        "asset": one.asset,
        "detail": one.detail,
        "suggestion": one.suggestion,
        "usd": usd(one.usd),
        "form_line": one.line,
        "count": one.count,
    }
