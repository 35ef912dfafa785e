"""Events as steps in time: what happens to the lots, and in which order at one instant."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from syncer.events import Event, Leg, is_income
from syncer.lots import amounts

Action = Literal["happen", "depart", "arrive", "wrap"]

_EFFECTS = frozenset(
    {"buy", "sell", "trade", "spend", "gift_out", "donation", "lost"}
    | {"opening", "gift_in", "inheritance", "fee"}
)
_ACTIONS: dict[str, Action] = {
    **{kind: "happen" for kind in _EFFECTS},
    "transfer": "depart",
    "withdrawal": "depart",
    "wrap": "wrap",
}


class Step(NamedTuple):
    """Something an event does to the lots at one instant."""

    at: datetime
    event: Event
    action: Action


class Arrival(NamedTuple):
    """A step that waits for its time."""

    at: datetime
    event_id: str
    step: Step


def action_of(kind: str) -> Action | None:
    """What an event of a kind does when it happens; None if nothing."""
    return _ACTIONS.get(kind) or ("happen" if is_income(kind) else None)


def steps_of(event: Event) -> list[Step]:
    """What an event does when it happens, and when it arrives."""
    action = action_of(event.kind)
    found = [Step(event.at, event, action)] if action else []
    if event.kind == "transfer":
        found.append(Step(event.arrived_at or event.at, event, "arrive"))
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
