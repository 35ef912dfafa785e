"""What a sale could do if its lots were named before it, and the command that records them. Pure.

Treas. Reg. 1.1012-1(j)(2), (3)(ii): no later than the date and time of the sale. Until the end of
2026 the person's own books suffice for units at a broker too (Notice 2026-20); from 2027 on the
broker must be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from syncer.lots.holding_period import midnight
from syncer.lots.identification import RELIEF_ENDS
from syncer.lots.model import Lot

AS_NAMED = "identified"
_VALID_FOR = timedelta(hours=24)  # the sale is to come within it
_UNIT_CENTS = Decimal("0.01")


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
    return sale.net_benefit is not None and sale.net_benefit >= max(before + least, Decimal("0.01"))


def _best(position: Position, market: Market, how: How, now: datetime) -> Opportunity | None:
    """Of losing lots those with the most for each dollar first, the short-term ones apart."""
    base = how.taxes.now.tax(ZERO, ZERO)
    if base is None:
        return None
    whole = base

    @cache
    def saved(short: Decimal, long: Decimal) -> Decimal:
        return whole - (how.taxes.now.tax(short, long) or ZERO)

    losing = _losing(position, market, how, now)
    paths = [Path(some, sum((x.quantity for x in some), ZERO), now, how.zone) for some in losing]
    ways = [Way(position.ends(p, market.usd)) for p in paths]
    chosen = choose(ways, lambda s, x, c: saved(s, x) - c)
    named = [lot for path, units in zip(paths, chosen, strict=True) for lot in _first(path, units)]
    units = sum((x.quantity for x in named), ZERO)
    if not units or units < position.least(market.usd) or units > position.units:
        return None
    sale = position.sale_of(units, market, Path(named, units, now, how.zone))
    return None if sale is None or sale.loss <= ZERO else sale


def _losing(position: Position, market: Market, how: How, now: datetime) -> list[list[Lot]]:
    """Short-term and long-term lots below what they cost, the greatest loss a unit first."""
    found: dict[str, list[tuple[Decimal, str, Lot]]] = {"short": [], "long": []}
    for lot in position.queue:
        ends = Path([lot], lot.quantity, now, how.zone).ends(market.usd, position.costs)
        if len(ends) < 2:
            continue
        gain = ends.short[1] + ends.long[1]
        if gain < ZERO:
            term = "short" if ends.short[1] else "long"
            found[term].append((gain / lot.quantity, lot.lot_id, lot))
    return [[lot for _, _, lot in sorted(rows, key=lambda r: r[:2])] for rows in found.values()]


def _first(path: Path, units: Decimal) -> Iterable[Lot]:
    for lot, quantity in path.lots:
        taken = min(quantity, units)
        if taken <= ZERO:
            return
        units -= taken
        yield lot if taken == lot.quantity else in_two(lot, taken)[0]


def _command(sale: Opportunity, queue: Sequence[Lot], now: datetime, zone: ZoneInfo) -> str:
    named = " ".join(f"--lot {_of_lot(p.lot, p.quantity, queue)}" for p in sale.parts)
    # what nobody but the own books was told binds at a broker until the relief ends
    last = midnight(RELIEF_ENDS + timedelta(days=1), zone) - timedelta(seconds=1)
    until = now + _VALID_FOR if now > last else min(now + _VALID_FOR, last)
    place = f"--account {quote(sale.account)} --asset {quote(sale.asset)}"
    return f"syncer identify {place} {named} --before {_at(until.replace(microsecond=0))}"


def _of_lot(lot: Lot, quantity: Decimal, queue: Sequence[Lot]) -> str:
    """By its time, and where two lots have one time by what a unit cost too."""
    told = f"{_at(lot.acquired_at)}:{text(quantity)}"
    twins = {x.lot_id for x in queue if x.acquired_at == lot.acquired_at}
    if len(twins) < 2 or lot.basis_usd is None:
        return told
    return f"{told}@{text((lot.basis_usd / lot.quantity).quantize(_UNIT_CENTS, ROUND_HALF_UP))}"


def _at(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
