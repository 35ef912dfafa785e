"""The terms of a replay, from the settings and from what is on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from sqlalchemy.engine import Connection

from config.exact import ZERO
from config.settings import Settings
from config.tax_law import known_years, tax_year
from connectors.files import allocation
from connectors.files.allocation import AllocationRow
from connectors.records import RawRecord
from syncer.ledger.decisions import zero_basis
from syncer.lots.terms import (
    AllocatedUnits,
    Allocation,
    Cost,
    Rates,
    Terms,
    WashSales,
    cost_at_two_rates,
)
from syncer.store import decisions, identifications, records
from syncer.tax.federal import marginal_rates
from syncer.tax.outlook import with_carryover
from syncer.taxpayer import taxpayer_in

YEARS = range(2009, 2050)  # that tax_min may ask for


def lot_terms(settings: Settings, connection: Connection) -> Terms:
    """What a replay of the lots needs besides events."""
    wash = settings.wash_sale
    terms = Terms(
        zone=settings.zone,
        pools={a.name: a.pool_name for a in settings.account},
        orders=identifications.orders(connection),
        sales=identifications.sales(connection),
        wish=settings.lots.method,
        transfer_order=settings.lots.transfer_order,
        zero_basis=zero_basis(decisions.decisions(connection)),
        brokers=frozenset(a.name for a in settings.account if a.broker),
        before_2025=settings.lots.before_2025,
        allocations=allocations(allocation.rows(records.latest(connection, allocation.SOURCE))),
        fees_before_2025=settings.treatment.fees_before_2025,
        wash_sales=None if wash.mode == "off" else WashSales(wash.mode, wash.from_),
    )
    return replace(terms, rates=rates(settings)) if terms.minimises else terms


def allocations(rows: Iterable[AllocationRow]) -> dict[str, Allocation]:
    """By asset; its rows were made together, so that the last of them completed it."""
    found: dict[str, list[AllocationRow]] = defaultdict(list)
    for row in rows:
        found[row.asset].append(row)
    return {asset: _allocation(group) for asset, group in found.items()}


def of_two_kinds(rows: Iterable[AllocationRow]) -> list[str]:
    """Assets with specific and global rows; an allocation is one or the other."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        kinds[row.asset].add(row.kind)
    return sorted(asset for asset, found in kinds.items() if len(found) > 1)


def given_again(known: Iterable[RawRecord], rows: Iterable[RawRecord]) -> list[str]:
    """Assets that are allocated already, but for the very same rows; it is irrevocable."""
    stored, new = _ids(known), _ids(rows)
    return sorted(a for a in stored.keys() & new.keys() if stored[a] != new[a])


def _ids(rows: Iterable[RawRecord]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for record in rows:
        (row,) = allocation.rows([record])
        found[row.asset].add(record.native_id)
    return found


def _allocation(rows: list[AllocationRow]) -> Allocation:
    written = [r.rule_written_at for r in rows if r.rule_written_at]
    kind: Literal["specific", "global"] = "global" if rows[0].kind == "global" else "specific"
    return Allocation(
        kind,
        max(written, default=None),
        max(r.completed_at for r in rows),
        tuple(
            AllocatedUnits(r.asset, r.quantity, r.acquired_at, r.basis_usd, r.to_account)
            for r in rows
        ),
    )


def _told_carryover(told: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    return told.get("carryover_short", ZERO), told.get("carryover_long", ZERO)


def rates(settings: Settings) -> Mapping[int, Rates]:
    """The tax by year, where the person told an ordinary income; a year without a table takes the
    nearest one's brackets, for they only rank lots."""
    known = known_years()
    found = {}
    for year in YEARS:
        told, who = settings.taxpayer.in_year(year), taxpayer_in(settings, year)
        law = tax_year(min(known, key=lambda k: abs(k - year)))
        cost: Cost = cost_at_two_rates
        if who.ordinary_income is not None:
            cost = partial(with_carryover, who, law, marginal_rates(who, law)[0])
        starts = settings.taxpayer.carryover_year == year
        found[year] = Rates(
            cost,
            who.other_short_term,
            who.other_long_term,
            law.loss_limit[who.filing_status],
            _told_carryover(told) if starts else None,
            year in settings.taxpayer.years,
        )
    return found
