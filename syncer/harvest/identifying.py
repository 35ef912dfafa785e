"""What a sale could do if its lots were named before it, and the command that records them. Pure.

Treas. Reg. 1.1012-1(j)(2), (3)(ii): no later than the date and time of the sale. Until the end of
2026 the person's own books suffice for units at a broker too (Notice 2026-20); from 2027 on the
broker must be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from shlex import quote
from zoneinfo import ZoneInfo

from config.exact import ZERO, text
from syncer.harvest.choose import Way, choose
from syncer.harvest.market import Market
from syncer.harvest.opportunities import How, Position, positions
from syncer.harvest.opportunity import Opportunity
from syncer.harvest.order import in_two
from syncer.harvest.path import Path
from syncer.lots.disposing import is_named
from syncer.lots.holding_period import midnight
from syncer.lots.identification import RELIEF_ENDS
from syncer.lots.model import Lot
from syncer.lots.terms import NamedLot

AS_NAMED = "identified"
_VALID_FOR = timedelta(hours=24)  # the sale is to come within it
_CENT = Decimal("0.01")
_MOST_PLACES = 31  # of dollars a unit


@dataclass(frozen=True, slots=True)
class IfIdentified:
    """A sale of lots that are named first; `instead` is what the order that binds gives."""

    sale: Opportunity
    instead: Opportunity | None
    command: str


def if_identified(
    lots: Iterable[Lot],
    prices: Mapping[str, Market],
    how: How,
    now: datetime,
    instead: Iterable[Opportunity],
) -> list[IfIdentified]:
    """Where naming lots would give more than the order that binds, by at least the least benefit
    that is told."""
    by_place = {(o.account, o.asset): o for o in instead if o.path}
    found = []
    for position in positions(lots, how, now):
        market = prices.get(position.asset)
        bound = (position.account, position.asset) in how.named or position.rule != "fifo"
        if market is None or bound or position.apart(market):
            continue
        sale = _best(position, market, how, now)
        other = by_place.get((position.account, position.asset))
        if sale is not None and _is_more(sale, other, how.limits.min_benefit):
            command = _command(sale, position.queue, now, how.zone)
            found.append(IfIdentified(sale, other, command))
    return sorted(
        found, key=lambda f: (-(f.sale.net_benefit or ZERO), f.sale.account, f.sale.asset)
    )


def _is_more(sale: Opportunity, other: Opportunity | None, least: Decimal) -> bool:
    before = max(ZERO, other.net_benefit or ZERO) if other else ZERO
    return sale.net_benefit is not None and sale.net_benefit >= before + max(least, _CENT)


def _best(position: Position, market: Market, how: How, now: datetime) -> Opportunity | None:
    """Of losing lots those with the most for each dollar first, the short-term ones apart."""
    base = how.taxes.now.tax(ZERO, ZERO)
    if base is None:
        return None
    whole = base

    @cache
    def saved(short: Decimal, long: Decimal) -> Decimal:
        return whole - (how.taxes.now.tax(short, long) or ZERO)

    short, long = _losing(position, market, how, now)
    named = _chosen([short, long], position, market, saved)
    if sum((x.quantity for x in named), ZERO) > position.units:  # the rest is at another account
        named = _chosen([sorted(short + long)], position, market, saved)
    units = sum((x.quantity for x in named), ZERO)
    if not units or units < position.least(market.usd):
        return None
    sale = position.sale_of(units, market, Path(named, units, now, how.zone))
    return None if sale is None or sale.loss <= ZERO else sale


def _chosen(
    losing: Sequence[Sequence[_Losing]],
    position: Position,
    market: Market,
    saved: Callable[[Decimal, Decimal], Decimal],
) -> list[Lot]:
    """The best of each list, none longer than what the account holds."""
    paths = [position.path_of((x.lot for x in some), position.units) for some in losing]
    ways = [Way(position.ends(p, market.usd)) for p in paths]
    chosen = choose(ways, lambda s, x, c: saved(s, x) - c)
    return [lot for path, units in zip(paths, chosen, strict=True) for lot in _first(path, units)]


@dataclass(frozen=True, slots=True, order=True)
class _Losing:
    """A lot below what it cost; the greatest loss a unit comes first."""

    gain: Decimal  # of a unit
    lot_id: str
    lot: Lot = field(compare=False)


def _losing(
    position: Position, market: Market, how: How, now: datetime
) -> tuple[list[_Losing], list[_Losing]]:
    """(short-term, long-term) lots."""
    found: dict[str, list[_Losing]] = {"short": [], "long": []}
    for lot in position.queue:
        ends = Path([lot], lot.quantity, now, how.zone).ends(market.usd, position.costs)
        if len(ends) < 2:
            continue
        gain = ends.short[1] + ends.long[1]
        if gain < ZERO:
            term = "short" if ends.short[1] else "long"
            found[term].append(_Losing(gain / lot.quantity, lot.lot_id, lot))
    return sorted(found["short"]), sorted(found["long"])


def _first(path: Path, units: Decimal) -> Iterable[Lot]:
    for lot, quantity in path.lots:
        taken = min(quantity, units)
        if taken <= ZERO:
            return
        units -= taken
        yield lot if taken == lot.quantity else in_two(lot, taken)[0]


def _command(sale: Opportunity, queue: Sequence[Lot], now: datetime, zone: ZoneInfo) -> str:
    seconds: dict[datetime, list[Lot]] = defaultdict(list)
    for lot in queue:
        seconds[lot.acquired_at.replace(microsecond=0)].append(lot)
    named = " ".join(f"--lot {_of_lot(p.lot, p.quantity, seconds)}" for p in sale.parts)
    # what nobody but the own books was told binds at a broker until the relief ends
    last = midnight(RELIEF_ENDS + timedelta(days=1), zone) - timedelta(seconds=1)
    until = now + _VALID_FOR if now > last else min(now + _VALID_FOR, last)
    place = f"--account {quote(sale.account)} --asset {quote(sale.asset)}"
    return f"syncer identify {place} {named} --before {_at(until.replace(microsecond=0))}"


def _of_lot(lot: Lot, quantity: Decimal, seconds: Mapping[datetime, Sequence[Lot]]) -> str:
    """By its time, and where the time fits two lots by what a unit cost too, as exactly as tells
    them apart."""
    told = f"{_at(lot.acquired_at)}:{text(quantity)}"
    by_time = NamedLot(lot.acquired_at, quantity, None)
    second = seconds[lot.acquired_at.replace(microsecond=0)]
    twins = [x for x in second if is_named(by_time, *_is(x))]
    if len({x.lot_id for x in twins}) < 2 or lot.basis_usd is None:
        return told
    unit = lot.basis_usd / lot.quantity
    for places in range(2, _MOST_PLACES):
        stated = unit.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        wanted = NamedLot(lot.acquired_at, quantity, stated)
        fitting = {
            x.basis_usd / x.quantity for x in twins if x.basis_usd and is_named(wanted, *_is(x))
        }
        if len(fitting) == 1 and stated:
            break
    return f"{told}@{text(stated)}"


def _is(lot: Lot) -> tuple[datetime, Decimal, Decimal | None]:
    return lot.acquired_at, lot.quantity, lot.basis_usd


def _at(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
