"""A form at a glance: ours against theirs, and what each reason comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.exact import ZERO
from connectors.brokers.form_1099da import FormLine
from syncer.lots.holding_period import long_term_on
from syncer.reconcile.model import (
    DIFFERENT,
    MATCHED,
    NOT_OURS,
    LineResult,
    Reason,
    Reconciliation,
    total,
)
from syncer.reconcile.reasons import BASIS
from syncer.reconcile.wording import REASONS


@dataclass(frozen=True, slots=True)
class ByReason:
    """How many lines a reason is of, and the dollars that it explains."""

    kind: str
    lines: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class FormSummary:
    """One broker's form of one account and year; dollars in cents, `ours` of matched lines."""

    broker: str
    account: str
    year: int
    lines: int
    matched: int
    different: int
    missing: int
    theirs: Decimal
    ours: Decimal
    unexplained: Decimal
    unconfirmed: Decimal
    withheld: Decimal  # box 4, for Form 1040 line 25b
    reasons: tuple[ByReason, ...]


@dataclass(frozen=True, slots=True)
class TermTotal:
    """What a gain and loss report adds up to by term; without a basis there is no term and no
    gain."""

    broker: str
    account: str
    term: str | None
    rows: int
    proceeds: Decimal
    basis: Decimal | None
    gain: Decimal | None
    found: int  # rows that are disposals of the ledger


def summaries(found: Reconciliation) -> list[FormSummary]:
    """By form, in order."""
    forms: dict[tuple[str, str, int], list[LineResult]] = {}
    for result in found.lines:
        line = result.line
        forms.setdefault((line.broker, line.account, line.year), []).append(result)
    return [_summary(*form, results) for form, results in forms.items()]


def _summary(broker: str, account: str, year: int, results: Sequence[LineResult]) -> FormSummary:
    def with_status(status: str) -> int:
        return sum(1 for r in results if r.status == status)

    return FormSummary(
        broker=broker,
        account=account,
        year=year,
        lines=len(results),
        matched=with_status(MATCHED),
        different=with_status(DIFFERENT),
        missing=with_status(NOT_OURS),
        theirs=sum((r.line.amount for r in results), ZERO),
        ours=sum((p.proceeds or ZERO for r in results for p in r.pieces), ZERO),
        unexplained=unexplained(results),
        unconfirmed=unconfirmed(results),
        withheld=sum((r.line.federal_tax_withheld or ZERO for r in results), ZERO),
        reasons=tuple(_by_reason(results)),
    )


def unexplained(results: Iterable[LineResult]) -> Decimal:
    """Dollars of proceeds and basis that no reason explains, without regard to sign."""
    return _dollars(r for x in results for r in x.reasons if r.kind == "unexplained")


def unconfirmed(results: Iterable[LineResult]) -> Decimal:
    """Dollars that look like the broker's error, which no person has confirmed."""
    found = (
        r
        for x in results
        for r in x.reasons
        if r.kind == "broker_error" and not r.told and (r.of != BASIS or x.line.known_to_irs)
    )
    return _dollars(found)


def _dollars(found: Iterable[Reason]) -> Decimal:
    return sum((abs(r.usd) for r in found if r.usd is not None), ZERO)


def _by_reason(results: Iterable[LineResult]) -> Iterable[ByReason]:
    counts: dict[str, int] = {}
    sums: dict[str, Decimal] = {}
    for result in results:
        for kind in result.kinds:
            counts[kind] = counts.get(kind, 0) + 1
        for reason in result.reasons:
            sums[reason.kind] = sums.get(reason.kind, ZERO) + (reason.usd or ZERO)
    return [ByReason(k, counts[k], sums[k]) for k in REASONS if k in counts]


def by_term(found: Reconciliation) -> list[TermTotal]:
    """Totals of gain and loss reports: the term by their dates, never by their count of days."""
    groups: dict[tuple[str, str, str | None], list[LineResult]] = {}
    for result in found.lines:
        line = result.line
        groups.setdefault((line.broker, line.account, _term(line)), []).append(result)
    order = {"short": 0, "long": 1, None: 2}
    keys = sorted(groups, key=lambda k: (k[0], k[1], order[k[2]]))
    return [_term_total(*key, groups[key]) for key in keys]


def _term(line: FormLine) -> str | None:
    """By its dates (IRC 1222), where it states a basis too."""
    if line.acquired is None or line.sold is None or line.basis is None:
        return None
    return "long" if line.sold >= long_term_on(line.acquired) else "short"


def _term_total(
    broker: str, account: str, term: str | None, results: Sequence[LineResult]
) -> TermTotal:
    proceeds = sum((r.line.amount for r in results), ZERO)
    basis = total(r.line.basis for r in results) if term else None
    return TermTotal(
        broker,
        account,
        term,
        len(results),
        proceeds,
        basis,
        None if basis is None else proceeds - basis,
        sum(1 for r in results if r.pieces),
    )
