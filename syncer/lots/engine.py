"""Replays events over pools of lots. Same events, same terms: same lots and disposals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from config.assets import names
from config.exact import ZERO, cents, dealt
from syncer.ledger.model import Event, Leg, is_income, lot_id
from syncer.lots.holding_period import term
from syncer.lots.model import (
    METHOD_NOT_IDENTIFIED,
    OVERSOLD,
    Disposal,
    Holding,
    Identification,
    Lot,
    Replay,
    Slice,
    Terms,
)
from syncer.lots.pools import Pools, piece

_KINDS = {"sell": "sale", "trade": "swap", "spend": "spend", "lost": "lost"}
_GIFTS = frozenset({"gift_out", "donation"})


def replay(events: Iterable[Event], terms: Terms, until: datetime | None = None) -> Replay:
    """Lots and disposals of all events up to `until`; order of arrival does not matter."""
    engine = _Engine(terms)
    for at, _, _, step, event in sorted(_steps(events), key=lambda s: s[:3]):
        if until is None or at <= until:
            step(engine, event)
    return engine.result()


def _steps(events: Iterable[Event]) -> Iterable[tuple[datetime, int, str, _Step, Event]]:
    """(time, order at one instant, id, step, event): what comes in goes before what goes out."""
    for event in events:
        if event.kind in ("transfer", "withdrawal"):
            yield event.at, 2, event.event_id, _Engine.depart, event
        if event.kind == "transfer":
            yield event.arrived_at or event.at, 3, event.event_id, _Engine.arrive, event
        elif event.kind == "wrap":
            yield event.at, 2, event.event_id, _Engine.wrap, event
        elif event.kind in _EFFECTS or is_income(event.kind):
            brings = event.coming() and not event.leaving()
            yield event.at, 0 if brings else 1, event.event_id, _Engine.happen, event


class _Engine:
    """The state of one replay."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._pools = Pools()
        self._disposals: list[Disposal] = []
        self._gaps: dict[str, list[str]] = defaultdict(list)
        self._numbers: dict[str, int] = defaultdict(int)

    # ---- steps

    def happen(self, event: Event) -> None:
        """Anything that is not a move between own places."""
        withheld = self._withheld(event)
        for leg in _coins(event.leaving()):
            self._dispose(event, leg, self._share(event, leg, withheld), _kind(event))
        for leg in _coins(event.coming()):
            self._acquire(event, leg, withheld)
        self._pay_fees(event, withheld)

    def depart(self, event: Event) -> None:
        moving: list[tuple[str, Holding]] = []
        for leg in _coins(event.leaving()):
            slices = self._take(event, leg.account, leg.asset, -leg.quantity, "fifo")
            target = next((g.account for g in event.coming()), leg.account)
            moving += [(leg.account, piece(one, target)) for one in slices]
        self._pools.transit[event.event_id] = moving
        self._pay_fees(event, {})

    def arrive(self, event: Event) -> None:
        for _, holding in self._pools.transit.pop(event.event_id, []):
            self._pools.add(self._terms.pool(holding.account), holding)

    def wrap(self, event: Event) -> None:
        """Basis and date carry over to the other form of the coin ([treatment] wrap = carry)."""
        (out,), (into,) = event.leaving(), event.coming()
        for one in self._take(event, out.account, out.asset, -out.quantity, "fifo"):
            self._pools.add(self._terms.pool(into.account), piece(one, into.account, into.asset))
        self._pay_fees(event, {})

    # ---- acquisitions

    def _acquire(self, event: Event, leg: Leg, withheld: dict[str, Decimal]) -> None:
        basis = self._basis(event, leg)
        if basis is None:
            self._gaps[event.event_id].append("no_price")
            return  # a lot without basis would be a guess: later sales show as oversold
        units = leg.quantity - withheld.get(leg.asset, ZERO)
        if units <= ZERO:
            return
        claim = event.claim
        acquired = (claim.lot_acquired_at if claim else None) or event.at
        gift = event.kind == "gift_in"
        value = None if leg.usd is None else cents(leg.usd)
        self._pools.add(
            self._terms.pool(leg.account),
            Holding(
                lot_id=lot_id(event.event_id, leg.account, leg.asset),
                account=leg.account,
                asset=leg.asset,
                acquired_at=acquired,
                whole=units,
                basis=cents(basis),
                source_event=event.event_id,
                loss_basis=value if gift and value is not None and value < basis else None,
                gifted_at=event.at if gift else None,
                inherited=event.kind == "inheritance",
            ),
        )

    def _basis(self, event: Event, leg: Leg) -> Decimal | None:
        """Total basis of the units that stay. Reg. 1.1012-1(h): the costs of a purchase with money
        are in it, those of a swap are not."""
        if event.claim and event.claim.lot_basis_usd is not None:
            return event.claim.lot_basis_usd
        if event.kind in ("opening", "gift_in"):
            return None
        if leg.usd is None:
            return None
        fees = _fees(event, leg.asset)
        if event.kind == "buy":
            # units withheld from a purchase add their cost back at the same price: no change
            return None if fees is None else leg.usd + fees
        same = sum((f.usd or ZERO for f in event.fees() if f.asset == leg.asset), ZERO)
        return leg.usd - same

    def _withheld(self, event: Event) -> dict[str, Decimal]:
        """Fee units out of the coins just received, by asset (Reg. 1.1012-1(j)(3)(iii))."""
        received = {g.asset for g in _coins(event.coming())}
        units: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for fee in event.fees():
            if fee.asset in received:
                units[fee.asset] += -fee.quantity
        return units

    # ---- dispositions

    def _share(self, event: Event, leg: Leg, withheld: dict[str, Decimal]) -> _Amount:
        """(proceeds, fees) of one leaving leg: what was received for it, less all costs."""
        if event.kind in _GIFTS or event.kind == "lost":
            return None, ZERO
        fees = _all_fees(event)
        if event.kind == "spend":
            return (None if leg.usd is None or fees is None else leg.usd - fees), fees or ZERO
        received = [g.usd for g in event.coming()]
        if fees is None or any(usd is None for usd in received):
            return None, ZERO
        total = sum((usd for usd in received if usd is not None), ZERO)
        part = self._part(event, leg)
        return None if part is None else (total - fees) * part, fees * (part or ZERO)

    def _part(self, event: Event, leg: Leg) -> Decimal | None:
        legs = _coins(event.leaving())
        if len(legs) == 1:
            return Decimal(1)
        whole = sum((g.usd or ZERO for g in legs), ZERO)
        return None if leg.usd is None or not whole else leg.usd / whole

    def _pay_fees(self, event: Event, withheld: dict[str, Decimal]) -> None:
        """A fee in coin is a disposition of that coin at its value (Reg. 1.1001-7(b)(1)(iii))."""
        for fee in event.fees():
            if names().is_fiat(fee.asset):
                continue
            if fee.asset in withheld:
                if not is_income(event.kind):  # the venue's cut of a reward was never received
                    self._withhold(event, fee)
                continue
            value = fee.usd
            on_fee = (event.claim.fee_on_fee_quantity if event.claim else None) or ZERO
            cost = ZERO if value is None else value * on_fee / -fee.quantity
            net = None if value is None else value - cost
            self._dispose(event, fee, (net, cost), "fee")

    def _withhold(self, event: Event, fee: Leg) -> None:
        """Units withheld from what was just received: basis equals proceeds, zero gain."""
        value = None if fee.usd is None else cents(fee.usd)
        lot = lot_id(event.event_id, fee.account, fee.asset)
        self._record(
            event, fee, -fee.quantity, event.at, value, ZERO, value, lot, "fee_withheld", "none"
        )

    def _dispose(self, event: Event, leg: Leg, amount: _Amount, kind: str) -> None:
        quantity, (proceeds, fees) = -leg.quantity, amount
        rule, proof, gaps = self._rule(event, leg, kind)
        slices, short = self._pools.take(
            self._terms.pool(leg.account), leg.asset, leg.account, quantity, rule
        )
        weights = [one.quantity for one in slices] + [short]
        shares = [None] * len(weights) if proceeds is None else _deal(proceeds, weights, quantity)
        costs = _deal(fees, weights, quantity)
        if proceeds is None and kind not in ("gift", "lost"):
            gaps = (*gaps, "no_price")
        for one, share, cost in zip(slices, shares, costs, strict=False):
            self._record_slice(event, leg, one, share, cost, kind, proof, gaps)
        if short > ZERO:
            self._record_short(event, leg, short, shares[-1], costs[-1], kind, gaps)

    def _record_slice(
        self,
        event: Event,
        leg: Leg,
        one: Slice,
        proceeds: Decimal | None,
        fees: Decimal,
        kind: str,
        proof: Identification,
        gaps: tuple[str, ...],
    ) -> None:
        acquired, basis = one.holding.acquired_at, one.basis
        if proceeds is not None and one.loss_basis is not None and proceeds < basis:
            # Reg. 1.1015-1: a loss is measured from the value at the gift, and only beyond it
            if proceeds >= one.loss_basis:
                basis = proceeds
            else:
                basis, acquired = one.loss_basis, one.holding.gifted_at or acquired
        self._record(
            event,
            leg,
            one.quantity,
            acquired,
            proceeds,
            fees,
            basis,
            one.holding.lot_id,
            kind,
            proof,
            gaps,
            one.holding.inherited,
        )

    def _record_short(
        self,
        event: Event,
        leg: Leg,
        short: Decimal,
        proceeds: Decimal | None,
        fees: Decimal,
        kind: str,
        gaps: tuple[str, ...],
    ) -> None:
        accepted = self._terms.zero_basis.get(event.event_id)
        gaps = gaps if accepted else (*gaps, OVERSOLD)
        self._gaps[event.event_id] += [] if accepted else [OVERSOLD]
        gain = proceeds if accepted else None
        self._disposals.append(
            Disposal(
                disposal_id=self._number(event),
                event_id=event.event_id,
                account=leg.account,
                pool=self._terms.pool(leg.account),
                asset=leg.asset,
                quantity=short,
                acquired_at=None,
                disposed_at=event.at,
                proceeds_usd=proceeds,
                fees_usd=fees,
                basis_usd=ZERO if accepted else None,
                gain_usd=gain,
                term=accepted,
                lot_id=None,
                txid=event.txid,
                kind=kind,
                gaps=gaps,
            )
        )

    def _record(
        self,
        event: Event,
        leg: Leg,
        quantity: Decimal,
        acquired: datetime,
        proceeds: Decimal | None,
        fees: Decimal,
        basis: Decimal | None,
        lot: str,
        kind: str,
        proof: Identification,
        gaps: tuple[str, ...] = (),
        inherited: bool = False,
    ) -> None:
        known = proceeds is not None and basis is not None
        self._disposals.append(
            Disposal(
                disposal_id=self._number(event),
                event_id=event.event_id,
                account=leg.account,
                pool=self._terms.pool(leg.account),
                asset=leg.asset,
                quantity=quantity,
                acquired_at=acquired,
                disposed_at=event.at,
                proceeds_usd=proceeds,
                fees_usd=fees,
                basis_usd=basis,
                gain_usd=proceeds - basis
                if known and proceeds is not None and basis is not None
                else None,
                term="long" if inherited else term(acquired, event.at, self._terms.zone),
                lot_id=lot,
                txid=event.txid,
                kind=kind,
                identification=proof,
                inherited=inherited,
                gaps=gaps,
            )
        )

    # ---- parts

    def _take(
        self, event: Event, account: str, asset: str, quantity: Decimal, rule: str
    ) -> list[Slice]:
        slices, short = self._pools.take(self._terms.pool(account), asset, account, quantity, rule)
        if short > ZERO:
            self._gaps[event.event_id].append(OVERSOLD)
        return slices

    def _rule(
        self, event: Event, leg: Leg, kind: str
    ) -> tuple[str, Identification, tuple[str, ...]]:
        """The rule of the newest standing order that was in force before this sale, else FIFO."""
        order = None
        for candidate in self._terms.orders:
            fits = candidate.account == leg.account and candidate.asset in (None, leg.asset)
            if fits and candidate.effective_at < event.at:
                later = order is None or (candidate.effective_at, candidate.asset or "") >= (
                    order.effective_at,
                    order.asset or "",
                )
                order = candidate if later else order
        if order:
            return order.rule, order.proof, ()
        wished = self._terms.wish != "fifo" and kind not in ("gift", "lost")
        return "fifo", "none", (METHOD_NOT_IDENTIFIED,) if wished else ()

    def _number(self, event: Event) -> str:
        self._numbers[event.event_id] += 1
        return f"{event.event_id}.{self._numbers[event.event_id]}"

    def result(self) -> Replay:
        lots = [self._lot(pool, h, "held") for pool, h in self._pools.open()]
        for key in sorted(self._pools.transit):
            lots += [
                self._lot(self._terms.pool(a), h, "in_transit", a)
                for a, h in self._pools.transit[key]
            ]
        gaps = {event: tuple(dict.fromkeys(found)) for event, found in self._gaps.items() if found}
        return Replay(tuple(lots), tuple(self._disposals), gaps)

    def _lot(self, pool: str, holding: Holding, state: str, account: str | None = None) -> Lot:
        loss = None if holding.loss_basis is None else holding.loss_basis - holding.loss_dealt
        return Lot(
            lot_id=holding.lot_id,
            account=account or holding.account,
            pool=pool,
            asset=holding.asset,
            quantity=holding.left,
            basis_usd=holding.basis - holding.dealt,
            acquired_at=holding.acquired_at,
            state="held" if state == "held" else "in_transit",
            source_event=holding.source_event,
            loss_basis_usd=loss,
            inherited=holding.inherited,
        )


_Amount = tuple[Decimal | None, Decimal]
_Step = Callable[[_Engine, Event], None]
_EFFECTS = frozenset(
    {"buy", "sell", "trade", "spend", "gift_out", "donation", "lost"}
    | {"opening", "gift_in", "inheritance", "fee"}
)


def _kind(event: Event) -> str:
    return "gift" if event.kind in _GIFTS else _KINDS.get(event.kind, "other")


def _coins(legs: Iterable[Leg]) -> list[Leg]:
    return [g for g in legs if not names().is_fiat(g.asset)]


def _all_fees(event: Event) -> Decimal | None:
    """All costs of an event in dollars, the fee on the fee apart; None if one has no price."""
    total = ZERO
    on_fee = (event.claim.fee_on_fee_quantity if event.claim else None) or ZERO
    received = {g.asset for g in event.coming()}
    for fee in event.fees():
        if fee.usd is None:
            return None
        # of units withheld from what was received, all costs belong to what was given up
        apart = not names().is_fiat(fee.asset) and fee.asset not in received
        total += fee.usd - (fee.usd * on_fee / -fee.quantity if apart else ZERO)
    return total


def _fees(event: Event, received: str) -> Decimal | None:
    """Costs of a purchase that were paid beside the coin received."""
    others = [f.usd for f in event.fees() if f.asset != received]
    if any(usd is None for usd in others):
        return None
    return sum((usd for usd in others if usd is not None), ZERO)


def _deal(total: Decimal, weights: list[Decimal], whole: Decimal) -> list[Decimal]:
    return list(dealt(cents(total), weights, whole))
