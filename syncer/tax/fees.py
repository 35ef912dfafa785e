"""Fees of a year by what they were for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.assets import names
from config.exact import cents
from syncer.events import DUPLICATE, Event, Leg

COMMISSION, NETWORK, WITHHELD = "commission", "network", "withheld"
NO_EVENTS = frozenset({DUPLICATE, "spam", "internal"})  # told elsewhere, or nothing happened
_ON_A_CHAIN = frozenset({"transfer", "withdrawal", "wrap", "fee", "spend", "gift_out", "donation"})


@dataclass(frozen=True, slots=True)
class Fee:
    """One fee and the event that it belongs to; `usd` in cents, None without a price."""

    event_id: str
    event_kind: str
    on: date
    kind: str
    account: str
    asset: str
    quantity: Decimal
    usd: Decimal | None


def fees(events: Iterable[Event], year: int, zone: ZoneInfo) -> Iterator[Fee]:
    """What was paid to a venue (commission), to a chain (network), or kept out of what was received
    (withheld; Reg. 1.1012-1(j)(3)(iii))."""
    for event in events:
        if event.kind in NO_EVENTS:
            continue
        on = event.at.astimezone(zone).date()
        if on.year == year:
            for leg in event.fees():
                usd = None if leg.usd is None else cents(leg.usd)
                kind = _kind(event, leg)
                yield Fee(
                    event.event_id, event.kind, on, kind, leg.account, leg.asset, -leg.quantity, usd
                )


def _kind(event: Event, leg: Leg) -> str:
    if names().is_fiat(leg.asset):
        return COMMISSION
    if event.fees_beside or event.kind in _ON_A_CHAIN:
        return NETWORK
    return WITHHELD if any(g.asset == leg.asset for g in event.coming()) else COMMISSION
