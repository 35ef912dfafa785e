"""Lots and disposals, the values that leave the engine: cents, and exact quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from config.exact import ZERO, cents

Term = Literal["short", "long"]
State = Literal["held", "in_transit"]
Identification = Literal["none", "proved", "attested"]

_tuple = tuple.__new__  # what Slice(...) does, at half its time
UNTAXED = frozenset({"gift", "lost"})  # kinds of disposals without proceeds
ASK_AN_ADVISER = "ask_an_adviser"  # lost or stolen: IRC 165(c) is not worked out here
LAST_PLACE = Decimal(1).scaleb(-18)  # of nearly all tokens
OVERSOLD = "oversold"
METHOD_NOT_IDENTIFIED = "method_not_identified"


@dataclass(frozen=True, slots=True)
class Gift:
    """The second basis of a gift (Reg. 1.1015-1): its value when given, which measures a loss;
    None if that is not known. In cents, for the units of its lot."""

    given_at: datetime
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Lot:
    """An open lot, or the part of one that lies in an account; cents, None if not known.

    `road` names the transfers that brought it here; `held_from` is where its holding period starts
    if not at its acquisition (a wash sale's replacement). The dates of an `unallocated` lot are not
    known: Rev. Proc. 2024-28 waits for the person's allocation.
    """

    lot_id: str
    account: str
    pool: str
    asset: str
    quantity: Decimal
    basis_usd: Decimal | None
    acquired_at: datetime
    state: State
    source_event: str
    gift: Gift | None = None
    inherited: bool = False
    road: tuple[str, ...] = ()
    held_from: datetime | None = None
    unallocated: bool = False


class Disposal(NamedTuple):
    """One slice of a disposition. (A tuple, since a history makes more of them than of anything
    else, and a frozen dataclass takes five times as long to make.)

    `proceeds_usd` is net of `fees_usd` (Reg. 1.1001-7(b)(2)); both None means not taxable here
    (gift, loss) or no price. A shortage has no date, basis, gain or term. `washed_usd` is the part
    of a loss that IRC 1091 disallows where the person's settings enforce it.
    """

    event_id: str
    leg: int  # of the event, from 1
    part: int  # of the leg, from 1
    account: str
    pool: str
    asset: str
    quantity: Decimal
    acquired_at: datetime | None
    disposed_at: datetime
    proceeds_usd: Decimal | None
    fees_usd: Decimal
    basis_usd: Decimal | None
    term: Term | None
    lot_id: str | None
    txid: str | None
    kind: str
    identification: Identification = "none"
    inherited: bool = False
    gaps: tuple[str, ...] = ()
    washed_usd: Decimal = ZERO
    road: tuple[str, ...] = ()  # the transfers that brought its lot here

    @property
    def disposal_id(self) -> str:
        """Stable: it follows from the event and its legs."""
        first = f"{self.event_id}.{self.leg}"
        return first if self.part == 1 else f"{first}.{self.part}"

    @property
    def gain_usd(self) -> Decimal | None:
        """The gain or loss that counts; None if proceeds or basis are not known."""
        if self.proceeds_usd is None or self.basis_usd is None:
            return None
        return self.proceeds_usd - self.basis_usd + self.washed_usd


@dataclass(frozen=True, slots=True)
class Replay:
    """What the engine gives back: open lots, disposals in order, and gaps found per event.
    `unallocated` are the assets whose lots of before 2025 nobody has allocated."""

    lots: tuple[Lot, ...]
    disposals: tuple[Disposal, ...]
    gaps: Mapping[str, tuple[str, ...]]
    unallocated: Mapping[str, str]
    holdings: tuple[Holding, ...]  # of the lots, as the replay left them


@dataclass(slots=True)
class Holding:
    """A lot while the engine works on it: it deals out quantity and cents from its whole."""

    lot_id: str
    account: str
    asset: str
    acquired_at: datetime
    whole: Decimal
    basis: Decimal | None
    source_event: str
    gift: Gift | None = None
    inherited: bool = False
    long_on: date | None = None  # worked out when first sold from, unless known
    road: tuple[str, ...] = ()
    held_from: datetime | None = None
    bought: bool = False  # by a purchase or a taxable exchange (IRC 1091(a))
    replacing: Decimal = ZERO  # units that stand for those of a wash sale (IRC 1091(b))
    peculiar: bool = False  # given, inherited, unallocated or without a basis: a sale looks closer
    unallocated: bool = False
    taken: Decimal = ZERO
    given: Decimal = ZERO  # cents of the basis that went with what was taken
    origin: tuple[Decimal | None, Decimal] | None = (
        None  # basis and units of the lot it is a part of
    )

    @property
    def ratio(self) -> tuple[Decimal | None, Decimal]:
        """Basis and units of the whole lot: what a part has of it is rounded to cents."""
        return self.origin or (self.basis, self.whole)

    @property
    def left(self) -> Decimal:
        return self.whole - self.taken

    def take(self, quantity: Decimal) -> Slice:
        """Cents by cumulative rounding, so that all slices of a lot add up."""
        before, whole, basis = self.taken, self.whole, self.basis
        if quantity is whole and basis is not None and self.gift is None:
            self.taken, self.given = whole, basis
            return _tuple(Slice, (self, whole, basis, None))
        taken = self.taken = before + quantity
        if basis is None:
            return Slice(self, quantity, None, self._gift_value(before))
        upto = basis if taken == whole else cents(basis * taken / whole)
        part, self.given = upto - self.given, upto
        value = self._gift_value(before) if self.gift else None
        return _tuple(Slice, (self, quantity, part, value))

    def _gift_value(self, before: Decimal) -> Decimal | None:
        value = self.gift.value if self.gift else None
        if value is None:
            return None
        return cents(value * self.taken / self.whole) - cents(value * before / self.whole)

    def rest(self) -> Slice:
        """What is left, without taking it."""
        held, given = self.taken, self.given
        one = self.take(self.whole - held)
        self.taken, self.given = held, given
        return one


class Slice(NamedTuple):
    """What one holding gave: quantity, basis and (of a gift) its value when given, in cents."""

    holding: Holding
    quantity: Decimal
    basis: Decimal | None
    gift_value: Decimal | None

    @property
    def gift(self) -> Gift | None:
        given = self.holding.gift
        return Gift(given.given_at, self.gift_value) if given else None


def piece(one: Slice, account: str, road: tuple[str, ...] = ()) -> Holding:
    """A slice as a holding of its own: same lot, same date, elsewhere."""
    source = one.holding
    replacing = min(source.replacing, one.quantity)
    source.replacing -= replacing
    return Holding(
        lot_id=source.lot_id,
        account=account,
        asset=source.asset,
        acquired_at=source.acquired_at,
        whole=one.quantity,
        basis=one.basis,
        source_event=source.source_event,
        gift=one.gift,
        inherited=source.inherited,
        long_on=source.long_on,
        road=source.road + road,
        held_from=source.held_from,
        bought=source.bought,
        replacing=replacing,
        origin=source.ratio,
        unallocated=source.unallocated,
        peculiar=source.peculiar,
    )


def dealt(quantities: Sequence[Decimal], whole: Decimal, units: Decimal) -> list[Decimal]:
    """The units of another form of a coin that each part of `whole` becomes, by cumulative rounding
    to the last place of a token, so that all parts add up to `units`."""
    if whole == units:
        return list(quantities)
    found, upto, given = [], ZERO, ZERO
    for quantity in quantities:
        upto += quantity
        reached = units if upto == whole else (upto * units / whole).quantize(LAST_PLACE)
        found.append(reached - given)
        given = reached
    return found


def rescale(holding: Holding, units: Decimal) -> None:
    """A holding counted in other units: its cents stay."""
    if units == holding.whole:
        return
    factor = units / holding.whole
    if holding.origin:
        basis, whole = holding.origin
        holding.origin = basis, whole * factor
    holding.replacing *= factor
    holding.whole = units


def sale_basis(
    acquired_at: datetime, basis: Decimal | None, gift: Gift | None, proceeds: Decimal | None
) -> tuple[datetime, Decimal | None]:
    """Date and basis that a sale at `proceeds` has. Reg. 1.1015-1: of a gift, a loss is measured
    from the smaller of the donor's basis and the value at the gift; in between there is none."""
    if gift is None or basis is None or proceeds is None or proceeds >= basis:
        return acquired_at, basis
    if gift.value is None:
        return acquired_at, None
    if gift.value >= basis:
        return acquired_at, basis
    if proceeds >= gift.value:
        return acquired_at, proceeds
    return gift.given_at, gift.value


def lot_of(pool: str, holding: Holding, account: str, state: State) -> Lot:
    """What is left of a holding, as the lot that people see."""
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
        road=holding.road,
        held_from=holding.held_from,
        unallocated=holding.unallocated,
    )
