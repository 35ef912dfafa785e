"""Events as journal rows: what went in by any source comes out in the universal CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from config.exact import ZERO, text
from syncer.events import DUPLICATE, Event, Leg, is_income
from syncer.ledger.halves import ACROSS
from syncer.ledger.joining import TO
from syncer.views import instant

_SKIPPED = frozenset({"internal", "spam", DUPLICATE})
Row = dict[str, Any]


class _Sides(NamedTuple):
    """An event's legs, read once; fees of one account and asset as one."""

    coming: list[Leg]
    leaving: list[Leg]
    fees: list[Leg]


def _sides(event: Event) -> _Sides:
    found = _Sides([], [], [])
    for leg in event.legs:
        side = 2 if leg.role == "fee" else 0 if leg.quantity > ZERO else 1
        found[side].append(leg)
    return found if len(found.fees) < 2 else found._replace(fees=_merged(found.fees))


def journal_rows(events: Iterable[Event]) -> tuple[list[Row], int]:
    """One row per event, two for a transfer that took time; and how many events fit no row:
    several assets on one side, gas in the coin received, or not understood."""
    rows: list[Row] = []
    left_out = 0
    for event in events:
        if not event.legs or event.kind in _SKIPPED:
            continue
        sides = _sides(event)
        unread = event.kind == "unknown" and event.rule != ACROSS
        if unread or not _fits(event, *sides):
            left_out += 1
        elif event.rule == ACROSS or (event.kind == "transfer" and not _fits_one_row(event)):
            rows += _halves(event)
        else:
            rows.append(_row(event, *sides))
    return rows, left_out


def _fits(event: Event, coming: list[Leg], leaving: list[Leg], fees: list[Leg]) -> bool:
    """One asset a side in one account; and no gas in the coin received, which a journal row would
    withhold."""
    if max(len(coming), len(leaving)) > 1:
        return False
    if event.kind == "transfer" or event.rule == ACROSS:
        by_hand = event.rule == "joined_by_hand" and not event.txid
        own = {g.account for g in leaving}
        theirs = [f for f in fees if f.account not in own]
        one_each = len(theirs) <= 1 and len(fees) - len(theirs) <= 1
        return one_each and not (by_hand and theirs)
    if event.kind == "fiat" and coming and leaving:
        same_place = coming[0].account == leaving[0].account
        return len(fees) <= 1 and same_place == (coming[0].asset != leaving[0].asset)
    received = {g.asset for g in coming}
    gas = event.fees_beside and event.kind != "wrap" and any(f.asset in received for f in fees)
    places = {g.account for g in (*coming, *leaving, *fees)}
    return len(fees) <= 1 and len(places) == 1 and not gas


def _fits_one_row(event: Event) -> bool:
    """A transfer row has one time, and its fee is the sender's. A pair that only a person saw
    stays one row: nothing in its halves would join them again."""
    senders = {g.account for g in event.leaving()}
    at_once = event.arrived_at in (None, event.at)
    by_hand = event.rule == "joined_by_hand" and not event.txid
    own_fees = all(f.account in senders for f in event.fees())
    return own_fees and (by_hand or at_once)


def _halves(event: Event) -> Iterator[Row]:
    """Both halves; reading them finds the pair again as it was found before."""
    here, _, there = (event.network or "").partition(TO)
    for kind, legs, at, network in (
        ("withdrawal", event.leaving(), event.at, here),
        ("deposit", event.coming(), event.arrived_at or event.at, there or here),
    ):
        once = kind == "withdrawal" or legs[0].account != event.leaving()[0].account
        fees = [f for f in _merged(event.fees()) if once and f.account == legs[0].account]
        half = replace(event, kind=kind, at=at)
        coming, leaving = (legs, ()) if kind == "deposit" else ((), legs)
        row = _row(replace(half, network=network), coming, leaving, fees)
        yield {**row, "id": f"{event.event_id}-{kind}"}


def _row(event: Event, coming: Sequence[Leg], leaving: Sequence[Leg], fees: Sequence[Leg]) -> Row:
    first = (*leaving, *coming, *fees)[0]
    row: Row = {
        "id": event.event_id,
        "time": instant(event.at),
        "kind": _kind(event),
        "account": first.account,
        "txid": event.txid or "",
        "note": event.rule,
    }
    if row["kind"] in ("deposit", "withdrawal"):
        row |= {"address": event.address or "", "network": event.network or ""}
    if row["kind"] == "transfer":
        row["to_account"] = coming[0].account
        coming = ()  # equals what went out
    for side, legs in (("out", leaving), ("in", coming), ("fee", fees)):
        for leg in legs:
            row[f"{side}_asset"] = leg.asset
            row[f"{side}_quantity"] = text(abs(leg.quantity))
            if leg.usd is not None and leg.asset != "USD":
                row[f"{side}_usd"] = text(leg.usd)
    _add_claim(event, row)
    return row


def _kind(event: Event) -> str:
    """A wrap is a trade that `[treatment] wrap` reads again; money moves are deposits, withdrawals
    and transfers, and money for money is a trade."""
    if event.kind == "fiat":
        coming, leaving = event.coming(), event.leaving()
        if coming and leaving:
            return "transfer" if coming[0].asset == leaving[0].asset else "trade"
        return "deposit" if coming else "withdrawal" if leaving else "fee"
    return "trade" if event.kind == "wrap" else event.kind


def _add_claim(event: Event, row: Row) -> None:
    claim = event.claim
    if claim is None or is_income(event.kind):
        return
    if claim.lot_acquired_at:
        row["lot_acquired_at"] = instant(claim.lot_acquired_at)
    if claim.lot_basis_usd is not None:
        row["lot_basis_usd"] = text(claim.lot_basis_usd)
    if claim.fee_on_fee_quantity is not None:
        row["fee_on_fee_quantity"] = text(claim.fee_on_fee_quantity)


def _merged(fees: Iterable[Leg]) -> list[Leg]:
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
