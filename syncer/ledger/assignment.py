"""The best overall assignment of deposits to withdrawals, never first come, first served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from syncer.events import Event
from syncer.ledger.candidates import Candidate
from syncer.ledger.halves import half
from syncer.optimum import Optimum


@dataclass(frozen=True, slots=True)
class Assigned:
    """A pair of the best assignment, how much worse the best one without it is, and a candidate
    of that one that concerns a half of the pair. It is `alone` if nothing else fits either half
    but what is alike and has an other half of its own that is as proved."""

    best: Candidate
    margin: int
    runner_up: Candidate | None
    alone: bool


def assigned(found: Iterable[Candidate]) -> list[Assigned]:
    """The pairs of the largest sum of weights, each half in one pair at most, in order of time.

    Halves that are alike in account and amount are put first to first: which of them belong
    together nothing tells, nothing depends on it but the times, and to swap them is no other
    assignment.
    """
    table = _Table(found)
    optimum = Optimum([{i: c.weight for i, c in row.items()} for row in table.rows])
    doubts = {row: _doubt(row, table, optimum) for row in optimum.mates}
    proved = table.proved(optimum.mates)
    columns = set(proved.values())
    pairs = []
    for row, column in _in_order(optimum.mates, table).items():
        margin, other = min(doubts[row], doubts[optimum.owners[column]], key=lambda d: d[0])
        alone = table.is_alone(row, column, proved, columns)
        pairs.append(Assigned(table.rows[row][column], margin, other, alone))
    return sorted(pairs, key=lambda p: (p.best.out.at, p.best.out.event_id))


class _Table:
    """Candidates by withdrawal (row) and deposit (column), numbered as they come, so that ties
    fall alike in every run."""

    def __init__(self, found: Iterable[Candidate]) -> None:
        self.rows: list[dict[int, Candidate]] = []
        self.ins: list[Event] = []
        rows: dict[str, int] = {}
        columns: dict[str, int] = {}
        for one in found:
            row = rows.setdefault(one.out.event_id, len(rows))
            column = columns.setdefault(one.into.event_id, len(columns))
            if row == len(self.rows):
                self.rows.append({})
            if column == len(self.ins):
                self.ins.append(one.into)
            self.rows[row][column] = one
        self._outs: dict[int, list[int]] = defaultdict(list)  # rows by column
        for number, options in enumerate(self.rows):
            for column in options:
                self._outs[column].append(number)

    def proved(self, mates: Mapping[int, int]) -> dict[int, int]:
        return {row: column for row, column in mates.items() if self.rows[row][column].proved}

    def is_alone(self, row: int, column: int, rows: Collection[int], columns: set[int]) -> bool:
        """Of proved pairs there are these rows and columns."""
        mine = self.rows[row][column]
        outs = (self.rows[r][column].out for r in self._outs[column] if r in rows)
        ins = (self.ins[c] for c in self.rows[row] if c in columns)
        alike = sum(_look(o) == _look(mine.out) for o in outs)
        alike += sum(_look(i) == _look(mine.into) for i in ins)
        return alike == len(self._outs[column]) + len(self.rows[row])


def _doubt(row: int, table: _Table, optimum: Optimum) -> tuple[int, Candidate | None]:
    mine = _look(table.ins[optimum.mates[row]])
    taken = (c for c in table.rows[row] if c in optimum.owners)
    alike = {c for c in taken if _look(table.ins[c]) == mine}
    margin, other = optimum.without(row, alike)
    return margin, table.rows[other[0]][other[1]] if other else None


def _in_order(mates: Mapping[int, int], table: _Table) -> dict[int, int]:
    alike: dict[tuple[object, ...], list[tuple[int, int]]] = defaultdict(list)
    for row, column in mates.items():
        one = table.rows[row][column]
        alike[_look(one.out), _look(one.into)].append((row, column))
    found = dict(mates)
    for pairs in alike.values():
        by_out = sorted(pairs, key=lambda p: _when(table.rows[p[0]][p[1]].out))
        by_in = sorted(pairs, key=lambda p: _when(table.ins[p[1]]))
        better = {row: into for (row, _), (_, into) in zip(by_out, by_in, strict=True)}
        if all(into in table.rows[row] for row, into in better.items()):
            found |= better
    return found


def _look(event: Event) -> tuple[object, ...]:
    """What makes two halves alike."""
    leg = half(event)
    return leg.account, leg.asset, leg.quantity, event.network


def _when(event: Event) -> tuple[object, str]:
    return event.at, event.event_id
