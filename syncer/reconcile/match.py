"""Finds for every line the sale that it is, by the best assignment over all forms of the year.

What fits wholly goes before what fits in part, and what agrees in dollars before what does not:
each step is solved for all lines together, so that none takes a sale that fits another better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import TypeVar

from config.exact import CENT, ZERO
from connectors.brokers.form_1099da import FormLine, plain_broker
from syncer.optimum import Optimum
from syncer.reconcile.candidates import Field, asset_of, explained, main, parts, wholes
from syncer.reconcile.model import Group, Sale, Word

MOST_PARTS = 20  # lines of one sale, or sales of one line, of which sums are tried
MOST_PAIRS = 4
MOST_NEAR = 24
MOST_ALIKE = 100  # lines equal in all that counts, of which the most alike are taken
MOST_TRIED = 2_000
NEAR_UNITS = Decimal("0.02")  # units that a form rounds or mistakes
_FAR_DAY = Decimal("0.05")  # proceeds that differ by more on another day are of another sale
_BEST = 1 << 45
_EIGHT = Decimal("0.00000001")
Cost = tuple[int, ...]
T = TypeVar("T")


def groups(field: Field) -> list[Group]:
    """All lines and sales that belong together; takes them from the field."""
    found = _equal(field)
    for _ in ("sales", "their fees, where these have a line of their own"):
        found += _taken(field, _one_to_one(field, agreeing=True))
    found += _cheapest(field, (*_lines_of_a_sale(field, True), *_sales_of_a_line(field, True)))
    found += _cheapest(field, _parts_of_a_sale(field, True))
    field.hold_out(_doubles(field, found))
    found += _taken(field, _by_dollars(field))
    found += _taken(field, _one_to_one(field, agreeing=False))
    found += _cheapest(field, (*_lines_of_a_sale(field, False), *_sales_of_a_line(field, False)))
    found += _cheapest(field, _parts_of_a_sale(field, False))
    return found


def by_hand(field: Field, words: Mapping[str, Word]) -> Iterator[Group]:
    """Lines that a person paired with the same disposals are one group."""
    told: dict[tuple[str, ...], list[FormLine]] = defaultdict(list)
    for key, word in sorted(words.items()):
        if word.pair and key in field.lines and all(i in field.slices for i in word.pair):
            told[word.pair].append(field.lines[key])
    for pair, lines in told.items():
        if all(i in field.slices for i in pair):
            slices = tuple(field.slices[i] for i in pair)
            field.take(lines, slices)
            yield Group(tuple(lines), Sale(slices), by_hand=True)


def _taken(field: Field, found: Iterable[Group]) -> list[Group]:
    kept = list(found)
    for one in kept:
        field.take(one.lines, one.sale.slices)
    return kept


def _cheapest(field: Field, found: Iterable[tuple[Cost, Group]]) -> list[Group]:
    """Of groups that share lines or slices, the ones that fit best."""
    kept = []
    for _, one in sorted(
        found, key=lambda f: (f[0], [x.key for x in f[1].lines], min(f[1].sale.ids))
    ):
        lines_left = all(x.key in field.lines for x in one.lines)
        if lines_left and all(i in field.slices for i in one.sale.ids):
            field.take(one.lines, one.sale.slices)
            kept.append(one)
    return kept


# ---- one line, one whole sale

Equal = tuple[str, str, date, Decimal, Decimal]  # account, asset, day, units, dollars


class _Dollars:
    """Whole sales that are left by what a line could say of them: net, or gross of their fees."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.of: dict[tuple[Equal, bool], list[Sale]] = defaultdict(list)
        for left in sorted(field.left(), key=lambda s: (s[0].disposed_at, s[0].disposal_id)):
            place = (left[0].account, left[0].asset, field.day(left[0]))
            for sale in wholes(left):
                if (net := sale.proceeds) is None:
                    continue
                fees = sum((s.fees_usd for s in sale.slices), ZERO)
                self.of[(*place, sale.units, net), False].append(sale)
                if fees:
                    self.of[(*place, sale.units, net + fees), True].append(sale)

    def fitting(self, line: FormLine) -> Iterator[tuple[tuple[Equal, bool], int]]:
        """The keys that a line fits, each with the days that it is apart."""
        for account, asset in self._field.where(line):
            for day in self._field.near(line, 1):
                apart = abs((day - line.sold).days) if line.sold else 0
                for gross in (False, True):
                    key = ((account, asset, day, line.units, line.amount), gross)
                    if key in self.of:
                        yield key, apart


def _equal(field: Field) -> list[Group]:
    """Lines and whole sales of the same units and the same dollars to the cent, where neither could
    be of another: they need no comparison with all the rest."""
    dollars = _Dollars(field)
    keys: dict[str, list[tuple[Equal, bool]]] = {}
    lines: dict[tuple[Equal, bool], list[FormLine]] = defaultdict(list)
    for line in sorted(field.lines.values(), key=lambda x: x.key):
        if line.sold is not None and line.amount:
            keys[line.key] = [key for key, _ in dollars.fitting(line)]
            for key in keys[line.key]:
                lines[key].append(line)
    of_sale: dict[frozenset[str], set[tuple[Equal, bool]]] = defaultdict(set)
    for key, some in dollars.of.items():
        for sale in some if key in lines else ():
            of_sale[sale.ids].add(key)
    found: list[Group] = []
    for key, mine in lines.items():
        sales = dollars.of[key]
        alone = all(len(keys[x.key]) == 1 for x in mine)
        if alone and all(of_sale[s.ids] == {key} for s in sales):
            theirs = [s for s in sales if all(i in field.slices for i in s.ids)]
            found += _taken(field, list(_most_alike(field, mine, theirs)))
    return found


def _most_alike(field: Field, lines: Sequence[FormLine], sales: Sequence[Sale]) -> Iterator[Group]:
    """Of lines and sales that are equal in all that counts, those together whose lots agree; of
    very many one after the other."""
    if len(lines) > MOST_ALIKE or len(sales) > MOST_ALIKE:
        yield from (Group((x,), s) for x, s in zip(lines, sales, strict=False))
        return
    best = 1 << 4
    weights = [
        {
            n: best - _unlike([line], sale, field)
            for n, sale in enumerate(sales)
            if not any(field.is_apart(line, s) for s in sale.slices)
        }
        for line in lines
    ]
    for row, column in sorted(Optimum(weights).mates.items()):
        yield Group((lines[row],), sales[column])


def _one_to_one(field: Field, agreeing: bool) -> list[Group]:
    """The heaviest matching of lines and whole sales with the same units."""

    by_units: dict[tuple[str, Decimal], dict[tuple[str, date], list[Sale]]] = {}
    for left in field.left():
        for sale in wholes(left):
            for units in _as_rounded(sale.units):
                place = by_units.setdefault((left[0].asset, units), {})
                place.setdefault((left[0].account, field.day(left[0])), []).append(sale)

    def options(line: FormLine) -> Iterator[tuple[int, Sale]]:
        for account, asset in field.where(line):
            near = by_units.get((asset, line.units), {})
            for day in field.near(line):
                for sale in near.get((account, day), ()):
                    if any(field.is_apart(line, s) for s in sale.slices):
                        continue
                    if explained([line], sale, field.facts) is agreeing and (
                        agreeing or not _is_another_days(field, line, sale)
                    ):
                        yield _weight(field, line, sale), sale

    return _heaviest(field, options)


def _as_rounded(units: Decimal) -> set[Decimal]:
    """Units, and what a form of eight decimals makes of more."""
    exponent = units.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= -8:
        return {units}
    return {units, *(units.quantize(_EIGHT, how) for how in (ROUND_HALF_UP, ROUND_DOWN))}


def _is_another_days(field: Field, line: FormLine, sale: Sale) -> bool:
    ours = sale.proceeds
    if ours is None or not field.days_apart(line, sale.slices[0]):
        return False
    return abs(ours - line.amount) > _FAR_DAY * max(ours, line.amount)


def _by_dollars(field: Field) -> list[Group]:
    """The same proceeds to the cent on the same day, and units that are nearly the same."""

    def options(line: FormLine) -> Iterator[tuple[int, Sale]]:
        for slices in field.open_sales(line, days=0):
            for sale in wholes(slices):
                near = abs(sale.units - line.units) <= NEAR_UNITS * max(sale.units, line.units)
                near = near or _is_shifted(sale.units, line.units)
                if near and line.amount and sale.proceeds == line.amount:
                    yield _weight(field, line, sale), sale

    return _heaviest(field, options)


def _is_shifted(ours: Decimal, theirs: Decimal) -> bool:
    """Whether only the decimal point differs."""
    return ours.normalize().as_tuple().digits == theirs.normalize().as_tuple().digits


def _heaviest(
    field: Field, options: Callable[[FormLine], Iterable[tuple[int, Sale]]]
) -> list[Group]:
    lines = sorted(field.lines.values(), key=lambda x: x.key)
    columns: dict[tuple[str, str], int] = {}
    best: list[dict[int, tuple[int, Sale]]] = []
    for line in lines:
        row: dict[int, tuple[int, Sale]] = {}
        for weight, sale in options(line):
            first = sale.slices[0]
            column = columns.setdefault((first.event_id, first.asset), len(columns))
            if column not in row or row[column][0] < weight:
                row[column] = weight, sale
        best.append(row)
    optimum = Optimum([{c: w for c, (w, _) in row.items()} for row in best])
    return [Group((lines[r],), best[r][c][1]) for r, c in sorted(optimum.mates.items())]


def _weight(field: Field, line: FormLine, sale: Sale) -> int:
    """The best has all in common; a cent weighs as much as a hint of the lot does not."""
    ours = sale.proceeds
    apart = _BEST >> 12 if ours is None else int(abs(ours - line.amount) / CENT)
    cost = min(apart, _BEST >> 12) * 64 + field.days_apart(line, sale.slices[0]) * 32
    return _BEST - cost - _unlike([line], sale, field)


def _unlike(lines: Sequence[FormLine], sale: Sale, field: Field) -> int:
    """How many of term, acquisition date and basis disagree."""
    terms = {x.stated_term for x in lines if x.stated_term}
    dates = {x.acquired for x in lines if x.acquired}
    acquired = {s.acquired_at.astimezone(field.zone).date() for s in sale.slices if s.acquired_at}
    bases = [x.basis for x in lines]
    ours = [s.basis_usd for s in sale.slices]
    other_basis = None not in bases and None not in ours and _sum(bases) != _sum(ours)
    other_term = bool(terms) and terms != {s.term for s in sale.slices}
    return 4 * other_term + 2 * (bool(dates) and dates != acquired) + int(other_basis)


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    return sum((v for v in values if v is not None), ZERO)


# ---- several lines or several sales


def _lines_of_a_sale(field: Field, agreeing: bool) -> Iterator[tuple[Cost, Group]]:
    """A sale that has a form for each part of it: short, long, noncovered, by lot."""
    near: dict[tuple[str, str], list[FormLine]] = defaultdict(list)
    for line in sorted(field.lines.values(), key=lambda x: x.key):
        for slices in field.open_sales(line):
            near[slices[0].event_id, slices[0].asset].append(line)
    for key, lines in near.items():
        left = tuple(s for s in field.sales[key] if s.disposal_id in field.slices)
        for sale in wholes(left):
            few = _nearest([x for x in lines if x.units < sale.units], sale)
            for some in _adding_up(few, sale.units, lambda x: x.units):
                if explained(some, sale, field.facts) is agreeing:
                    yield _cost(field, some, sale), Group(tuple(some), sale)


def _nearest(lines: list[FormLine], sale: Sale) -> list[FormLine]:
    """Those first whose price is nearest to the sale's."""
    if sale.proceeds is None or not sale.units:
        return lines
    price = sale.proceeds / sale.units
    return sorted(
        lines, key=lambda x: (abs(x.amount / x.units - price) if x.units else price, x.key)
    )


def _sales_of_a_line(field: Field, agreeing: bool) -> Iterator[tuple[Cost, Group]]:
    """A line that is the sum of sales of its day, such as the fills of an order."""
    for line in sorted(field.lines.values(), key=lambda x: x.key):
        sales = [Sale(main(s) or s) for s in field.open_sales(line, days=1)]
        few = [s for s in sales if s.units < line.units]
        for some in _adding_up(few, line.units, lambda s: s.units):
            sale = Sale(tuple(d for s in some for d in s.slices))
            if explained([line], sale, field.facts) is agreeing:
                yield _cost(field, [line], sale), Group((line,), sale)


def _adding_up(rows: Sequence[T], units: Decimal, of: Callable[[T], Decimal]) -> Iterator[list[T]]:
    """Some of the rows, at least two, whose units add up: every two of them, all of them, and some
    of the first few, as far as that can be tried."""
    by_units: dict[Decimal, list[T]] = defaultdict(list)
    for row in rows:
        for other in by_units.get(units - of(row), ())[:MOST_PAIRS]:
            yield [other, row]
        by_units[of(row)].append(row)
    if len(rows) > 2 and sum((of(r) for r in rows), ZERO) == units:
        yield list(rows)
    yield from _of_a_few(sorted(rows[:MOST_NEAR], key=of, reverse=True), units, of)


def _of_a_few(rows: Sequence[T], units: Decimal, of: Callable[[T], Decimal]) -> Iterator[list[T]]:
    rest = [ZERO] * (len(rows) + 1)
    for place in range(len(rows) - 1, -1, -1):
        rest[place] = rest[place + 1] + of(rows[place])
    tried = 0

    def further(place: int, missing: Decimal, taken: list[T]) -> Iterator[list[T]]:
        nonlocal tried
        tried += 1
        if not missing and len(taken) > 2:
            yield taken
        if place == len(rows) or missing > rest[place] or missing <= ZERO or tried > MOST_TRIED:
            return
        if of(rows[place]) <= missing and len(taken) < MOST_PARTS:
            yield from further(place + 1, missing - of(rows[place]), [*taken, rows[place]])
        yield from further(place + 1, missing, taken)

    yield from further(0, units, [])


def _parts_of_a_sale(field: Field, agreeing: bool) -> Iterator[tuple[Cost, Group]]:
    """A line that is one part of a sale, the others being on none."""
    for line in sorted(field.lines.values(), key=lambda x: x.key):
        for slices in field.open_sales(line):
            for sale in parts(slices):
                same = line.units in _as_rounded(sale.units)
                if same and explained([line], sale, field.facts) is agreeing:
                    yield _cost(field, [line], sale), Group((line,), sale)


def _cost(field: Field, lines: Sequence[FormLine], sale: Sale) -> Cost:
    ours, theirs = sale.proceeds, _sum(x.amount for x in lines)
    apart = 1 << 60 if ours is None else int(abs(ours - theirs) / CENT)
    days = sum(field.days_apart(x, sale.slices[0]) for x in lines)
    return apart, days, _unlike(lines, sale, field), len(lines), len(sale.slices)


# ---- lines that are there twice


def _doubles(field: Field, found: Iterable[Group]) -> dict[str, str]:
    """Lines that say what a matched one says, and that one: they are not tried on sales that agree
    in units alone."""
    matched = {_said(x): x.key for one in found for x in one.lines}
    lines = field.lines.items()
    doubles = {k: matched[_said(line)] for k, line in lines if _said(line) in matched}
    return {k: other for k, other in doubles.items() if not _may_be_a_sale(field, field.lines[k])}


def _may_be_a_sale(field: Field, line: FormLine) -> bool:
    """Whether a sale of its units is left that day, so that it may be that one's line."""
    left = (s for slices in field.open_sales(line, days=0) for s in wholes(slices))
    return any(sale.units == line.units for sale in left)


def _said(line: FormLine) -> tuple[object, ...]:
    form = (plain_broker(line.broker), line.account, line.year, asset_of(line))
    return (*form, line.units, line.acquired, line.sold, line.amount, line.basis)
