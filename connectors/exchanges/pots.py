"""Moves among pots of one coin (staking, earn, vaults): mostly two rows, which cancel.

Where a row has no other half, the other pot is in no list of the venue. A staking pot is then known
by its name: what went in may come back, and only what comes back beyond that is a question. Any
other place is not known at all: the row is a deposit or withdrawal and waits for its other half.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from config.exact import ZERO
from connectors.records import Entry

STAKED = "pot_move"  # into staking or back
OWN = "own_move"  # into another account or vault of the person at this venue, or back
UNSEEN = "unseen_pot"
NEAR = timedelta(days=1)  # between the two halves


def settled(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with each move named by what is known of its other half; sums stay the same."""
    moves = [e for e in entries if e.kind in (STAKED, OWN) and e.role == "principal"]
    if not moves:
        return list(entries)
    halves = _halves(moves)
    lone = {e.group: _SIDE[e.quantity > ZERO] for e in halves if e.kind == OWN}
    unseen = _unseen([e for e in halves if e.kind == STAKED])
    made: list[Entry] = []
    for entry in entries:
        if entry.kind == OWN:
            made.append(replace(entry, kind=lone.get(entry.group, STAKED)))
        elif entry.kind == STAKED and entry.role == "principal" and entry.group in unseen:
            made += unseen[entry.group]
        else:
            made.append(entry)
    return made


_SIDE = {True: "deposit", False: "withdrawal"}


def _halves(moves: Sequence[Entry]) -> list[Entry]:
    """Those without an opposite one of the same coin and amount nearby, oldest first."""
    waiting: dict[tuple[str, str, Decimal], list[Entry]] = defaultdict(list)
    for entry in sorted(moves, key=lambda e: (e.at, e.native_id)):
        left = waiting[entry.account, entry.asset, -entry.quantity]
        if left and entry.at - left[-1].at <= NEAR:
            left.pop()
        else:
            waiting[entry.account, entry.asset, entry.quantity].append(entry)
    alone = [e for found in waiting.values() for e in found]
    return sorted(alone, key=lambda e: (e.at, e.native_id))


def _unseen(halves: Sequence[Entry]) -> dict[str, list[Entry]]:
    """By group: the move itself, up to what lies in the unseen pot, and what came beyond that."""
    inside: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    found: dict[str, list[Entry]] = {}
    for entry in halves:
        pot = (entry.account, entry.asset)
        moved = min(entry.quantity, inside[pot])  # what leaves is negative: all of it goes in
        inside[pot] -= moved
        more = entry.quantity - moved
        found[entry.group] = [replace(entry, kind=UNSEEN, quantity=moved)] if moved else []
        if more:
            found[entry.group].append(_beyond(entry, more))
    return found


def _beyond(entry: Entry, more: Decimal) -> Entry:
    evidence = f"{entry.evidence}: more came back than is known to have gone in"
    group = f"{entry.group}:more"
    return replace(entry, kind="deposit", quantity=more, group=group, evidence=evidence)
