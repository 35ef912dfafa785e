"""Review items that no event of the ledger asks: balances, allocations, accounts."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal

from syncer.ledger.answers import ANSWERS
from syncer.ledger.review import Item
from syncer.lots.changeover import PER_WALLET_FROM
from syncer.store.tables import BalanceRow


def balance_gap(row: BalanceRow) -> Item:
    return Item(
        id=f"balance_gap:{row.account}:{row.asset}",
        kind="balance_gap",
        event_ids=(),
        account=row.account,
        asset=row.asset,
        quantity=row.computed - row.reported,
        usd=None,
        at=row.differs_since,
        answers=ANSWERS["balance_gap"],
        detail=f"{row.source} reports {row.reported}, its records add up to {row.computed}"
        + (f"; {row.detail}" if row.detail else ""),
    )


def allocation_needed(asset: str, units: Decimal, allocated: bool) -> Item:
    detail = "the lots left from the universal way do not fit the units that each account held on "
    detail += "2025-01-01; import the allocation: syncer import FILE --format allocation"
    if allocated:
        detail = "the imported allocation does not fit the lots that were left on 2025-01-01 any "
        detail += "more: rows of before 2025 came or changed after it"
    return Item(
        id=f"allocation_needed:{asset}",
        kind="allocation_needed",
        event_ids=(),
        account="",
        asset=asset,
        quantity=units,
        usd=None,
        at=datetime.combine(PER_WALLET_FROM, time(12), UTC),
        answers=ANSWERS["allocation_needed"],
        detail=detail,
    )


def new_account(name: str) -> Item:
    return Item(
        id=f"new_account:{name}",
        kind="new_account",
        event_ids=(),
        account=name,
        asset="",
        quantity=None,
        usd=None,
        at=None,
        answers=ANSWERS["new_account"],
        detail="a file names an account that the settings do not; it is kept as a manual one",
    )
