"""The digital asset question of Form 1040, and the events behind the answer. Pure.

Instructions for Form 1040 (2025): yes for what was received as a reward, an award or payment, and
for what was sold, exchanged, given or spent; no for holding, for buying with money, and for moving
among own wallets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from config.assets import names
from syncer.events import Event, is_income
from syncer.tax.fees import NO_EVENTS

_WHY = {
    "sell": "sold for money",
    "trade": "exchanged for other property",
    "spend": "spent on goods or services",
    "gift_out": "given away",
    "donation": "donated",
    "lost": "lost or stolen",
    "fee": "paid as a fee",
}


@dataclass(frozen=True, slots=True)
class Behind:
    """An event by which the answer is yes."""

    event_id: str
    on: date
    kind: str
    why: str


def behind_the_answer(events: Iterable[Event], year: int, zone: ZoneInfo) -> Iterator[Behind]:
    """The answer is yes if there is any."""
    for event in events:
        on = event.at.astimezone(zone).date()
        if on.year == year and (why := _why(event)):
            yield Behind(event.event_id, on, event.kind, why)


def _why(event: Event) -> str:
    if event.kind in NO_EVENTS:
        return ""
    coins = [g for g in event.legs if not names().is_fiat(g.asset)]
    if is_income(event.kind):
        return "received as income" if any(g.quantity > 0 for g in coins) else ""
    if event.kind in _WHY:
        return _WHY[event.kind] if any(g.quantity < 0 for g in coins) else ""
    if any(g.role == "fee" for g in coins):
        return "a fee was paid with it"
    return ""
