"""Which sales a line could be: same broker account and asset, a day apart at most.

Sales and lines are kept by day, so that a line sees only what is near.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations
from zoneinfo import ZoneInfo

from config.assets import names
from config.exact import CENT, ZERO
from connectors.brokers.form_1099da import FormLine, plain_broker
from syncer.lots.model import Disposal
from syncer.reconcile.model import Facts, Place, Sale, Word

FIRST_COVERED_YEAR = 2026  # Reg. 1.6045-1(a)(15)(i)(J)
MOST_FEES = 5  # of one event, of which sums are tried
NO_WORD = Word()
_DAY = timedelta(days=1)


class Field:
    """The lines and slices of a year that wait for each other."""

    def __init__(
        self,
        lines: Iterable[FormLine],
        disposals: Iterable[Disposal],
        places: Mapping[str, Place],
        facts: Facts,
        zone: ZoneInfo,
        words: Mapping[str, Word],
    ) -> None:
        self.zone, self.facts, self._places, self._words = zone, facts, places, words
        self.lines = {line.key: line for line in lines}
        self.doubles: dict[str, tuple[FormLine, str]] = {}  # with the line that says the same
        self.slices = {d.disposal_id: d for d in disposals}
        self._days: dict[str, date] = {}
        self._is_same: dict[tuple[str, str | None, str], bool] = {}
        by_event: dict[tuple[str, str], list[Disposal]] = defaultdict(list)
        for one in self.slices.values():
            by_event[one.event_id, one.asset].append(one)
        self.sales = {key: tuple(slices) for key, slices in by_event.items()}
        self._sales_on: dict[tuple[str, str, date], list[tuple[str, str]]] = defaultdict(list)
        self._assets: dict[str, set[str]] = defaultdict(set)  # by account
        for key, slices in self.sales.items():
            first = slices[0]
            self._sales_on[first.account, first.asset, self.day(first)].append(key)
            self._assets[first.account].add(first.asset)
        self._wheres: dict[tuple[object, ...], list[tuple[str, str]]] = {}

    def take(self, lines: Iterable[FormLine], slices: Iterable[Disposal]) -> None:
        """These have found each other."""
        for line in lines:
            del self.lines[line.key]
        for one in slices:
            del self.slices[one.disposal_id]

    def hold_out(self, doubles: Mapping[str, str]) -> None:
        """These lines are not matched any more: each says what another one says."""
        for key, other in doubles.items():
            self.doubles[key] = self.lines.pop(key), other

    def day(self, one: Disposal) -> date:
        """The local date of a sale."""
        if one.event_id not in self._days:
            self._days[one.event_id] = one.disposed_at.astimezone(self.zone).date()
        return self._days[one.event_id]

    def is_of(self, line: FormLine, one: Disposal) -> bool:
        """Whether a line could be about a slice, whenever it was."""
        return (one.account, one.asset) in self.where(line) and not self.is_apart(line, one)

    def is_apart(self, line: FormLine, one: Disposal) -> bool:
        """Whether a person said that it is not."""
        word = self._words.get(line.key) if self._words else None
        return word is not None and one.disposal_id in word.apart

    def where(self, line: FormLine) -> list[tuple[str, str]]:
        """The accounts and assets that a line could be about."""
        key = (line.broker, line.account, line.name, line.code)
        if key not in self._wheres:
            self._wheres[key] = [
                (account, asset)
                for account in self.accounts(line)
                for asset in sorted(self._assets[account])
                if self.is_same(line, asset)
            ]
        return self._wheres[key]

    def is_same(self, line: FormLine, asset: str) -> bool:
        key = (line.name, line.code, asset)
        if key not in self._is_same:
            self._is_same[key] = is_same_asset(line, asset)
        return self._is_same[key]

    def accounts(self, line: FormLine) -> list[str]:
        return [a for a, p in self._places.items() if p.is_on(line.broker, line.account)]

    def open_sales(self, line: FormLine, days: int = 1) -> Iterator[tuple[Disposal, ...]]:
        """What is left of the sales near a line, by event."""
        near = self.near(line, days)
        for account, asset in self.where(line):
            for day in near:
                for key in self._sales_on.get((account, asset, day), ()):
                    left = tuple(s for s in self.sales[key] if s.disposal_id in self.slices)
                    if left and not any(self.is_apart(line, s) for s in left):
                        yield left

    def left(self) -> Iterator[tuple[Disposal, ...]]:
        """What is left of every sale."""
        for slices in self.sales.values():
            if left := tuple(s for s in slices if s.disposal_id in self.slices):
                yield left

    def near(self, line: FormLine, days: int = 1) -> list[date]:
        """The days that a line could be of."""
        if line.sold is None:
            return []
        return [line.sold + _DAY * n for n in range(-days, days + 1)]

    def is_at_broker(self, line: FormLine, one: Disposal) -> bool:
        """Whether a slice is of any account at the broker of a line."""
        place = self._places.get(one.account)
        same = place and place.broker and plain_broker(place.broker) == plain_broker(line.broker)
        return bool(same) and not self.is_apart(line, one)

    def days_apart(self, line: FormLine, one: Disposal) -> int:
        return abs((self.day(one) - line.sold).days) if line.sold else 0


def is_same_asset(line: FormLine, asset: str) -> bool:
    """By listed name, title, alias or DTIF code, else by the broker's own word for it."""
    listed = _listed(line.name, line.code)
    if listed is not None:
        return listed == asset
    words = {w.casefold() for w in (*_words(line.name), line.code or "") if w}
    return asset.casefold() in words or asset.rpartition(":")[2].casefold() in words


def asset_of(line: FormLine) -> str:
    """The asset's name in the ledger, else the form's."""
    return _listed(line.name, line.code) or line.name


@cache
def _listed(name: str, code: str | None) -> str | None:
    """By code and full name first; a ticker beside the name only where these say nothing."""
    found = names().of_form([name, code or ""])
    tickers = (names().of_form([w]) for w in _words(name)[1:])
    return found or next((t for t in tickers if t), None)


def _words(name: str) -> list[str]:
    """The whole, and each part that may name the coin: `Bitcoin (BTC)`, `Bitcoin BTC`, `Bitcoin /
    4H95J0R2X`, `ETHEREUM (ETH) - X9J9K872S`."""
    parts = [p for p in re.split(r"\s*(?:/|\(|\)| - )\s*", name) if p]
    last = name.split()[-1:] if re.fullmatch(r"[A-Z0-9]{2,10}", name.split()[-1] or "") else []
    return list(dict.fromkeys((name, *reversed(parts), *last)))


def main(slices: Sequence[Disposal]) -> tuple[Disposal, ...]:
    """Without fees paid in the same coin."""
    return tuple(s for s in slices if s.kind != "fee")


def wholes(slices: tuple[Disposal, ...]) -> list[Sale]:
    """A disposition as one form may show it: alone, or with its fee units in the same coin (Reg.
    1.6045-1(d)(5)(iv)); or the fee alone."""
    sold, fees = main(slices), tuple(s for s in slices if s.kind == "fee")
    options = [sold, slices, fees] if fees and sold else [slices]
    return [Sale(o) for o in options]


def parts(slices: tuple[Disposal, ...]) -> Iterator[Sale]:
    """Parts that have a form each: by term, covered and noncovered (Instructions for Form 1099-DA),
    by lot."""
    sold = main(slices)
    options: list[list[Disposal]] = []
    for term in ("short", "long"):
        of_term = [s for s in sold if s.term == term]
        options += [of_term]
        options += [[s for s in of_term if may_be_covered(s) is c] for c in (True, False)]
    options += [[s for s in sold if may_be_covered(s) is c] for c in (True, False)]
    options += [[s] for s in sold]
    seen = {tuple(s.disposal_id for s in sold)}
    for option in options:
        key = tuple(s.disposal_id for s in option)
        if option and key not in seen:
            seen.add(key)
            yield Sale(tuple(option))


def may_be_covered(one: Disposal) -> bool:
    return one.acquired_at is not None and one.acquired_at.year >= FIRST_COVERED_YEAR


# ---- proceeds


def fee_left_in(ours: Decimal | None, theirs: Decimal, fees: Iterable[Decimal]) -> Decimal | None:
    """The fees by which a form's proceeds are higher than ours, if that is what it is."""
    if ours is None or theirs <= ours:
        return None
    more = theirs - ours
    known = [f for f in fees if f > ZERO][:MOST_FEES]
    for size in range(1, len(known) + 1):
        for some in combinations(known, size):
            if abs(sum(some, ZERO) - more) <= CENT:
                return more
    return None


def explained(lines: Sequence[FormLine], sale: Sale, facts: Facts) -> bool:
    """Whether proceeds agree, but for cents of rounding and fees that the form left in."""
    ours, theirs = sale.proceeds, sum((x.amount for x in lines), ZERO)
    if ours is None:
        return False
    if abs(ours - theirs) <= CENT * max(len(lines), len(sale.events)):
        return True
    return fee_left_in(ours, theirs, selling_fees(sale, facts)) is not None


def selling_fees(sale: Sale, facts: Facts) -> list[Decimal]:
    """What may have been left in: the fees of each slice together, and each fee of each event."""
    whole = sum((s.fees_usd for s in sale.slices), ZERO)
    single = [f for e in sale.events for f in facts.fees.get(e, ())]
    return [whole, *(f for f in single if f != whole)]
