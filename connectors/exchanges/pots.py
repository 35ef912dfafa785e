"""Moves among pots of one coin (staking, earn, vaults): mostly two rows, which cancel.

Where a row has no other half, the other pot is in no list of the venue. A staking pot is then known
by its name: what went in may come back, and only what comes back beyond that is a question. Any
other place is not known at all: the row is a deposit or withdrawal and waits for its other half.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

from config.exact import ZERO
from connectors.records import Entry

STAKED = "pot_move"  # into staking or back
OWN = "own_move"  # into another account or vault of the person at this venue, or back
UNSEEN = "unseen_pot"
_SOON = (timedelta(0), timedelta(minutes=1))
_DAYS = (timedelta(days=1), timedelta(days=7))  # vaults and unbonding take days
# how far apart two halves may be, and whether they may be of two kinds
PASSES = (*product(_SOON, (False, True)), *((apart, False) for apart in _DAYS))
Moves = dict[int, Entry]  # by their place among all entries


def settled(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with each move named by what is known of its other half; sums stay the same."""
    if not any(e.kind in (STAKED, OWN) for e in entries):
        return list(entries)
    moves = {i: e for i, e in enumerate(entries) if _is_move(e)}
    halves = _halves(moves)
    made = {i: [replace(e, kind=STAKED)] for i, e in moves.items()}
    made |= _unseen({i: e for i, e in halves.items() if e.kind == STAKED})
    made |= {i: [_open(e)] for i, e in halves.items() if e.kind == OWN}
    sides = {e.group: found[0].kind for i, e in halves.items() if (found := made[i])}
    return [
        one
        for i, entry in enumerate(entries)
        for one in (made.get(i) or [_fee(entry, sides.get(entry.group, STAKED))])
    ]


def _is_move(entry: Entry) -> bool:
    return entry.kind in (STAKED, OWN) and entry.role == "principal"


def _open(half: Entry) -> Entry:
    return replace(half, kind="deposit" if half.quantity > ZERO else "withdrawal")


def _fee(entry: Entry, side: str) -> Entry:
    """The fee of a move: with a deposit or withdrawal it stays, else it is an event of its own, as
    what moves among pots is none. Any other entry stays as it is."""
    if entry.kind not in (STAKED, OWN):
        return entry
    if side in ("deposit", "withdrawal"):
        return replace(entry, kind=side)
    return replace(entry, kind="fee", group=f"{entry.group}:fee")


# ---- pairs


def _halves(moves: Moves) -> Moves:
    """Those without an opposite one of the same coin and amount nearby. The nearest pair first, and
    two of one kind before two that only might belong together."""
    for apart, mixed in PASSES:
        moves = _unpaired(moves, apart, mixed)
    return moves


def _unpaired(moves: Moves, apart: timedelta, mixed: bool) -> Moves:
    waiting: dict[tuple[str, str, Decimal, str], list[int]] = defaultdict(list)
    for i in _by_time(moves):
        entry = moves[i]
        kind = "" if mixed else entry.kind
        left = waiting[entry.account, entry.asset, -entry.quantity, kind]
        if left and entry.at - moves[left[-1]].at <= apart:
            left.pop()
        else:
            waiting[entry.account, entry.asset, entry.quantity, kind].append(i)
    return {i: moves[i] for found in waiting.values() for i in found}


def _by_time(moves: Moves) -> Iterable[int]:
    return sorted(moves, key=lambda i: (moves[i].at, moves[i].native_id, moves[i].group))


# ---- pots that no list shows


def _unseen(halves: Moves) -> dict[int, list[Entry]]:
    """The move itself, up to what lies in the unseen pot, and what came beyond that."""
    inside: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    found: dict[int, list[Entry]] = {}
    for i in _by_time(halves):
        entry = halves[i]
        pot = (entry.account, entry.asset)
        moved = min(entry.quantity, inside[pot])  # what leaves is negative: all of it goes in
        inside[pot] -= moved
        more = entry.quantity - moved
        found[i] = [replace(entry, kind=UNSEEN, quantity=moved)] if moved else []
        if more:
            found[i].append(_beyond(entry, more))
    return found


def _beyond(entry: Entry, more: Decimal) -> Entry:
    evidence = f"{entry.evidence}: more came back than is known to have gone in"
    group = f"{entry.group}:more"
    return replace(entry, kind="deposit", quantity=more, group=group, evidence=evidence)
