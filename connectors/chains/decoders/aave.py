"""Aave V3: a share of what was lent grows by itself, and a debt is no coin.

`Mint` and `Burn` tell `value`, which moved, and `balanceIncrease`, the interest since the last
time, which is in it: the principal is `value - balanceIncrease` of a Mint, and of a Burn their sum.
Interest is told by the share's own balance, day by day (`growth.py`), so here it is left out, and
rounding with it. What is borrowed is no income, and what a debt token says no coin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from config.assets import names
from connectors.chains.lender import Part
from connectors.chains.moves import Log, Move, Sight, logs
from connectors.chains.native import NOBODY, Body
from connectors.chains.topics import AAVE_BURN, AAVE_MINT, address_of

ROUNDING = 5  # units: from V3.5 on a share's move is a difference of rounded balances


@dataclass(frozen=True, slots=True)
class _Touch:
    """By how much a share or a debt of an own address moved, and by how much without interest."""

    own: str
    contract: str
    moved: int
    principal: int


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    here = {m.contract for m in moves} | {g["address"].lower() for g in logs(body)}
    parts: dict[str | None, Part] = {
        c: token.part for c, token in sight.tokens.items() if token.part and c in here
    }
    if not parts:
        return moves
    touches = [t for t in _touches(body, sight) if t.contract in parts]
    found = moves
    for contract, part in sorted(parts.items(), key=lambda one: one[0] or ""):
        its = [t for t in touches if t.contract == contract]
        found = _owed(found, contract or "", its, part, sight) if part.debt else _lent(found, its)
    beside = {c: _beside(part, found, sight) for c, part in parts.items()}
    return [_named(m, parts, beside, sight) for m in found]


def _touches(body: Body, sight: Sight) -> Iterator[_Touch]:
    for log in logs(body):
        told = log["topics"][0] in (AAVE_MINT, AAVE_BURN) and len(log["topics"]) == 3
        if not told or not _is_part(log, sight):
            continue
        touch = _touch(log)
        if touch.own in sight.own:
            yield touch


def _is_part(log: Log, sight: Sight) -> bool:
    token = sight.tokens.get(log["address"].lower())
    return token is not None and token.part is not None


def _touch(log: Log) -> _Touch:
    value, interest = (int(log["data"][at : at + 64], 16) for at in (2, 66))
    contract, topics = log["address"].lower(), log["topics"]
    if topics[0] == AAVE_MINT:
        return _Touch(address_of(topics[2]), contract, value, value - interest)
    return _Touch(address_of(topics[1]), contract, -value, -value - interest)


def _lent(moves: list[Move], touches: list[_Touch]) -> list[Move]:
    """The moves of a share as principal alone."""
    found = list(moves)
    for touch in touches:
        key = (touch.own, touch.contract, touch.moved, NOBODY)
        at = [i for i, m in enumerate(found) if (m.own, m.contract, m.raw, m.other) == key]
        if at:
            found[at[0] : at[0] + 1] = (
                [replace(found[at[0]], raw=touch.principal)] if touch.principal else []
            )
        elif not touch.moved and touch.principal:  # all of it was interest: it says no Transfer
            found.append(Move(touch.own, touch.contract, touch.principal, NOBODY))
    return found


def _owed(
    moves: list[Move], contract: str, touches: list[_Touch], part: Part, sight: Sight
) -> list[Move]:
    """Without the debt; what was borrowed or paid back for it is noted."""
    owed = sum(t.principal for t in touches) or sum(m.raw for m in moves if m.contract == contract)
    note, by = "borrow" if owed > 0 else "repay", sight.protocol(part.pool, "lender") or ""
    found = []
    for move in moves:
        if move.contract == contract:
            continue
        its = _is(part.asset, move, sight) and move.raw * owed > 0
        found.append(replace(move, note=note, by=by) if its else move)
    if note == "repay" and not any(m.note == note for m in found):
        # paid with shares, or by who took the collateral
        return [replace(m, note=note, by=by) if _leaves(m, sight) else m for m in found]
    return found


def _leaves(move: Move, sight: Sight) -> bool:
    token = sight.tokens.get(move.contract or "")
    return token is not None and token.is_share and move.raw < 0


def _beside(part: Part, moves: list[Move], sight: Sight) -> list[int]:
    """What moved of the asset that a part is of: one of our addresses may lend for another."""
    return [m.raw for m in moves if _is(part.asset, m, sight)]


def _named(
    move: Move,
    parts: Mapping[str | None, Part],
    beside: Mapping[str | None, list[int]],
    sight: Sight,
) -> Move:
    """A share that moves against what it is a share of was lent, or was taken back; by as much, but
    for rounding."""
    part = parts.get(move.contract)
    if part is None or move.note:
        return move
    by, moved = sight.protocol(part.pool, "lender") or "", beside[move.contract]
    if sum(moved) * move.raw >= 0:
        return replace(move, note="share", by=by)
    exact = next((-raw for raw in moved if abs(raw + move.raw) <= ROUNDING), move.raw)
    return replace(move, raw=exact, note="lending", by=by)


def _is(asset: str, move: Move, sight: Sight) -> bool:
    """Whether it moves the asset, or the chain's coin that the asset is a wrapper of."""
    if move.role == "fee" or move.token_id is not None:
        return False
    if move.contract is None:
        return names().wrapped(sight.asset(asset)) == sight.asset(None)
    return move.contract == asset
