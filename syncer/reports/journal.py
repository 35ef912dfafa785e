"""Events as journal rows: what went in by any source comes out in the universal CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from config.assets import names
from config.exact import text
from syncer.events import Event, Leg, is_income
from syncer.views import instant

_SKIPPED = frozenset({"internal", "spam", "unknown"})


def journal_rows(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """One row per event; see `left_out` for those that fit none."""
    for event in events:
        if event.kind not in _SKIPPED and _fits(event):
            yield _row(event, event.coming(), event.leaving(), _merged(event.fees()))


def left_out(events: Iterable[Event]) -> int:
    """How many events have no journal row: several assets on one side, or not understood."""
    return sum(1 for e in events if e.kind == "unknown" or not _fits(e))


def _fits(event: Event) -> bool:
    """One asset a side; and no gas in the coin received, which a journal row would withhold."""
    sides = (event.coming(), event.leaving(), _merged(event.fees()))
    received = {g.asset for g in event.coming()} if event.kind in ("buy", "trade") else set()
    gas = event.fees_beside and any(f.asset in received for f in event.fees())
    return max(map(len, sides)) <= 1 and not gas


def _row(
    event: Event, coming: tuple[Leg, ...], leaving: tuple[Leg, ...], fees: list[Leg]
) -> dict[str, Any]:
    first = (*leaving, *coming, *fees)[0]
    row: dict[str, Any] = {
        "id": event.event_id,
        "time": instant(event.at),
        "kind": _kind(event),
        "account": first.account,
        "txid": event.txid or "",
        "note": event.rule,
    }
    if event.kind == "transfer":
        row["to_account"] = coming[0].account
    for side, legs in (("out", leaving), ("in", coming), ("fee", fees)):
        for leg in legs:
            row[f"{side}_asset"] = leg.asset
            row[f"{side}_quantity"] = text(abs(leg.quantity))
            if leg.usd is not None and not names().is_fiat(leg.asset):
                row[f"{side}_usd"] = text(leg.usd)
    _add_claim(event, row)
    return row


def _kind(event: Event) -> str:
    """A wrap is a trade that `[treatment] wrap` reads again; money moves are deposits and
    withdrawals."""
    if event.kind == "fiat":
        return "deposit" if event.coming() else "withdrawal" if event.leaving() else "fee"
    return "trade" if event.kind == "wrap" else event.kind


def _add_claim(event: Event, row: dict[str, Any]) -> None:
    claim = event.claim
    if claim is None or is_income(event.kind):
        return
    if claim.lot_acquired_at:
        row["lot_acquired_at"] = instant(claim.lot_acquired_at)
    if claim.lot_basis_usd is not None:
        row["lot_basis_usd"] = text(claim.lot_basis_usd)
    if claim.fee_on_fee_quantity is not None:
        row["fee_on_fee_quantity"] = text(claim.fee_on_fee_quantity)


def _merged(fees: tuple[Leg, ...]) -> list[Leg]:
    """Fees of one account and asset as one."""
    found: dict[tuple[str, str], Leg] = {}
    for fee in fees:
        key = (fee.account, fee.asset)
        if key in found:
            before = found[key]
            usd = None if fee.usd is None or before.usd is None else fee.usd + before.usd
            found[key] = replace(before, quantity=before.quantity + fee.quantity, usd=usd)
        else:
            found[key] = fee
    return list(found.values())
