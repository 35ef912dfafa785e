"""What a change can reach: lots pass from one account and asset to another only by transfers, wraps
and shared pools, so a late event leaves all others as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from syncer.events import Event
from syncer.lots import amounts
from syncer.lots.terms import Terms

Node = tuple[str, str]  # (account, asset)

MOVES = frozenset({"transfer", "wrap"})


def nodes_of(event: Event) -> set[Node]:
    """The accounts and coins that an event touches."""
    return {(g.account, g.asset) for g in amounts.coins(event.legs)}


def reached(
    start: Iterable[Node], moves: Iterable[Event], known: Iterable[Node], terms: Terms
) -> frozenset[Node]:
    """All nodes that lots of `start` can have come from or gone to, by `moves` (transfers and
    wraps), among those that are `known`."""
    linked: dict[Node, set[Node]] = defaultdict(set)
    for event in moves:
        ends = {(g.account, g.asset) for g in amounts.coins((*event.leaving(), *event.coming()))}
        for node in ends:
            linked[node] |= ends
    together: dict[tuple[str, str], set[Node]] = defaultdict(set)
    for account, asset in {*known, *start}:
        together[_scope(account, terms), asset].add((account, asset))
    found: set[Node] = set()
    todo = list(start)
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += linked[node] | together[_scope(node[0], terms), node[1]]
    return frozenset(found)


def _scope(account: str, terms: Terms) -> str:
    """Accounts whose lots were ever in one queue."""
    return "" if terms.before_2025 == "universal" else terms.pool(account)


def decided_elsewhere(events: Iterable[Event], nodes: frozenset[Node]) -> bool:
    """Whether several events of one instant touch the nodes and others too: their order then hangs
    on what lies elsewhere."""
    together: dict[object, list[Event]] = defaultdict(list)
    for event in events:
        for at in {event.at, event.arrived_at or event.at}:
            together[at].append(event)
    return any(
        len(found) > 1 and any(not nodes_of(e) <= nodes for e in found)
        for found in together.values()
    )
