"""A sale along the queue that binds: what it comes to after each lot. Pure.

Sums over the lots are kept, so that a new price costs a few operations a lot and no look at it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import accumulate, groupby
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents
from syncer.harvest.market import Costs
from syncer.harvest.order import Part, prefix, term_of
from syncer.lots.holding_period import term
from syncer.lots.model import Lot, sale_basis


@dataclass(frozen=True, slots=True)
class Ends:
    """After so many lots, the first entry being none: units sold, net gains by term, costs. Not
    rounded; exact figures come from `Path.sale`."""

    units: Sequence[Decimal]
    short: Sequence[Decimal]
    long: Sequence[Decimal]
    cost: Sequence[Decimal]

    def __len__(self) -> int:
        return len(self.units)


@dataclass(frozen=True, slots=True)
class Sale:
    """What a sale comes to, in cents: proceeds net of costs, basis, gain by term."""

    units: Decimal
    proceeds: Decimal
    basis: Decimal
    short: Decimal
    long: Decimal


class Path:
    """The lots that a sale of up to so many units takes, in their order."""

    def __init__(
        self, ordered: Iterable[Lot], units: Decimal, now: datetime, zone: ZoneInfo
    ) -> None:
        self._now, self._zone = now, zone
        self.lots = tuple(_within(ordered, units))

    @cached_property
    def _sums(self) -> _Sums:
        return _Sums(self._pieces(None))

    @cached_property
    def _gifts(self) -> bool:
        return any(lot.gift for lot, _ in self.lots)

    def stops(self) -> bool:
        """Whether a lot without a basis bars the way: beyond it nothing can be promised."""
        return any(lot.basis_usd is None for lot, _ in self.lots)

    def ends(self, price: Decimal, costs: Costs) -> Ends:
        """What a sale at a price comes to after each lot."""
        net, share = costs.net(price), price * costs.share
        sums = _Sums(self._pieces(net)) if self._gifts else self._sums
        return Ends(
            sums.units,
            [net * q - b for q, b in zip(sums.units_short, sums.basis_short, strict=True)],
            [net * q - b for q, b in zip(sums.units_long, sums.basis_long, strict=True)],
            [share * q for q in sums.units],
        )

    def parts(self, units: Decimal, net: Decimal) -> list[Part] | None:
        """Lot by lot; None if a basis is not known."""
        return prefix((lot for lot, _ in self.lots), units, net, self._now, self._zone)

    def sale(self, units: Decimal, net: Decimal) -> Sale | None:
        """Exact figures of the sale of so many units for `net` dollars each."""
        if self._gifts:
            return _sum_of(self.parts(units, net))
        sums, lots = self._sums, self.lots
        whole = min(bisect_right(sums.units, units) - 1, len(lots))
        if whole < len(lots) and whole == len(sums.units) - 1 and sums.units[whole] < units:
            return None
        rest = units - sums.units[whole]
        basis = {"short": sums.basis_short[whole], "long": sums.basis_long[whole]}
        if rest:
            lot = lots[whole][0]
            assert lot.basis_usd is not None
            basis[sums.terms[whole]] += cents(lot.basis_usd * rest / lot.quantity)
        proceeds = self._dealt(units, net, whole + bool(rest))
        cost = {t: cents(b) for t, b in basis.items()}
        return Sale(
            units,
            proceeds["short"] + proceeds["long"],
            cost["short"] + cost["long"],
            proceeds["short"] - cost["short"],
            proceeds["long"] - cost["long"],
        )

    def _dealt(self, units: Decimal, net: Decimal, lots: int) -> dict[str, Decimal]:
        """The cents of a sale by term: dealt lot by lot, which over a run of one term adds up to
        the difference of two roundings."""
        whole, sums = cents(units * net), self._sums
        found, given = {"short": ZERO, "long": ZERO}, ZERO
        for which, end in sums.runs:
            end = min(end, lots)
            upto = sums.units[end] if end < lots else units
            reached = cents(whole * upto / units) if upto != units else whole
            found[which] += reached - given
            given = reached
            if end == lots:
                break
        return found

    def _pieces(self, net: Decimal | None) -> Iterator[tuple[str, Decimal, Decimal]]:
        """Term, units and basis of each lot, up to the first whose basis is not known."""
        for lot, quantity in self.lots:
            acquired, basis = lot.acquired_at, lot.basis_usd
            if lot.gift and net is not None:
                proceeds = net * lot.quantity
                acquired, basis = sale_basis(acquired, basis, lot.gift, proceeds)
            if basis is None:
                return
            when = (
                term_of(lot, self._now, self._zone)
                if acquired == lot.acquired_at
                else term(acquired, self._now, self._zone)
            )
            whole = quantity == lot.quantity
            yield when, quantity, basis if whole else basis * quantity / lot.quantity


class _Sums:
    """Running sums of units and basis by term."""

    def __init__(self, pieces: Iterable[tuple[str, Decimal, Decimal]]) -> None:
        found = list(pieces)
        self.terms = [t for t, _, _ in found]
        self.units = list(accumulate((q for _, q, _ in found), initial=ZERO))
        self.units_short, self.basis_short = _of("short", found)
        self.units_long, self.basis_long = _of("long", found)

    @cached_property
    def runs(self) -> list[tuple[str, int]]:
        """Lots in a row of one term, each run with the number of lots up to its end."""
        found, end = [], 0
        for which, row in groupby(self.terms):
            end += sum(1 for _ in row)
            found.append((which, end))
        return found


def _of(
    which: str, pieces: Sequence[tuple[str, Decimal, Decimal]]
) -> tuple[list[Decimal], list[Decimal]]:
    units = accumulate((q if t == which else ZERO for t, q, _ in pieces), initial=ZERO)
    basis = accumulate((b if t == which else ZERO for t, _, b in pieces), initial=ZERO)
    return list(units), list(basis)


def _within(ordered: Iterable[Lot], units: Decimal) -> Iterator[tuple[Lot, Decimal]]:
    for lot in ordered:
        quantity = min(lot.quantity, units)
        if quantity <= ZERO:
            return
        yield lot, quantity
        units -= quantity


def _sum_of(parts: Sequence[Part] | None) -> Sale | None:
    if parts is None:
        return None
    gains = {t: sum((p.gain for p in parts if p.term == t), ZERO) for t in ("short", "long")}
    basis = sum((p.basis for p in parts), ZERO)
    units = sum((p.quantity for p in parts), ZERO)
    return Sale(units, basis + sum(gains.values()), basis, gains["short"], gains["long"])
