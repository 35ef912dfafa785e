"""Which lots a sale takes by law: what was identified before it, else FIFO.

Treas. Reg. 1.1012-1(j)(2) for units in a wallet, (j)(3) for units at a broker. Notice 2025-7 as
extended by Notice 2026-20: until the end of 2026 the person's own books suffice for units at a
broker too; from 2027 on the broker must have been told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from syncer.lots.changeover import PER_WALLET_FROM
from syncer.lots.holding_period import Calendar
from syncer.lots.model import METHOD_NOT_IDENTIFIED, UNTAXED
from syncer.lots.terms import Allocation, NamedLot, Proof, SaleIdentification, StandingOrder, Terms

RELIEF_ENDS = date(2026, 12, 31)  # Notice 2026-20, section 3
NOT_GIVEN = "identification_not_given_to_broker"
NOT_HELD = "identified_lot_not_held"
NOT_COMPLETED = "allocation_not_completed"


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds one disposition: named lots first, the rest by a rule; gaps say what did not."""

    rule: str = "fifo"
    proof: Proof = "none"
    named: tuple[NamedLot, ...] = ()
    rest_proof: Proof = "none"
    gaps: tuple[str, ...] = ()


FIFO = Binding()
_WISHED = Binding(gaps=(METHOD_NOT_IDENTIFIED,))


def in_force(
    orders: Iterable[StandingOrder], account: str, asset: str, at: datetime, told: bool = False
) -> StandingOrder | None:
    """The newest order that covers the account and asset and was effective before `at`; of those
    that the broker was told of, if it must be."""
    found = _Orders(o for o in orders if _covers(o, account, asset))
    return (found.given(at) if told else found).newest(at)


def _covers(order: StandingOrder, account: str, asset: str) -> bool:
    return order.account == account and order.asset in (None, asset)


class _Orders:
    """Orders of one account and asset, in order of time; one for the asset alone goes first."""

    def __init__(self, orders: Iterable[StandingOrder]) -> None:
        self._orders = sorted(orders, key=lambda o: (o.effective_at, o.asset is not None))
        self._times = [o.effective_at for o in self._orders]

    def newest(self, at: datetime) -> StandingOrder | None:
        place = bisect_left(self._times, at)
        return self._orders[place - 1] if place else None

    def given(self, at: datetime) -> _Orders:
        """Those that the broker had been told of before `at`."""
        return _Orders(
            o for o in self._orders if o.given_to_broker_at and o.given_to_broker_at < at
        )


class Record:
    """All identifications of a person, asked once per sale; remembers which are used."""

    def __init__(self, terms: Terms, calendar: Calendar) -> None:
        self._terms, self._calendar = terms, calendar
        self._orders: dict[tuple[str, str], _Orders] = {}
        self._bindings: dict[int, Binding] = {}  # by id of an order, which the terms keep
        self._sales: dict[tuple[str, str], list[SaleIdentification]] = defaultdict(list)
        for one in sorted(terms.sales, key=lambda s: (s.recorded_at, s.number)):
            self._sales[one.account, one.asset].append(one)
        self._default = FIFO if terms.wish == "fifo" else _WISHED
        self._accounts = {o.account for o in terms.orders} | {s.account for s in terms.sales}
        self._used: set[int] = set()
        # a specific allocation must be completed before the first disposition: others are marked
        self._specific = {a for a, one in terms.allocations.items() if one.kind == "specific"}
        self.decides = bool(self._accounts or self._specific) or self._default is not FIFO

    def binding(self, account: str, asset: str, at: datetime, kind: str) -> Binding:
        """What binds a disposition of `kind` at an instant. Uses up an identification of it."""
        found = self._binding(account, asset, at, kind)
        if asset in self._specific and self._waits(self._terms.allocations[asset], at):
            gaps = tuple(dict.fromkeys((*found.gaps, NOT_COMPLETED)))
            return replace(found, gaps=gaps)
        return found

    def _binding(self, account: str, asset: str, at: datetime, kind: str) -> Binding:
        if account not in self._accounts:
            return FIFO if kind in UNTAXED else self._default
        told = must_be_told(account, at, self._terms.brokers, self._calendar)
        if not told and not self._sales:
            order = self._of(account, asset).newest(at)
            if order is not None:
                return self._by_order(order)
        rule, proof, gaps = self._rule(account, asset, at, kind, told)
        if kind == "fee":
            return Binding(rule, proof, (), proof, gaps)
        sale, why = self._sale(account, asset, at, told, exactly=kind in UNTAXED)
        if sale is None:
            return Binding(rule, proof, (), proof, (*why, *gaps))
        # an older record of the same sale is spent with the newest: it was corrected
        self._used |= {s.number for s in self._of_sale(account, asset, at, sale.before)}
        return Binding(rule, sale.proof, sale.lots, proof)

    def _of(self, account: str, asset: str) -> _Orders:
        orders = self._orders.get((account, asset))
        if orders is None:
            fitting = (o for o in self._terms.orders if _covers(o, account, asset))
            orders = self._orders[account, asset] = _Orders(fitting)
        return orders

    def _by_order(self, order: StandingOrder) -> Binding:
        found = self._bindings.get(id(order))
        if found is None:
            found = Binding(order.rule, order.proof, (), order.proof)
            self._bindings[id(order)] = found
        return found

    def _rule(
        self, account: str, asset: str, at: datetime, kind: str, told: bool
    ) -> tuple[str, Proof, tuple[str, ...]]:
        orders = self._of(account, asset)
        own = orders.newest(at)
        order = orders.given(at).newest(at) if told else own
        gaps = (NOT_GIVEN,) if own is not order else ()
        if order is None:
            wished = () if kind in UNTAXED else self._default.gaps
            return "fifo", "none", (*gaps, *wished)
        return order.rule, order.proof, gaps

    def _of_sale(
        self, account: str, asset: str, at: datetime, before: datetime | None = None
    ) -> list[SaleIdentification]:
        """Unused identifications whose time an instant lies in; those that end first go first, and
        of those that end together, which are of one sale, the newest."""
        found = [
            one
            for one in reversed(self._sales.get((account, asset), ()))
            if one.number not in self._used and covers(one, at) and before in (None, one.before)
        ]
        return sorted(found, key=lambda one: one.before)

    def _sale(
        self, account: str, asset: str, at: datetime, told: bool, exactly: bool
    ) -> tuple[SaleIdentification | None, tuple[str, ...]]:
        """What identifies a sale, or a gift if the record names its very time."""
        why: tuple[str, ...] = ()
        for one in self._of_sale(account, asset, at):
            if exactly and not _is_at(one, at):
                continue
            if self._waits(self._terms.allocations.get(asset), at):
                return None, (NOT_COMPLETED,)
            given = one.given_to_broker_at
            if told and (given is None or given > at):
                why = (NOT_GIVEN,)
                continue
            return one, ()
        return None, why

    def _waits(self, allocation: Allocation | None, at: datetime) -> bool:
        """Rev. Proc. 2024-28: until the allocation is completed only standing orders identify."""
        if allocation is None or self._terms.before_2025 != "universal":
            return False
        return allocation.completed_at > at and self._calendar.day(at) >= PER_WALLET_FROM


def covers(one: SaleIdentification, at: datetime) -> bool:
    """Whether a disposition at an instant can be the one that a record is for."""
    return one.recorded_at <= at and (at <= one.before or _is_at(one, at))


def _is_at(one: SaleIdentification, at: datetime) -> bool:
    """Whether a record names an instant, to the second if it says no more."""
    return one.before in (at, at.replace(microsecond=0))


def must_be_told(account: str, at: datetime, brokers: Container[str], calendar: Calendar) -> bool:
    """Whether only what the broker was told binds a sale (Notice 2026-20 has ended)."""
    return account in brokers and calendar.day(at) > RELIEF_ENDS


def text_for_broker(order: StandingOrder) -> str:
    """What to send to the broker, so that the order binds from 2027 on."""
    what = order.asset or "all digital assets"
    rules = {
        "fifo": "the units acquired first (FIFO)",
        "lifo": "the units acquired last (LIFO)",
        "hifo": "the units with the highest basis per unit (HIFO)",
        "lofo": "the units with the lowest basis per unit (LOFO)",
        "tax_min": "the units whose sale causes the least tax, named by me at each sale",
    }
    return (
        f"Standing order under Treas. Reg. 1.1012-1(j)(3)(ii): for {what} in my account, until I "
        f"revoke it, please treat as sold, disposed of or transferred {rules[order.rule]}."
    )
