"""Lines that are no sale of the ledger: why, by what the ledger does know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from config.exact import text
from connectors.brokers.form_1099da import FormLine
from syncer.reconcile.candidates import Field, asset_of
from syncer.reconcile.model import NOT_OURS, LineResult, Move, Reason

_DEFERRED = "wrap"
_DAY = timedelta(days=1)


def without_sale(field: Field) -> list[LineResult]:
    """The results of all lines that are left."""
    moves = list(field.facts.moves)
    found = [
        LineResult(line, NOT_OURS, reasons=(_double(line, other),))
        for line, other in field.doubles.values()
    ]
    for line in sorted(field.lines.values(), key=lambda x: x.key):
        move = next((m for m in moves if _is_move(field, line, m)), None)
        if move is not None:
            moves.remove(move)
        reason = _of_move(line, move) if move else _missing(field, line)
        found.append(LineResult(line, NOT_OURS, reasons=(reason,)))
    return found


def _double(line: FormLine, other: str) -> Reason:
    return Reason("duplicate_line", f"line {other.rpartition('/')[2]} says the same", line.amount)


def _is_move(field: Field, line: FormLine, move: Move) -> bool:
    if move.account not in field.accounts(line) or not field.is_same(line, move.asset):
        return False
    day = move.at.astimezone(field.zone).date()
    near = line.sold is not None and abs(day - line.sold) <= _DAY
    return near and line.units in (move.units, move.with_fee)


def _of_move(line: FormLine, move: Move) -> Reason:
    if move.kind == _DEFERRED:
        shown = f"event {move.event_id} wraps or unwraps it, which Notice 2024-57 defers"
        return Reason("deferred_n2024_57", shown, line.amount)
    if move.kind in ("gift_out", "donation"):
        shown = f"event {move.event_id} is a gift of these units"
    elif move.kind == "withdrawal":
        shown = f"event {move.event_id} is an undecided withdrawal of these units: answer it first"
        return Reason(NOT_OURS, shown, line.amount)
    else:
        shown = f"event {move.event_id} is an own transfer of these units"
    return Reason("transfer_reported_as_sale", shown, line.amount)


def _missing(field: Field, line: FormLine) -> Reason:
    """With the import that would explain it."""
    accounts = field.accounts(line)
    if line.first_sale_proceeds is not None and line.proceeds is None:
        shown = "first sales by a creator are ordinary income and none of Form 8949"
        return Reason("unexplained", shown, line.first_sale_proceeds)
    if not accounts:
        shown = f'no account of the settings has broker = "{line.broker}"'
        if line.account:
            shown += f' and broker_account = "{line.account}"'
        return Reason(NOT_OURS, f"{shown}: name it there", line.amount)
    return Reason(NOT_OURS, _import_that_explains(field, line, accounts), line.amount)


def _import_that_explains(field: Field, line: FormLine, accounts: Iterable[str]) -> str:
    named = " or ".join(sorted(accounts))
    begins = [field.facts.begins[a] for a in accounts if a in field.facts.begins]
    if not begins:
        return f"the ledger has nothing of {named}: import its history"
    if line.sold and line.sold < min(begins):
        return f"the rows of {named} begin on {min(begins)}: import what was before"
    known = {d.asset for key in field.sales for d in field.sales[key] if d.account in accounts}
    if not any(field.is_same(line, asset) for asset in known):
        return f"{named} has no sale of {asset_of(line)} in {line.year}: import the missing history"
    when = f"around {line.sold}" if line.sold else f"of {line.year}"
    return f"{named} has no such sale of {text(line.units)}: import its history {when} again"
