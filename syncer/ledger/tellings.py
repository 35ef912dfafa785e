"""What one source tells of an account, and how tellings of several are found and compared."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate

from config.assets import names
from config.exact import ZERO
from syncer.events import Leg, event_id
from syncer.ledger.group import Draft

LAST_PLACE = Decimal("0.00000001")  # to which files cut quantities
CENT = Decimal("0.01")
MOST_FILLS = 200
_STEPS = 100  # of the least difference, for which quantities are looked up together
_BITS = 3  # of a step that are left out where sums are looked up
Flows = Mapping[str, Decimal]
Signs = frozenset[tuple[str, bool]]


@dataclass(frozen=True)
class Telling:
    """A draft with what it is compared by: the changes of one account's balances, fees included,
    and what moved without them."""

    draft: Draft
    account: str

    @cached_property
    def key(self) -> str:
        return event_id(self.draft.source, self.draft.group)

    @cached_property
    def flows(self) -> Flows:
        return _sums(g for g in self.draft.legs if g.account == self.account)

    @cached_property
    def moved(self) -> Flows:
        mine = (g for g in self.draft.legs if g.account == self.account)
        return _sums(g for g in mine if g.role == "principal")

    @property
    def at(self) -> datetime:
        return self.draft.at

    @cached_property
    def is_trade(self) -> bool:
        """What only came or left has no fills."""
        return bool(self.draft.coming() and self.draft.leaving())


Way = Callable[[Telling], Flows]  # with fees or without
Fits = Callable[[Flows, Flows, int], bool]  # by so many rows


def flows(one: Telling) -> Flows:
    return one.flows


def moved(one: Telling) -> Flows:
    return one.moved


def _sums(legs: Iterable[Leg]) -> Flows:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        sums[leg.asset] += leg.quantity
    return {a: q for a, q in sums.items() if q}


def signs(one: Flows) -> Signs:
    return frozenset((a, q > ZERO) for a, q in one.items())


# ---- the same


def same(one: Flows, other: Flows, rows: int) -> bool:
    """To the cent, and to the last place that files print, for each row that was added up."""
    if one.keys() != other.keys() or not one:
        return False
    return all(abs(q - other[a]) <= _least(a) * rows for a, q in one.items())


def coins_same(one: Flows, other: Flows, rows: int = 1) -> bool:
    coins = [a for a in one if not names().is_fiat(a)]
    return bool(coins) and one.keys() == other.keys() and covers(one, [other], rows)


def agree(mine: Collection[Telling], told: Collection[Telling]) -> bool:
    """Whether others tell as much of every asset that these tell of, with the fees or without, and
    a fee if these tell one."""
    if any(m.flows != m.moved for m in mine) and all(k.flows == k.moved for k in told):
        return False
    ours = added([m.flows for m in mine]), added([m.moved for m in mine])
    theirs = added([k.flows for k in told]), added([k.moved for k in told])
    rows = max(len(mine), len(told))
    return all(_agree(asset, ours, theirs, rows) for asset in ours[0].keys() | ours[1].keys())


def _agree(asset: str, ours: Sequence[Flows], theirs: Sequence[Flows], rows: int) -> bool:
    pairs = ((m.get(asset), t.get(asset)) for m in ours for t in theirs)
    return any(abs(m - t) <= _least(asset) * rows for m, t in pairs if m and t)


def added(each: Iterable[Flows]) -> Flows:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for one in each:
        for asset, quantity in one.items():
            sums[asset] += quantity
    return {a: q for a, q in sums.items() if q}


def covers(one: Flows, others: Sequence[Flows], rows: int) -> bool:
    """Whether the others add up to as many coins; money is rounded and its fees are told apart."""
    coins = ((a, q) for a, q in one.items() if not names().is_fiat(a))
    sums = ((q, sum((o.get(a, ZERO) for o in others), ZERO)) for a, q in coins)
    return all(abs(q - told) <= LAST_PLACE * rows for q, told in sums)


def _least(asset: str) -> Decimal:
    return CENT if names().is_fiat(asset) else LAST_PLACE


def _key_asset(one: Flows) -> str | None:
    """The first coin, else the first money: by whose quantity tellings are looked up."""
    return min(one, key=lambda a: (names().is_fiat(a), a), default=None)


# ---- found


class ByAmount:
    """Tellings by what moved which way and how much of it, in order of time."""

    def __init__(self, told: Iterable[Telling], way: Way) -> None:
        self._way = way
        self._found: dict[tuple[Signs, int], list[Telling]] = defaultdict(list)
        for one in told:
            flow = way(one)
            self._found[signs(flow), _step(flow)].append(one)
        self._times = {k: [t.at for t in ts] for k, ts in self._found.items()}

    def near(self, one: Telling, before: timedelta, after: timedelta) -> Iterator[Telling]:
        """Those of about the amount around that time."""
        flow = self._way(one)
        look, step = signs(flow), _step(flow)
        for key in ((look, step - 1), (look, step), (look, step + 1)):
            times = self._times.get(key, ())
            first, end = bisect_left(times, one.at - before), bisect_right(times, one.at + after)
            yield from self._found[key][first:end] if first < end else ()


def _step(flow: Flows) -> int:
    asset = _key_asset(flow)
    return int(flow[asset] / (_least(asset) * _STEPS)) if asset else 0


class Runs:
    """Rows that follow one another in time and moved the same assets the same way, by the sums up
    to each: fills of an order are between two of them."""

    def __init__(self, told: Iterable[Telling], way: Way) -> None:
        self._way = way
        self._rows: dict[Signs, list[Telling]] = defaultdict(list)
        for one in told:
            if one.is_trade:
                self._rows[signs(way(one))].append(one)
        self._times = {s: [t.at for t in ts] for s, ts in self._rows.items()}
        self._steps: dict[Signs, list[int]] = {}
        self._at: dict[Signs, dict[int, list[int]]] = {}

    def adding_up_to(
        self,
        one: Telling,
        before: timedelta,
        after: timedelta,
        fits: Fits,
        may_be: Callable[[Sequence[Telling]], bool],
    ) -> tuple[Draft, ...]:
        """The newest and shortest run of at least two around that time; none if empty. `fits`
        compares the sums, `may_be` says whether these may stand for it."""
        target = self._way(one)
        look, asset = signs(target), _key_asset(target)
        times = self._times.get(look, ())
        first, end = bisect_left(times, one.at - before), bisect_right(times, one.at + after)
        if asset is None or end - first < 2:
            return ()
        steps, at = self._summed(look, asset)
        low, high = _step(target) + 2, _step(target) - 2  # what cutting to steps may shift
        for last in range(end, first + 1, -1):
            near = (steps[last] - low) >> _BITS, (steps[last] - high) >> _BITS
            if near[0] not in at and near[1] not in at:
                continue
            least = max(first, last - MOST_FILLS)
            starts = {s for n in near for s in at.get(n, ()) if least <= s < last - 1}
            for start in sorted(starts, reverse=True):
                run = self._rows[look][start:last]
                sums = added([self._way(r) for r in run])
                if may_be(run) and fits(target, sums, len(run)):
                    return tuple(r.draft for r in run)
        return ()

    def _summed(self, look: Signs, asset: str) -> tuple[list[int], dict[int, list[int]]]:
        """Steps of the asset's sum before each row and after the last, and where each is."""
        if look not in self._steps:
            each = (self._way(r)[asset] for r in self._rows[look])
            size = _least(asset) * _STEPS
            self._steps[look] = [int(total / size) for total in accumulate(each, initial=ZERO)]
            self._at[look] = defaultdict(list)
            for number, step in enumerate(self._steps[look]):
                self._at[look][step >> _BITS].append(number)
        return self._steps[look], self._at[look]
