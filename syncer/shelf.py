"""Where books take derived rows from: the database, or a replay in memory. One moment each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from syncer.events import PURCHASES, UNPROVED, Event, is_income
from syncer.lots.changeover import UNALLOCATED
from syncer.lots.holding_period import Calendar
from syncer.lots.model import OVERSOLD, Disposal, Lot
from syncer.tax.year import totals


class Shelf(Protocol):
    """Derived rows, and only as many as are asked for."""

    @property
    def events(self) -> Sequence[Event]:
        """All events in order of time."""

    @property
    def questions(self) -> Sequence[Event]:
        """At least the events that review asks about."""

    @property
    def unproved(self) -> Sequence[Event]:
        """What applies without a proof."""

    @property
    def rests_on(self) -> Mapping[str, Sequence[str]]:
        """By event, the settings without which it would be something else."""

    @property
    def income(self) -> Sequence[Event]:
        """Events of ordinary income."""

    @property
    def accounts(self) -> frozenset[str]:
        """All accounts that something happened in."""

    @property
    def lots(self) -> Sequence[Lot]:
        """Open lots."""

    @property
    def disposals(self) -> Sequence[Disposal]:
        """All disposals in order of time."""

    @property
    def open_disposals(self) -> Sequence[Disposal]:
        """Those that have gaps and no gain, or lack what they took from."""

    @property
    def gains(self) -> Mapping[int, tuple[Decimal, Decimal]]:
        """(short, long) by tax year."""

    def disposals_between(self, start: datetime, end: datetime) -> Sequence[Disposal]:
        """Those from `start` on and before `end`."""

    def purchases(self, start: datetime, end: datetime) -> Sequence[Event]:
        """Buys and trades from `start` on and up to `end`."""

    def close(self) -> None:
        """Nothing more is asked for."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A shelf over a replay in memory."""

    events: Sequence[Event]
    lots: Sequence[Lot]
    disposals: Sequence[Disposal]
    zone: ZoneInfo

    @property
    def questions(self) -> Sequence[Event]:
        return self.events

    @property
    def unproved(self) -> Sequence[Event]:
        return [e for e in self.events if e.rule in UNPROVED]

    @property
    def rests_on(self) -> Mapping[str, Sequence[str]]:
        return {e.event_id: e.rests_on for e in self.events if e.rests_on}

    @property
    def income(self) -> Sequence[Event]:
        return [e for e in self.events if is_income(e.kind)]

    @property
    def accounts(self) -> frozenset[str]:
        return frozenset(g.account for e in self.events for g in e.legs)

    @property
    def open_disposals(self) -> Sequence[Disposal]:
        return [d for d in self.disposals if d.gaps and (d.gain_usd is None or lacks_lots(d))]

    @property
    def gains(self) -> Mapping[int, tuple[Decimal, Decimal]]:
        return gains_by_year(self.disposals, self.zone)

    def disposals_between(self, start: datetime, end: datetime) -> Sequence[Disposal]:
        return [d for d in self.disposals if start <= d.disposed_at < end]

    def purchases(self, start: datetime, end: datetime) -> Sequence[Event]:
        return [e for e in self.events if e.kind in PURCHASES and start <= e.at <= end]

    def close(self) -> None:
        """There is nothing to give back."""


def lacks_lots(one: Disposal) -> bool:
    return OVERSOLD in one.gaps or UNALLOCATED in one.gaps


def gains_by_year(
    disposals: Sequence[Disposal], zone: ZoneInfo
) -> dict[int, tuple[Decimal, Decimal]]:
    """(short, long) by local year."""
    calendar = Calendar(zone)
    years: dict[int, list[Disposal]] = defaultdict(list)
    for one in disposals:
        years[calendar.day(one.disposed_at).year].append(one)
    return {year: totals(found) for year, found in years.items()}
