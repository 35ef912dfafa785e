"""Replays events over pools of lots. Same events, same terms: same lots and disposals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush

from config.exact import ZERO, cents
from syncer.collector import collector_paused
from syncer.events import NO_PRICE, PURCHASES, Event, Leg, is_income, lot_id, told_elsewhere
from syncer.lots import amounts
from syncer.lots.amounts import Amount, Numbered, Plain, Sides
from syncer.lots.changeover import EVERYWHERE, PER_WALLET_FROM, change_over
from syncer.lots.disposing import Disposing
from syncer.lots.holding_period import Calendar, midnight
from syncer.lots.model import (
    OVERSOLD,
    Gift,
    Holding,
    Replay,
    Slice,
    State,
    dealt,
    lot_of,
    piece,
    rescale,
)
from syncer.lots.pools import (
    AverageQueue,
    Place,
    Pools,
    Queue,
    relabel,
    relabel_pieces,
)
from syncer.lots.reach import Node
from syncer.lots.steps import Arrival, Step, action_of, needs, ordered, steps_of
from syncer.lots.terms import Terms
from syncer.lots.units import Moving, Units


def replay(events: Iterable[Event], terms: Terms, until: datetime | None = None) -> Replay:
    """Lots and disposals of all events up to `until`; order of arrival does not matter."""
    events = list(events)
    if terms.zero_basis:
        terms = terms.followed(told_elsewhere(events))
    engine = Engine(terms)
    with collector_paused():
        engine.run(events, until)
        return engine.result()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """How things stood at the end of 2024: lots left by asset, units by (account, asset)."""

    lots: Mapping[str, list[Holding]]
    units: Mapping[tuple[str, str], Decimal]


def before_change_over(events: Iterable[Event], terms: Terms) -> Unchanged:
    """What a Rev. Proc. 2024-28 allocation allocates, under the universal way."""
    engine = Engine(terms)
    engine.run(events, midnight(PER_WALLET_FROM, terms.zone) - timedelta.resolution)
    lots: dict[str, list[Holding]] = defaultdict(list)
    for _, holding in engine.pools.open():
        lots[holding.asset].append(holding)
    return Unchanged(lots, engine.units.owned() if engine.units else {})


class Engine:
    """The state of one replay: it goes on from where it is, with later events."""

    def __init__(self, terms: Terms, only: frozenset[Node] | None = None) -> None:
        self._terms = terms
        self._only = only  # accounts and assets whose lots are followed; None means all
        self._calendar = Calendar(terms.zone)
        self.changes_at = midnight(PER_WALLET_FROM, terms.zone)
        self.units = Units() if terms.before_2025 == "universal" else None  # until 2025
        self.pools = Pools(AverageQueue if terms.average_from else Queue)
        self.disposing = Disposing(terms, self._calendar, self.pools)
        self.per_wallet = False  # from 2025-01-01 on
        self.at: datetime | None = None  # of the last step
        self.unallocated: dict[str, str] = {}
        self._places: dict[tuple[str, str], Place] = {}
        self._arrivals: list[Arrival] = []  # a heap of those on the way
        self._later: list[Event] = []  # known already, not due yet
        self._run = {
            "happen": self._happen,
            "depart": self._depart,
            "arrive": self._arrive,
            "wrap": self._wrap,
        }

    def go_on_with(self, held: Mapping[tuple[str, str], Iterable[Holding]]) -> None:
        """Start after 2025 began, from lots that lie in pools, by (pool, asset)."""
        self.per_wallet, self.units = True, None
        for (pool, asset), holdings in held.items():
            self.pools.queue(pool, asset).fill(holdings)

    def run(self, events: Iterable[Event], until: datetime | None = None) -> None:
        """Go on to `until`, or to the end. Raises ValueError for an event that is not later than
        what was done: its accounts and assets must start anew (`syncer.lots.reach`)."""
        due = sorted((*self._later, *events), key=_at)
        if due and self.at is not None and due[0].at <= self.at:
            raise ValueError(f"{due[0].event_id} is not later than {self.at}")
        arrivals, place, count = self._arrivals, 0, len(due)
        while place < count or arrivals:
            at = due[place].at if place < count else arrivals[0].at
            if arrivals and arrivals[0].at < at:
                at = arrivals[0].at
            if until is not None and at > until:
                break
            self._turn(at)
            end = place
            while end < count and due[end].at == at:
                end += 1
            if end - place == 1 and not arrivals and action_of(due[place].kind) == "happen":
                self._happen(due[place])
            elif (arrivals and arrivals[0].at == at) or not self._run_apart(due[place:end]):
                self._run_together(self._steps_at(at, due[place:end]))
            self.at, place = at, end
        self._later = due[place:]
        if until is None or until >= self.changes_at:
            self._turn(self.changes_at)

    def _turn(self, at: datetime) -> None:
        """What changes by the calendar alone."""
        if not self.per_wallet and at >= self.changes_at:
            self._change_over()
        if self._terms.average_from and at >= self._terms.average_from:
            self._start_to_average()

    def _steps_at(self, at: datetime, events: Iterable[Event]) -> list[Step]:
        """All that is due at an instant; what arrives later waits."""
        due: list[Step] = []
        for step in (s for e in events for s in steps_of(e)):
            if step.at == at:
                due.append(step)
            else:
                heappush(self._arrivals, Arrival(step.at, step.event.event_id, step))
        while self._arrivals and self._arrivals[0].at == at:
            due.append(heappop(self._arrivals).step)
        return due

    # ---- steps

    def _run_together(self, together: list[Step]) -> None:
        """Steps of one instant: those whose coins are there go first, as they must have."""
        together = ordered(together)
        while together:
            alone = len(together) == 1
            ready = together[0] if alone else next(filter(self._covered, together), together[0])
            together.remove(ready)
            self._run[ready.action](ready.event)

    def _run_apart(self, together: list[Event]) -> bool:
        """Plain purchases and sales of different coins at one instant: their order is nothing.
        False if they are something else."""
        plain = [amounts.plain(e) for e in together] if self.disposing.by_asset else []
        assets = {p[0].asset for p in plain if p is not None}
        if len(assets) != len(together):
            return False
        for event, how in sorted(zip(together, plain, strict=True), key=_event_id):
            if how is not None:
                self._trade(event, how)
        return True

    def _covered(self, step: Step) -> bool:
        if step.action == "arrive":
            moving = self.units.moving if self.units else self.pools.transit
            return step.event.event_id in moving
        needed: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for leg in needs(step):
            if not self._is_left_out(leg):
                needed[leg.account, leg.asset] -= leg.quantity
        return all(self._there(*place) >= units for place, units in needed.items())

    def _there(self, account: str, asset: str) -> Decimal:
        """Units of an account that have lots."""
        place = self._place(account, asset)
        if self.units:
            return min(self.units.here[account, asset], place.queue.units)
        if place.shared:
            return sum((h.left for h in place.queue if h.account == account), ZERO)
        return place.queue.units

    def _happen(self, event: Event) -> None:
        """Anything that is not a move between own places."""
        plain = amounts.plain(event)
        if plain is not None:
            self._trade(event, plain)
            return
        legs = amounts.sides(event)
        kept = amounts.withheld(event, legs)
        in_basis = event.kind == "trade" and self._fees_in_basis(event)
        if legs.out:
            kind = amounts.disposal_kind(event)
            brings = amounts.received_for(event, legs, kept, in_basis)
            for (number, leg), amount in zip(legs.out, brings, strict=True):
                self._dispose(event, number, leg, amount, kind)
        for _, leg in legs.into:
            basis = amounts.basis(event, leg, legs, kept, in_basis)
            basis = None if basis is None else cents(basis)
            self._acquire(event, leg, basis, leg.quantity - kept.get(leg.asset, ZERO))
        if legs.fees:
            self._pay_fees(event, legs.fees, legs)
        if self.disposing.follows and is_income(event.kind):
            self.disposing.earn(event)

    def _trade(self, event: Event, plain: Plain) -> None:
        leg, number, usd, fees = plain
        if leg.quantity > ZERO:
            self._acquire(event, leg, usd, leg.quantity)
        else:
            self._dispose(event, number, leg, (usd, fees), "sale")

    def _fees_in_basis(self, event: Event) -> bool:
        """History before 2025 as the person treated it: [treatment] fees_before_2025."""
        return self._terms.fees_before_2025 == "basis" and event.at < self.changes_at

    def _depart(self, event: Event) -> None:
        legs = amounts.sides(event)
        ways = [
            (leg, legs.coming[0].account if legs.coming else leg.account) for _, leg in legs.out
        ]
        if self.units:
            moving = [self._show_elsewhere(event, leg, target) for leg, target in ways]
            self.units.depart(event.event_id, moving)
        else:
            self.pools.transit[event.event_id] = [
                (leg.account, piece(one, target, (event.event_id,)))
                for leg, target in ways
                for one in self._move_out(event, leg)
            ]
        here = {g.account for g in legs.leaving}
        self._pay_fees(event, [f for f in legs.fees if f[1].account in here], legs)

    def _arrive(self, event: Event) -> None:
        for _, holding in self.pools.transit.pop(event.event_id, []):
            self._put(holding)
        if self.units:
            self.units.arrive(event.event_id)
        legs = amounts.sides(event)
        here = {g.account for g in legs.leaving}
        later = [f for f in legs.fees if f[1].account not in here]
        if later:
            self._pay_fees(replace(event, at=event.arrived_at or event.at), later, legs)

    def _wrap(self, event: Event) -> None:
        """Basis and date carry over to the other form of the coin, of which there may be another
        number of units ([treatment] wrap, lending, liquid_staking = carry)."""
        (out,), (into,) = event.leaving(), event.coming()
        moved = self._move_out(event, out)
        units = dealt([one.quantity for one in moved], -out.quantity, into.quantity)
        for one, quantity in zip(moved, units, strict=True):
            holding = piece(one, into.account, (event.event_id,))
            holding.asset = into.asset
            rescale(holding, quantity)
            self._put(holding)
        if self.units:
            short = -out.quantity - sum((one.quantity for one in moved), ZERO)
            self.units.take(out.account, out.asset, -out.quantity)
            never_there = self.units.forget(out.account, out.asset, short)
            there = dealt([-out.quantity - never_there], -out.quantity, into.quantity)
            self.units.add(into.account, into.asset, *there)
        self._pay_fees(event, [(n, g) for n, g in enumerate(event.legs, 1) if g.role == "fee"])

    def _move_out(self, event: Event, leg: Leg) -> list[Slice]:
        """Lots that leave their queue, by the transfer order."""
        if self._is_left_out(leg):
            return []
        queue, quantity = self._place(leg.account, leg.asset).queue, -leg.quantity
        order = self._terms.transfer_order
        if self.units:
            slices, short = queue.take_shown(leg.account, quantity, order)
            if short:  # what is shown here was sold elsewhere: it is one queue
                others, short = queue.take(short, order)
                slices += others
        else:
            slices, short = queue.take(quantity, order)
            relabel(queue, leg.account, slices)
        if short > ZERO:
            self.disposing.gaps[event.event_id].append(OVERSOLD)
        return slices

    def _show_elsewhere(self, event: Event, leg: Leg, target: str) -> Moving:
        """Units leave under the universal way: lots shown in their account are shown in another
        from now on. They stay in the one queue, where any sale may take them."""
        queue, quantity = self._place(leg.account, leg.asset).queue, -leg.quantity
        if self.units and self.units.take(leg.account, leg.asset, quantity):
            self.disposing.gaps[event.event_id].append(OVERSOLD)
        slices, _ = queue.take_shown(leg.account, quantity, self._terms.transfer_order)
        lots = [piece(one, target, (event.event_id,)) for one in slices]
        for lot in lots:
            queue.add(lot)
        return Moving(leg.account, target, leg.asset, quantity, lots)

    # ---- places

    def _is_left_out(self, leg: Leg) -> bool:
        return self._only is not None and (leg.account, leg.asset) not in self._only

    def _pool(self, account: str) -> str:
        """Where an account's lots lie: per pool from 2025 on, before as the person kept them."""
        if self.per_wallet:
            return self._terms.pool(account)
        return EVERYWHERE if self.units else account

    def _place(self, account: str, asset: str) -> Place:
        """The pool of an account and the queue of an asset there."""
        found = self._places.get((account, asset))
        if found is None:
            pool = self._pool(account)
            shared = self.per_wallet and pool in self._terms.pools.values()
            found = Place(pool, self.pools.queue(pool, asset), shared)
            self._places[account, asset] = found
        return found

    def _put(self, holding: Holding) -> None:
        self.pools.add(self._pool(holding.account), holding)

    def _change_over(self) -> None:
        self.unallocated = change_over(self.pools, self._terms, self.units, self.changes_at)
        self.per_wallet, self.units = True, None
        self._places.clear()
        self.at = max(self.at or self.changes_at, self.changes_at)

    def _start_to_average(self) -> None:
        for queue in self.pools.queues.values():
            if isinstance(queue, AverageQueue):
                queue.averaging = True

    # ---- acquisitions

    def _acquire(self, event: Event, leg: Leg, basis: Decimal | None, units: Decimal) -> None:
        """Open a lot; `basis` is in cents. Without one it is a lot all the same: FIFO must not pass
        it over."""
        if basis is None:
            self.disposing.gaps[event.event_id].append(NO_PRICE)
        if units <= ZERO or self._is_left_out(leg):
            return
        claim = event.claim
        at = (claim and claim.lot_acquired_at) or event.at
        holding = Holding(
            lot_id(event.event_id, leg.account, leg.asset),
            leg.account,
            leg.asset,
            at,
            units,
            basis,
            event.event_id,
        )
        holding.long_on = self._calendar.long_on(at)
        if event.kind in PURCHASES:
            holding.bought = True
        else:
            self._mark(holding, event, leg)
        if basis is None:
            holding.peculiar = True
        queue = self._place(leg.account, leg.asset).queue
        queue.add(holding)
        if self.units:
            self.units.add(leg.account, leg.asset, units)
        if holding.bought and self.disposing.washing:
            self.disposing.washing.bought(queue, holding)

    @staticmethod
    def _mark(holding: Holding, event: Event, leg: Leg) -> None:
        """What was given has a second basis (Reg. 1.1015-1), what was inherited is long-term."""
        if event.kind == "gift_in":
            holding.gift = Gift(event.at, None if leg.usd is None else cents(leg.usd))
        holding.inherited = event.kind == "inheritance"
        holding.peculiar = holding.inherited or holding.gift is not None

    # ---- dispositions

    def _pay_fees(self, event: Event, fees: Iterable[Numbered], legs: Sides | None = None) -> None:
        kept = amounts.withheld(event, legs) if legs else amounts.NOTHING
        for number, fee in fees:
            if not amounts.pays_in_coin(event, fee, kept) or self._is_left_out(fee):
                continue
            if fee.asset in kept:
                self.disposing.withhold(event, number, fee, self._pool(fee.account))
            else:
                self._dispose(event, number, fee, amounts.fee_brings(event, fee), "fee")

    def _dispose(self, event: Event, number: int, leg: Leg, amount: Amount, kind: str) -> None:
        if self._is_left_out(leg):
            return
        place = self._place(leg.account, leg.asset)
        slices = self.disposing.dispose(event, number, leg, amount, kind, place)
        if self.units:
            if self.units.take(leg.account, leg.asset, -leg.quantity):
                self.disposing.gaps[event.event_id].append(OVERSOLD)
            taken = sum((one.quantity for one in slices), ZERO)
            self.units.forget(leg.account, leg.asset, -leg.quantity - taken)
            relabel_pieces(place.queue, leg.account, slices)
        elif place.shared:
            relabel(place.queue, leg.account, slices)

    # ---- the end

    def result(self) -> Replay:
        """What follows from the events so far."""
        held = list(self.pools.open())
        under_way = self.units.on_the_way() if self.units else {}
        lots = []
        for pool, holding in held:
            source = under_way.get(id(holding))
            state: State = "in_transit" if source else "held"
            lots.append(lot_of(pool, holding, source or holding.account, state))
        holdings = [h for _, h in held]
        for key in sorted(self.pools.transit):
            for account, holding in self.pools.transit[key]:
                if holding.left:
                    lots.append(lot_of(self._pool(account), holding, account, "in_transit"))
                    holdings.append(holding)
        gaps = self.disposing.found_gaps()
        return Replay(
            tuple(lots),
            tuple(self.disposing.disposals),
            gaps,
            dict(self.unallocated),
            tuple(holdings),
        )


def _event_id(pair: tuple[Event, Plain | None]) -> str:
    return pair[0].event_id


def _at(event: Event) -> datetime:
    return event.at
