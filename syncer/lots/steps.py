"""Events as steps in time: what happens to the lots, and in which order at one instant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Literal, NamedTuple

from syncer.events import Event, Leg, is_income
from syncer.lots import amounts

_tuple = tuple.__new__  # what Step(...) does, at half its time
Action = Literal["happen", "depart", "arrive", "wrap"]

_EFFECTS = frozenset(
    {"buy", "sell", "trade", "spend", "gift_out", "donation", "lost"}
    | {"opening", "gift_in", "inheritance", "fee"}
)


class Step(NamedTuple):
    """Something an event does to the lots at one instant."""

    at: datetime
    event: Event
    action: Action


def steps(events: Iterable[Event]) -> list[Step]:
    """All steps in order of time; those of one instant are put in order by `ordered`."""
    found: list[Step] = []
    for event in events:
        kind = event.kind
        if kind in _EFFECTS or is_income(kind):
            found.append(_tuple(Step, (event.at, event, "happen")))
        elif kind in ("transfer", "withdrawal"):
            found.append(Step(event.at, event, "depart"))
            if kind == "transfer":
                found.append(Step(event.arrived_at or event.at, event, "arrive"))
        elif kind == "wrap":
            found.append(Step(event.at, event, "wrap"))
    found.sort(key=itemgetter(0))
    return found


def ordered(together: list[Step]) -> list[Step]:
    """Steps of one instant. What comes in goes before what goes out; the rest follows from content,
    so that the same history read from another source is replayed alike."""
    return sorted(together, key=_order)


def _order(step: Step) -> tuple[int, tuple[str, ...], str]:
    event = step.event
    content = tuple(f"{g.account} {g.asset} {g.quantity:f} {g.usd}" for g in event.legs)
    if step.action == "happen":
        rank = 0 if event.coming() and not event.leaving() else 1
    else:
        rank = 3 if step.action == "arrive" else 2
    return rank, content, event.event_id


def needs(step: Step) -> list[Leg]:
    """What must lie there for a step: the coins that leave, and those that pay its fees."""
    if step.action == "arrive":
        return []
    event = step.event
    legs = amounts.sides(event)
    here = {g.account for g in legs.leaving} or {f.account for _, f in legs.fees}
    kept = amounts.withheld(event, legs)
    fees = [f for _, f in legs.fees if f.asset not in kept and f.account in here]
    return amounts.coins((*legs.leaving, *fees))
