"""The best overall assignment of deposits to withdrawals, never first come, first served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from syncer.events import Event
from syncer.ledger.candidates import Candidate
from syncer.ledger.halves import half

By = dict[str, dict[str, Candidate]]  # by one side's id, then the other's


@dataclass(frozen=True, slots=True)
class Assigned:
    """A pair of the best assignment, how much worse the best one without it is, and the other
    candidate that this would take."""

    best: Candidate
    margin: int
    runner_up: Candidate | None


def assigned(found: Iterable[Candidate]) -> list[Assigned]:
    """The pairs of the largest sum of weights, each half in one pair at most, in order of time."""
    by_out, by_in = _sides(found)
    mates = _in_order(_matching(by_out), by_out)
    takers = {into: out for out, into in mates.items()}
    pairs = [_with_runner_up(by_out[o][i], by_out, by_in, mates, takers) for o, i in mates.items()]
    return sorted(pairs, key=lambda p: (p.best.out.at, p.best.out.event_id))


def _sides(found: Iterable[Candidate]) -> tuple[By, By]:
    by_out: By = defaultdict(dict)
    by_in: By = defaultdict(dict)
    for one in found:
        by_out[one.out.event_id][one.into.event_id] = one
        by_in[one.into.event_id][one.out.event_id] = one
    return by_out, by_in


def _matching(by_out: By) -> dict[str, str]:
    """Nodes are numbers in the order of the candidates, so that ties fall alike in every run."""
    number: dict[str, int] = {}
    graph: Any = _networkx().Graph()
    outs: dict[int, str] = {}
    for out, options in by_out.items():
        for into, one in options.items():
            here, there = (number.setdefault(key, len(number)) for key in (out, into))
            outs[here] = out
            graph.add_edge(here, there, weight=one.weight)
    named = {n: key for key, n in number.items()}
    mates = {}
    for part in _networkx().connected_components(graph):
        edges = sorted(graph.edges(part, data="weight"))
        pairs = [edges[0][:2]] if len(edges) == 1 else _best_of(edges)
        for left, right in pairs:
            here, there = (left, right) if left in outs else (right, left)
            mates[named[here]] = named[there]
    return mates


@cache
def _networkx() -> Any:
    """Loaded when halves are matched: commands that only look need not wait for it."""
    return import_module("networkx")


def _best_of(edges: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    graph: Any = _networkx().Graph()
    graph.add_weighted_edges_from(edges)
    return sorted(_networkx().max_weight_matching(graph))


def _in_order(mates: Mapping[str, str], by_out: By) -> dict[str, str]:
    """Pairs that are alike in accounts and amounts, first with first: which of them belong together
    nothing tells, and nothing depends on it but the times."""
    alike: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for out, into in mates.items():
        one = by_out[out][into]
        alike[_look(one.out), _look(one.into)].append(one)
    found = dict(mates)
    for pairs in alike.values():
        outs = sorted((p.out for p in pairs), key=_when)
        ins = sorted((p.into for p in pairs), key=_when)
        better = {o.event_id: i.event_id for o, i in zip(outs, ins, strict=True)}
        if all(i in by_out[o] for o, i in better.items()):
            found |= better
    return found


def _look(event: Event) -> tuple[object, ...]:
    """What makes two halves alike."""
    leg = half(event)
    return leg.account, leg.asset, leg.quantity, event.network


def _when(event: Event) -> tuple[object, str]:
    return event.at, event.event_id


def _with_runner_up(
    best: Candidate, by_out: By, by_in: By, mates: Mapping[str, str], takers: Mapping[str, str]
) -> Assigned:
    """What the nearest other assignment would lose: this withdrawal with another deposit, or this
    deposit with another withdrawal, and those that lose their partner with each other."""
    margin, runner_up = best.weight, None
    for other, loss in _others(best, by_out, by_in, mates, takers):
        if loss < margin:
            margin, runner_up = loss, other
    return Assigned(best, margin, runner_up)


def _others(
    best: Candidate, by_out: By, by_in: By, mates: Mapping[str, str], takers: Mapping[str, str]
) -> Iterator[tuple[Candidate, int]]:
    out, into = best.out.event_id, best.into.event_id
    for there, one in by_out[out].items():
        taker = takers.get(there)
        if there == into or (taker and _alike(one.into, best.into)):
            continue
        lost = _lost(by_out[taker][there], by_out[taker].get(into)) if taker else 0
        yield one, best.weight - one.weight + lost
    for here, one in by_in[into].items():
        mate = mates.get(here)
        if here == out or (mate and _alike(one.out, best.out)):
            continue
        lost = _lost(by_out[here][mate], by_out[out].get(mate)) if mate else 0
        yield one, best.weight - one.weight + lost


def _lost(broken: Candidate, instead: Candidate | None) -> int:
    """What a pair that is broken up loses beyond what its half finds instead."""
    return broken.weight - (instead.weight if instead else 0)


def _alike(one: Event, other: Event) -> bool:
    return _look(one) == _look(other)
