"""What each line of a group reports of each slice: a slice may be on several lines (short, long,
noncovered by the broker's lots), and a line may be of several slices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents, dealt
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.candidates import may_be_covered
from syncer.reconcile.model import Group, Piece

Share = tuple[FormLine, Disposal, Decimal]  # units of the slice that the line reports


def pieces(group: Group, zone: ZoneInfo) -> Mapping[str, tuple[Piece, ...]]:
    """By line; the cents of a slice are dealt to its pieces by units and add up. Of several lines
    each has its own price, such as the fills of an order: what differs is dealt over all."""
    shares = list(_shares(group, zone))
    by_slice: dict[str, list[Share]] = defaultdict(list)
    for share in shares:
        by_slice[share[1].disposal_id].append(share)
    found: dict[str, list[Piece]] = defaultdict(list)
    for of_slice in by_slice.values():
        upto = ZERO
        whole = sum((units for _, _, units in of_slice), ZERO)
        for line, one, units in of_slice:
            before, upto = upto, upto + units
            found[line.key].append(_piece(one, units, before, upto, whole))
    made = {line.key: tuple(found[line.key]) for line in group.lines}
    ours = group.sale.proceeds
    if len(group.lines) == 1 or ours is None:
        return made
    told = [x for x in group.lines if made[x.key]]
    return {**made, **dict(_at_their_prices(told, made, ours))}


def _at_their_prices(
    lines: Sequence[FormLine], made: Mapping[str, tuple[Piece, ...]], ours: Decimal
) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    units = [x.units for x in lines]
    more = sum((x.amount for x in lines), ZERO) - ours
    for line, less in zip(lines, dealt(more, units, sum(units, ZERO)), strict=True):
        weights = [p.units for p in made[line.key]]
        shares = dealt(line.amount - less, weights, sum(weights, ZERO))
        yield (
            line.key,
            tuple(
                p._replace(proceeds=share) for p, share in zip(made[line.key], shares, strict=True)
            ),
        )


def _piece(one: Disposal, units: Decimal, before: Decimal, upto: Decimal, whole: Decimal) -> Piece:
    def part(usd: Decimal | None) -> Decimal | None:
        if usd is None or (not before and upto == whole):
            return usd
        return cents(usd * upto / whole) - cents(usd * before / whole)

    fees, washed = part(one.fees_usd) or ZERO, part(one.washed_usd) or ZERO
    return Piece(one, units, part(one.proceeds_usd), part(one.basis_usd), fees, washed)


def _shares(group: Group, zone: ZoneInfo) -> Iterator[Share]:
    if len(group.lines) == 1:
        yield from ((group.lines[0], s, s.quantity) for s in group.sale.slices)
        return
    wanted = {x.key: x.units for x in group.lines}
    left = {s.disposal_id: s.quantity for s in group.sale.slices}
    for fits in _FITS:
        for line in group.lines:
            for one in _alike(line, group.sale.slices, zone, fits):
                units = min(wanted[line.key], left[one.disposal_id])
                if fits is _wholly and units != max(wanted[line.key], left[one.disposal_id]):
                    continue
                if units > ZERO:
                    wanted[line.key] -= units
                    left[one.disposal_id] -= units
                    yield line, one, units
    # by hand, units may differ: what no line has units for goes with the last
    for one in group.sale.slices:
        if left[one.disposal_id] > ZERO:
            yield group.lines[-1], one, left[one.disposal_id]


Fits = Callable[[FormLine, Disposal, ZoneInfo], bool]


def _alike(
    line: FormLine, slices: Sequence[Disposal], zone: ZoneInfo, fits: Fits
) -> list[Disposal]:
    return [s for s in slices if fits(line, s, zone)]


def _same_lot(line: FormLine, one: Disposal, zone: ZoneInfo) -> bool:
    if line.acquired is None or one.acquired_at is None:
        return False
    return one.acquired_at.astimezone(zone).date() == line.acquired


def _same_term(line: FormLine, one: Disposal, zone: ZoneInfo) -> bool:
    return line.stated_term is not None and line.stated_term == one.term


def _same_cover(line: FormLine, one: Disposal, zone: ZoneInfo) -> bool:
    return line.noncovered is not None and line.noncovered is not may_be_covered(one)


def _wholly(line: FormLine, one: Disposal, zone: ZoneInfo) -> bool:
    return _same_term(line, one, zone) or line.stated_term is None


def _any(line: FormLine, one: Disposal, zone: ZoneInfo) -> bool:
    return True


_FITS: tuple[Fits, ...] = (_same_lot, _wholly, _same_term, _same_cover, _any)
