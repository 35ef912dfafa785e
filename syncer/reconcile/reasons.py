"""Compares a line with what it reports of our slices, and names each difference by what shows it.

Nothing is named without evidence: what no reason fits is unexplained, with its dollars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from config.exact import CENT, ZERO, cents, text
from connectors.brokers.form_1099da import FormLine
from syncer.lots.holding_period import long_term_on
from syncer.reconcile.broker_books import ORDERS, TRANSFERRED_IN_FIRST
from syncer.reconcile.candidates import fee_left_in, selling_fees
from syncer.reconcile.model import (
    DIFFERENT,
    MATCHED,
    NOT_OURS,
    BrokerSlice,
    Facts,
    Group,
    LineResult,
    Piece,
    Reason,
    Word,
    total,
)

PROCEEDS, BASIS = "proceeds", "basis"
MOST_SLICES = 10  # of a broker's sale, of which parts are tried


def compare(
    group: Group,
    line: FormLine,
    pieces: tuple[Piece, ...],
    facts: Facts,
    zone: ZoneInfo,
    word: Word,
) -> LineResult:
    """The line's state with reasons; what the broker left out is a reason, not a difference."""
    if not pieces:  # a person paired it with what other lines report already
        shown = "what it was paired with is on other lines: syncer reconcile unpair"
        return LineResult(line, NOT_OURS, reasons=(Reason(NOT_OURS, shown, line.amount),))
    one = _Comparison(group, line, pieces, facts, zone, word)
    differences = dict(one.differences())
    reasons = tuple(one.reasons(differences))
    return LineResult(line, DIFFERENT if differences else MATCHED, pieces, reasons, differences)


class _Comparison:
    def __init__(
        self,
        group: Group,
        line: FormLine,
        pieces: tuple[Piece, ...],
        facts: Facts,
        zone: ZoneInfo,
        word: Word,
    ) -> None:
        self.group, self.line, self.pieces = group, line, pieces
        self.facts, self.zone, self.word = facts, zone, word
        self.units = sum((p.units for p in pieces), ZERO)
        self.proceeds = total(p.proceeds for p in pieces)
        self.basis = total(p.basis for p in pieces)
        self.acquired = {
            p.slice.acquired_at.astimezone(zone).date() for p in pieces if p.slice.acquired_at
        }
        self.sold = max(p.slice.disposed_at for p in pieces).astimezone(zone).date()
        self.terms = {p.slice.term for p in pieces} - {None}  # a shortage has none

    # ---- differences: ours minus theirs

    def differences(self) -> Iterator[tuple[str, Any]]:
        line = self.line
        if self.units != line.units:
            yield "units", text(self.units - line.units)
        if self.proceeds is None:
            yield "proceeds_usd", None
        elif self.proceeds != line.amount:
            yield "proceeds_usd", self.proceeds - line.amount
        if line.basis is not None and self.basis is not None and self.basis != line.basis:
            yield "basis_usd", self.basis - line.basis
        if line.sold is not None and self.sold != line.sold:
            yield "disposed_on", [self.sold.isoformat(), line.sold.isoformat()]
        if line.acquired is not None and self.acquired != {line.acquired}:
            ours = next(iter(self.acquired)).isoformat() if len(self.acquired) == 1 else "various"
            yield "acquired_on", [ours, line.acquired.isoformat()]
        theirs = line.stated_term
        if theirs is not None and self.terms and self.terms != {theirs}:
            yield "term", [next(iter(self.terms)) if len(self.terms) == 1 else "both", theirs]
        washed = sum((p.washed for p in self.pieces), ZERO)
        if washed and line.wash_sale_disallowed not in (None, washed):
            yield "wash_sale_usd", washed - (line.wash_sale_disallowed or ZERO)

    # ---- reasons

    def reasons(self, differences: Mapping[str, Any]) -> Iterator[Reason]:
        if {p.slice.kind == "fee" for p in self.pieces} == {True, False}:
            fee = sum((p.units for p in self.pieces if p.slice.kind == "fee"), ZERO)
            yield Reason("fee_units", f"box 1c has the {text(fee)} that paid the fee in it")
        if "units" in differences:
            yield self._of_units(differences)
        if "proceeds_usd" in differences:
            yield self._of_proceeds(differences["proceeds_usd"])
        if "disposed_on" in differences or self._is_their_zone(differences):
            yield Reason("time_zone", self._of_days(differences))
        if self.line.aggregate is None:
            yield from self._of_basis(differences)
        else:
            yield Reason("optional_aggregate", self._of_counts())
        if "term" in differences:
            yield Reason("wrong_term", f"ours is {differences['term'][0]}-term")
        if washed := self.line.wash_sale_disallowed:
            yield Reason("wash_sale", f"box 1i disallows {_usd(washed)}", washed)
        if "wash_sale_usd" in differences:
            usd = differences["wash_sale_usd"]
            yield Reason("unexplained", "the ledger disallows another part of the loss", usd)
        if self.line.loss_not_allowed:
            yield Reason("loss_not_allowed", "box 5 is checked")
        if self.line.not_applied:
            boxes = ", ".join(self.line.not_applied)
            yield Reason("unexplained", f"boxes that are not applied are filled in: {boxes}")

    def _of_counts(self) -> str:
        theirs = self.line.transaction_count
        shown = "not stated" if theirs is None else str(theirs)
        return f"box 11b is {shown}, the ledger has {len(self.group.sale.events)} sales"

    def _of_units(self, differences: Mapping[str, Any]) -> Reason:
        theirs = self.line.units
        places = -int(theirs.as_tuple().exponent)
        if places >= 2 and abs(self.units - theirs) <= Decimal(1).scaleb(-places):
            return Reason("rounding", f"the form rounds units to {places} places")
        if "proceeds_usd" not in differences:
            shown = f"the proceeds agree to the cent, the units are ours {text(self.units)}"
            return Reason("broker_error", shown)
        return Reason("unexplained", f"ours are {text(self.units)} units")

    def _of_proceeds(self, less: Decimal | None) -> Reason:
        if less is None:
            return Reason("unexplained", "the ledger has no price for this sale", of=PROCEEDS)
        kind, shown = self._why_proceeds(less)
        return Reason(kind, shown, less, PROCEEDS, self._is_told(kind))

    def _is_told(self, kind: str) -> bool:
        return kind == "broker_error" and self.word.broker_error is not None

    def _why_proceeds(self, less: Decimal) -> tuple[str, str]:
        line, sale = self.line, self.group.sale
        if abs(less) <= CENT * max(1, len(sale.events) if len(self.group.lines) == 1 else 1):
            return "rounding", "cents that the broker rounds elsewhere"
        theirs = sum((x.amount for x in self.group.lines), ZERO)
        if fee_left_in(sale.proceeds, theirs, selling_fees(sale, self.facts)) is not None:
            return "fee_treatment", f"fees of {_usd(-less)} were paid for this sale"
        if self.word.broker_error is not None:
            return "broker_error", self.word.broker_error or "a person says so"
        ours = self.proceeds or ZERO
        if shown := _slip(ours, line.amount):
            return "broker_error", f"{shown} of ours, {_usd(ours)}"
        return "unexplained", f"ours are {_usd(ours)}"

    def _of_days(self, differences: Mapping[str, Any]) -> str:
        ours, theirs = differences.get("disposed_on") or differences["acquired_on"]
        shown = f"ours is {ours}, the form says {theirs}"
        if "disposed_on" in differences and ours[:4] != theirs[:4]:
            return f"{shown}, and the day crosses New Year: ours is in the other tax year"
        if self._crosses_the_year_line():
            return f"{shown}, and the day crosses the one-year line: the term depends on it"
        return shown

    def _crosses_the_year_line(self) -> bool:
        line = self.line
        ours = {self.sold >= long_term_on(a) for a in self.acquired}
        acquired = {line.acquired} if line.acquired else self.acquired
        theirs = {(line.sold or self.sold) >= long_term_on(a) for a in acquired}
        return bool(ours) and ours != theirs

    # ---- basis

    def _of_basis(self, differences: Mapping[str, Any]) -> Iterator[Reason]:
        line, usd = self.line, differences.get("basis_usd")
        other_day = "acquired_on" in differences and not self._is_their_zone(differences)
        if line.basis is None:
            yield Reason("basis_unknown_to_broker")
        if usd is None:
            if other_day:
                kind, shown = self._other_lots(None)
                yield Reason(kind, shown, None, BASIS, self._is_told(kind))
        elif not line.known_to_irs:
            yield Reason("informational_basis", f"ours is {_usd(self.basis)}", usd, BASIS)
        elif abs(usd) <= CENT * len(self.pieces):
            yield Reason("rounding", "cents of the basis of a lot", usd, BASIS)
        else:
            kind, shown = self._other_lots(usd)
            yield Reason(kind, shown, usd, BASIS, self._is_told(kind))

    def _is_their_zone(self, differences: Mapping[str, Any]) -> bool:
        """Whether a day apart is another zone: the same lot has the same basis."""
        usd = differences.get("basis_usd") or ZERO
        same = abs(usd) <= CENT * len(self.pieces)
        return same and _a_day_apart(differences.get("acquired_on"))

    def _other_lots(self, usd: Decimal | None) -> tuple[str, str]:
        """Why the form has another date or basis: other lots, another rule for fees, or a slip."""
        line = self.line
        same_lot = line.acquired is not None and self.acquired == {line.acquired}
        for order in () if same_lot else ORDERS:
            if taken := self._as_the_broker_takes(order):
                return self._by_order(order, taken)
        if usd is not None and abs(self._purchase_fees() - usd) <= CENT and usd > ZERO:
            return "fee_treatment", f"{_usd(usd)} was paid in fees when it was bought"
        if not same_lot and (line.transferred_in_units or _came(line)):
            units = text(line.transferred_in_units or line.units)
            return "transferred_in_order", f"box 12a says that {units} came by transfer"
        if self.word.broker_error is not None:
            return "broker_error", self.word.broker_error or "a person says so"
        if usd is None:
            return "broker_error", f"ours was acquired on {_dates(self.acquired)}"
        if same_lot:
            shown = f"the form names our lot of {line.acquired}, which cost {_usd(self.basis)}"
            return "broker_error", shown
        return "unexplained", f"ours is {_usd(self.basis)}"

    def _as_the_broker_takes(self, order: str) -> tuple[BrokerSlice, ...]:
        """The part of the sale by the broker's own order that this line is; empty if none is."""
        slices: list[BrokerSlice] = []
        for event in self.group.sale.events:
            key = (event, self.pieces[0].slice.asset)
            slices += self.facts.orders.get(order, {}).get(key, ())
        for part in _parts(slices):
            if sum((s.units for s in part), ZERO) == self.line.units and self._fits(part):
                return part
        return ()

    def _fits(self, part: tuple[BrokerSlice, ...]) -> bool:
        """Whether a part says what the line says, where it says something."""
        line = self.line
        basis = total(s.basis for s in part)
        far = basis is None or abs(basis - (line.basis or basis)) > CENT * len(part)
        if line.basis is not None and far:
            return False
        if line.acquired is not None and {s.acquired for s in part} != {line.acquired}:
            return False
        return line.basis is not None or line.acquired is not None

    def _by_order(self, order: str, taken: tuple[BrokerSlice, ...]) -> tuple[str, str]:
        """Ours is by an identification where it is not what goes first by acquisition date."""
        theirs = {s.acquired for s in taken}
        identified = any(p.slice.identification != "none" for p in self.pieces)
        came = any(s.transferred_in for s in taken)
        if identified and (came or max(self.acquired, default=date.min) > min(theirs)):
            shown = (
                f"without the identification on your books the lot of {_dates(theirs)} goes first"
            )
            return "method_difference", shown
        first = "units that came in go first, " if order == TRANSFERRED_IN_FIRST else ""
        shown = f"by the broker's books {first}units of {_dates(theirs)}" + (
            ", the day of their transfer" if came else ""
        )
        return "transferred_in_order", f"{shown}; ours are of {_dates(self.acquired)}"

    def _purchase_fees(self) -> Decimal:
        found = ZERO
        for piece in self.pieces:
            fees, units = self.facts.bought.get(piece.slice.lot_id or "", (ZERO, ZERO))
            found += fees * piece.units / units if units else ZERO
        return found


def _parts(slices: list[BrokerSlice]) -> Iterator[tuple[BrokerSlice, ...]]:
    """All, those of one term, those transferred in or not, each, and sums of a few."""
    yield tuple(slices)
    for wanted in ("short", "long"):
        of_term = [s for s in slices if s.term == wanted]
        yield tuple(of_term)
        for came in (True, False):
            yield tuple(s for s in of_term if bool(s.transferred_in) is came)
    for came in (True, False):
        yield tuple(s for s in slices if bool(s.transferred_in) is came)
    if len(slices) <= MOST_SLICES:
        for size in range(1, len(slices)):
            yield from combinations(slices, size)


def _came(line: FormLine) -> bool:
    return line.acquired is not None and line.acquired == line.transferred_in_date


def _slip(ours: Decimal, theirs: Decimal) -> str:
    """How a number was mistyped, if that is what it is."""
    if not ours or not theirs:
        return ""
    digits, other = (str(abs(n).normalize().as_tuple().digits) for n in (ours, theirs))
    if digits == other and ours.is_signed() == theirs.is_signed():
        return "the decimal point is not where it is in that"
    if ours == -theirs:
        return "the sign is not that"
    one, two = format(cents(ours), "f"), format(cents(theirs), "f")
    if len(one) == len(two):
        places = [n for n, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
        if len(places) == 2 and places[1] - places[0] == 1:
            first, second = places
            if one[first] == two[second] and one[second] == two[first]:
                return "two digits are not in the order"
    return ""


def _a_day_apart(dates: list[str] | None) -> bool:
    if dates is None or "various" in dates:
        return False
    ours, theirs = map(date.fromisoformat, dates)
    return abs((ours - theirs).days) == 1


def _dates(days: Iterable[date]) -> str:
    return ", ".join(d.isoformat() for d in sorted(days)) or "an unknown day"


def _usd(amount: Decimal | None) -> str:
    return "not known" if amount is None else f"${cents(amount):,f}"
