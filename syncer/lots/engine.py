"""Replays events over pools of lots. Same events, same terms: same lots and disposals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from config.exact import ZERO, cents, dealt
from syncer.events import NO_PRICE, Event, Leg, is_income, lot_id
from syncer.lots import amounts
from syncer.lots.amounts import Amount, coins
from syncer.lots.holding_period import term
from syncer.lots.model import (
    METHOD_NOT_IDENTIFIED,
    OVERSOLD,
    Disposal,
    Gift,
    Holding,
    Identification,
    Lot,
    Replay,
    Slice,
    StandingOrder,
    State,
    Terms,
    sale_basis,
)
from syncer.lots.pools import Pools, piece


def replay(events: Iterable[Event], terms: Terms, until: datetime | None = None) -> Replay:
    """Lots and disposals of all events up to `until`; order of arrival does not matter."""
    engine = _Engine(terms)
    steps = sorted(_steps(events), key=lambda s: s.order)
    for at, together in groupby(steps, key=lambda s: s.at):
        if until is None or at <= until:
            engine.run_together(list(together))
    return engine.result()


@dataclass(frozen=True, slots=True)
class _Step:
    """Something an event does to the lots at one instant; `order` comes from content, so that the
    same history read from another source is replayed alike."""

    at: datetime
    order: tuple[datetime, int, tuple[str, ...], str]
    event: Event
    run: Callable[[_Engine, Event], None]
    needs: tuple[Leg, ...]
    after: str | None = None  # an event that must have departed first


def _steps(events: Iterable[Event]) -> Iterator[_Step]:
    """What comes in goes before what goes out."""
    for event in events:
        content = tuple(f"{g.account} {g.asset} {g.quantity:f} {g.usd}" for g in event.legs)

        def step(
            run: Callable[[_Engine, Event], None],
            rank: int,
            event: Event = event,
            content: tuple[str, ...] = content,
        ) -> _Step:
            arriving = run is _Engine.arrive
            at = (event.arrived_at or event.at) if arriving else event.at
            order = (at, rank, content, event.event_id)
            after = event.event_id if arriving else None
            return _Step(at, order, event, run, _needs(event, arriving), after)

        if event.kind in ("transfer", "withdrawal"):
            yield step(_Engine.depart, 2)
        if event.kind == "transfer":
            yield step(_Engine.arrive, 3)
        elif event.kind == "wrap":
            yield step(_Engine.wrap, 2)
        elif event.kind in _EFFECTS or is_income(event.kind):
            brings = event.coming() and not event.leaving()
            yield step(_Engine.happen, 0 if brings else 1)


def _needs(event: Event, arriving: bool) -> tuple[Leg, ...]:
    """What must lie there for a step: the coins that leave, and those that pay its fees."""
    if arriving:
        return ()
    here = {g.account for g in event.leaving()} or {f.account for f in event.fees()}
    withheld = amounts.withheld(event)
    fees = [f for f in event.fees() if f.asset not in withheld and f.account in here]
    return tuple(coins((*event.leaving(), *fees)))


class _Engine:
    """The state of one replay."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._pools = Pools()
        self._disposals: list[Disposal] = []
        self._gaps: dict[str, list[str]] = defaultdict(list)
        self._numbers: dict[str, int] = defaultdict(int)

    # ---- steps

    def run_together(self, steps: list[_Step]) -> None:
        """Steps of one instant: those whose coins are there go first, as they must have."""
        while steps:
            alone = len(steps) == 1
            ready = steps[0] if alone else next(filter(self._covered, steps), steps[0])
            steps.remove(ready)
            ready.run(self, ready.event)

    def _covered(self, step: _Step) -> bool:
        if step.after is not None:
            return step.after in self._pools.transit
        needed: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for leg in step.needs:
            needed[self._terms.pool(leg.account), leg.asset] -= leg.quantity
        return all(self._pools.has(*place) >= units for place, units in needed.items())

    def happen(self, event: Event) -> None:
        """Anything that is not a move between own places."""
        for leg, amount in amounts.received_for(event):
            self._dispose(event, leg, amount, amounts.disposal_kind(event))
        for leg in coins(event.coming()):
            self._acquire(event, leg)
        self._pay_fees(event, event.fees())

    def depart(self, event: Event) -> None:
        moving: list[tuple[str, Holding]] = []
        for leg in coins(event.leaving()):
            target = next((g.account for g in event.coming()), leg.account)
            slices = self._move_out(event, leg)
            moving += [(leg.account, piece(one, target)) for one in slices]
        self._pools.transit[event.event_id] = moving
        here = {g.account for g in event.leaving()}
        self._pay_fees(event, [f for f in event.fees() if f.account in here])

    def arrive(self, event: Event) -> None:
        for _, holding in self._pools.transit.pop(event.event_id, []):
            self._pools.add(self._terms.pool(holding.account), holding)
        here = {g.account for g in event.leaving()}
        later = replace(event, at=event.arrived_at or event.at)
        self._pay_fees(later, [f for f in event.fees() if f.account not in here])

    def wrap(self, event: Event) -> None:
        """Basis and date carry over to the other form of the coin ([treatment] wrap = carry)."""
        (out,), (into,) = event.leaving(), event.coming()
        for one in self._move_out(event, out):
            self._pools.add(self._terms.pool(into.account), piece(one, into.account, into.asset))
        self._pay_fees(event, event.fees())

    def _move_out(self, event: Event, leg: Leg) -> list[Slice]:
        """Lots that leave their place, by the transfer order (FIFO)."""
        pool = self._terms.pool(leg.account)
        slices, short = self._pools.take(pool, leg.asset, leg.account, -leg.quantity, "fifo")
        if short > ZERO:
            self._gaps[event.event_id].append(OVERSOLD)
        return slices

    # ---- acquisitions

    def _acquire(self, event: Event, leg: Leg) -> None:
        """Open a lot. Without a basis it is one all the same: FIFO must not pass it over."""
        basis = amounts.basis(event, leg)
        if basis is None:
            self._gaps[event.event_id].append(NO_PRICE)
        units = leg.quantity - amounts.withheld(event).get(leg.asset, ZERO)
        if units <= ZERO:
            return
        value = None if leg.usd is None else cents(leg.usd)
        self._pools.add(
            self._terms.pool(leg.account),
            Holding(
                lot_id=lot_id(event.event_id, leg.account, leg.asset),
                account=leg.account,
                asset=leg.asset,
                acquired_at=(event.claim and event.claim.lot_acquired_at) or event.at,
                whole=units,
                basis=None if basis is None else cents(basis),
                source_event=event.event_id,
                gift=Gift(event.at, value) if event.kind == "gift_in" else None,
                inherited=event.kind == "inheritance",
            ),
        )

    # ---- dispositions

    def _pay_fees(self, event: Event, fees: Iterable[Leg]) -> None:
        withheld = amounts.withheld(event)
        for fee in fees:
            if not amounts.pays_in_coin(event, fee):
                continue
            if fee.asset in withheld:
                self._withhold(event, fee)
            else:
                self._dispose(event, fee, amounts.fee_brings(event, fee), "fee")

    def _withhold(self, event: Event, fee: Leg) -> None:
        """Units withheld from what was just received: basis equals proceeds, zero gain."""
        value = None if fee.usd is None else cents(fee.usd)
        lot = lot_id(event.event_id, fee.account, fee.asset)
        gaps = (NO_PRICE,) if value is None else ()
        self._record(
            event,
            fee,
            -fee.quantity,
            "fee_withheld",
            (value, ZERO),
            gaps,
            acquired_at=event.at,
            basis_usd=value,
            lot_id=lot,
        )

    def _dispose(self, event: Event, leg: Leg, amount: Amount, kind: str) -> None:
        quantity, (proceeds, fees) = -leg.quantity, amount
        rule, proof, gaps = self._rule(event, leg, kind)
        pool = self._terms.pool(leg.account)
        slices, short = self._pools.take(pool, leg.asset, leg.account, quantity, rule)
        if proceeds is None and kind not in ("gift", "lost"):
            gaps = (*gaps, NO_PRICE)
        weights = [*(one.quantity for one in slices), short]
        costs = dealt(cents(fees), weights, quantity)
        shares: list[Decimal | None] = [None] * len(weights)
        if proceeds is not None:
            shares = list(dealt(cents(proceeds), weights, quantity))
        dealt_out = list(zip(shares, costs, strict=True))
        for one, share in zip(slices, dealt_out, strict=False):
            self._record_slice(event, leg, one, kind, share, gaps, proof)
        if short > ZERO:
            self._record_short(event, leg, short, kind, dealt_out[-1], gaps)

    def _record_slice(
        self,
        event: Event,
        leg: Leg,
        one: Slice,
        kind: str,
        amount: Amount,
        gaps: tuple[str, ...],
        proof: Identification,
    ) -> None:
        held = one.holding
        acquired, basis = sale_basis(held.acquired_at, one.basis, one.gift, amount[0])
        if basis is None and kind not in ("gift", "lost") and NO_PRICE not in gaps:
            gaps = (*gaps, NO_PRICE)
        self._record(
            event,
            leg,
            one.quantity,
            kind,
            amount,
            gaps,
            proof=proof,
            acquired_at=acquired,
            basis_usd=basis,
            lot_id=held.lot_id,
            inherited=held.inherited,
        )

    def _record_short(
        self,
        event: Event,
        leg: Leg,
        short: Decimal,
        kind: str,
        amount: Amount,
        gaps: tuple[str, ...],
    ) -> None:
        """More was disposed of than is known: no date, basis, gain or term, unless a person
        accepted zero basis with a term."""
        accepted = self._terms.zero_basis.get((event.event_id, leg.asset))
        if accepted:
            self._record(event, leg, short, kind, amount, gaps, basis_usd=ZERO, accepted=accepted)
            return
        self._gaps[event.event_id].append(OVERSOLD)
        self._record(event, leg, short, kind, amount, (*gaps, OVERSOLD))

    def _record(
        self,
        event: Event,
        leg: Leg,
        quantity: Decimal,
        kind: str,
        amount: Amount,
        gaps: tuple[str, ...],
        *,
        proof: Identification = "none",
        acquired_at: datetime | None = None,
        basis_usd: Decimal | None = None,
        lot_id: str | None = None,
        inherited: bool = False,
        accepted: str | None = None,
    ) -> None:
        proceeds, fees = amount
        self._numbers[event.event_id] += 1
        gain = None if proceeds is None or basis_usd is None else proceeds - basis_usd
        held = "long" if inherited else accepted
        if held is None and acquired_at is not None:
            held = term(acquired_at, event.at, self._terms.zone)
        self._disposals.append(
            Disposal(
                disposal_id=f"{event.event_id}.{self._numbers[event.event_id]}",
                event_id=event.event_id,
                account=leg.account,
                pool=self._terms.pool(leg.account),
                asset=leg.asset,
                quantity=quantity,
                acquired_at=acquired_at,
                disposed_at=event.at,
                proceeds_usd=proceeds,
                fees_usd=fees,
                basis_usd=basis_usd,
                gain_usd=gain,
                term="long" if held == "long" else "short" if held else None,
                lot_id=lot_id,
                txid=event.txid,
                kind=kind,
                identification=proof,
                inherited=inherited,
                gaps=gaps,
            )
        )

    def _rule(
        self, event: Event, leg: Leg, kind: str
    ) -> tuple[str, Identification, tuple[str, ...]]:
        """The rule of the newest standing order that was in force before this sale, else FIFO."""
        order = in_force(self._terms.orders, leg.account, leg.asset, event.at)
        if order:
            return order.rule, order.proof, ()
        wished = self._terms.wish != "fifo" and kind not in ("gift", "lost")
        return "fifo", "none", (METHOD_NOT_IDENTIFIED,) if wished else ()

    def result(self) -> Replay:
        lots = [_lot(pool, h, h.account, "held") for pool, h in self._pools.open()]
        for key in sorted(self._pools.transit):
            for account, holding in self._pools.transit[key]:
                lots.append(_lot(self._terms.pool(account), holding, account, "in_transit"))
        gaps = {event: tuple(dict.fromkeys(found)) for event, found in self._gaps.items()}
        return Replay(tuple(lots), tuple(self._disposals), gaps)


_EFFECTS = frozenset(
    {"buy", "sell", "trade", "spend", "gift_out", "donation", "lost"}
    | {"opening", "gift_in", "inheritance", "fee"}
)


def in_force(
    orders: Iterable[StandingOrder], account: str, asset: str, at: datetime
) -> StandingOrder | None:
    """The newest order that covers the account and asset and was effective before `at`."""
    fitting = [
        o
        for o in orders
        if o.account == account and o.asset in (None, asset) and o.effective_at < at
    ]
    return max(fitting, key=lambda o: (o.effective_at, o.asset is not None), default=None)


def _lot(pool: str, holding: Holding, account: str, state: State) -> Lot:
    rest = holding.rest()
    return Lot(
        lot_id=holding.lot_id,
        account=account,
        pool=pool,
        asset=holding.asset,
        quantity=rest.quantity,
        basis_usd=rest.basis,
        acquired_at=holding.acquired_at,
        state=state,
        source_event=holding.source_event,
        gift=rest.gift,
        inherited=holding.inherited,
    )
