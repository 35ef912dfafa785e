"""From lots by person or by account to lots by pool on 2025-01-01 (IRC 1012(c)(1); Reg.
1.1012-1(j); Rev. Proc. 2024-28).

Before, a person kept one queue per asset over everything (universal) or one per account. The
universal way needs an allocation of what was left; nothing is dealt out by guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import CENT, ZERO, text
from syncer.events import Event
from syncer.lots.holding_period import midnight
from syncer.lots.model import Holding, Slice, piece
from syncer.lots.pools import Pools, Queue
from syncer.lots.terms import AllocatedUnits, Allocation, Terms
from syncer.lots.units import Moving, Units

PER_WALLET_FROM = date(2025, 1, 1)
EVERYWHERE = "all accounts"  # the one pool of the universal way
UNALLOCATED = "allocation_needed"
LATEST = date(2026, 10, 15)  # the 2025 return's due date with extension

_MOVES = frozenset(
    {"transfer", "withdrawal", "deposit", "wrap", "internal", "unknown", "duplicate"}
)


def change_over(pools: Pools, terms: Terms, units: Units | None, at: datetime) -> dict[str, str]:
    """Put every lot into its pool. Returns the assets that nobody allocated, with the reason.

    `units` says how many units lie in each account under the universal way; what is on its way
    is allocated where it goes to.
    """
    old, pools.queues = pools.queues, {}
    if units is None:
        for (account, asset), queue in old.items():
            _move(pools, (terms.pool(account), asset), queue)
        return {}
    unallocated, owned = {}, units.owned()
    for (_, asset), queue in old.items():
        lots = [piece(h.rest(), h.account) for h in queue]
        here = units_of(asset, owned)
        placed, reason = _placed(lots, here, terms, terms.allocations.get(asset))
        if reason:
            unallocated[asset] = reason
            placed = _unknown(lots, here, asset, at)
        for holding in placed:
            pools.add(terms.pool(holding.account), holding)
    for event, moving in units.moving.items():
        pools.transit[event] = [row for one in moving for row in _set_out(pools, terms, one)]
    return unallocated


def _set_out(pools: Pools, terms: Terms, moving: Moving) -> list[tuple[str, Holding]]:
    """Lots of an account that units on their way to it stand for, with the account they left."""
    queue = pools.queue(terms.pool(moving.target), moving.asset)
    target, wanted = moving.target, moving.quantity
    slices: list[Slice] = []
    for lot in moving.lots:  # what set out and was not sold from elsewhere is what is on its way
        rest = min(lot.left, wanted)
        for holding in [h for h in queue.of_lot(lot) if h.account == target]:
            part = min(holding.left, rest)
            if part:
                slices.append(queue.cut(holding, part))
                rest, wanted = rest - part, wanted - part
    others, _ = queue.take_shown(target, wanted, terms.transfer_order)
    return [(moving.source, piece(one, target)) for one in (*slices, *others)]


def units_of(asset: str, units: Mapping[tuple[str, str], Decimal]) -> dict[str, Decimal]:
    """Units of one asset by account."""
    return {account: q for (account, kind), q in units.items() if kind == asset and q > ZERO}


def _move(pools: Pools, place: tuple[str, str], queue: Queue) -> None:
    """The whole queue, or its lots one by one if there is one already."""
    if place not in pools.queues:
        pools.queues[place] = queue
        return
    for holding in queue:
        pools.queues[place].add(holding)


def _placed(
    lots: list[Holding],
    here: Mapping[str, Decimal],
    terms: Terms,
    allocation: Allocation | None,
) -> tuple[list[Holding], str | None]:
    if allocation is not None:
        found = problems(allocation, lots, here, terms)
        return ([], found[0]) if found else (_dealt(allocation.units, lots, terms.zone) or [], None)
    held = _by_pool(here.items(), terms)
    shown = _by_pool(((h.account, h.left) for h in lots), terms)
    if held == shown:
        return _labelled(lots, here, terms), None
    if _alike(lots) and sum(held.values(), ZERO) == sum(shown.values(), ZERO):
        return _dealt_by_units(lots, here), None
    return [], "the lots left from the universal way do not fit the units of each account"


def _labelled(lots: list[Holding], here: Mapping[str, Decimal], terms: Terms) -> list[Holding]:
    """Lots that fit each pool, shown where its units lie."""
    shown: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for lot in lots:
        shown[lot.account] += lot.left
    amiss = {terms.pool(a) for a in shown.keys() | here.keys() if shown[a] != here.get(a, ZERO)}
    placed = [lot for lot in lots if terms.pool(lot.account) not in amiss]
    for pool in sorted(amiss):
        units = {a: q for a, q in here.items() if terms.pool(a) == pool}
        placed += _dealt_by_units([x for x in lots if terms.pool(x.account) == pool], units)
    return placed


def _alike(lots: list[Holding]) -> bool:
    """Whether all units left have one date and one basis, so that it is nothing which lie where."""
    kinds = {(h.acquired_at, _unit_basis(h), h.gift) for h in lots}
    return len(kinds) == 1


def _unit_basis(holding: Holding) -> Decimal | None:
    basis, whole = holding.ratio
    return None if basis is None else basis / whole


def _dealt_by_units(lots: list[Holding], here: Mapping[str, Decimal]) -> list[Holding]:
    left = [piece(h.rest(), h.account) for h in lots]
    made: list[Holding] = []
    for account, units in sorted(here.items()):
        rest = units
        for lot in left:
            part = min(rest, lot.left)
            if part:
                made.append(piece(lot.take(part), account))
                rest -= part
    return made


def _by_pool(rows: Iterable[tuple[str, Decimal]], terms: Terms) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for account, quantity in rows:
        sums[terms.pool(account)] += quantity
    return {pool: quantity for pool, quantity in sums.items() if quantity}


def _unknown(
    lots: list[Holding], here: Mapping[str, Decimal], asset: str, at: datetime
) -> list[Holding]:
    """Units whose dates and basis are not known: they go out first, and every sale of them says
    so."""
    return [
        Holding(
            lot_id=f"unallocated:{account}:{asset}",
            account=account,
            asset=asset,
            acquired_at=min((h.acquired_at for h in lots), default=at),
            whole=quantity,
            basis=None,
            source_event="",
            unallocated=True,
            peculiar=True,
        )
        for account, quantity in sorted(here.items())
    ]


# ---- a Rev. Proc. 2024-28 allocation


def problems(
    allocation: Allocation, lots: list[Holding], here: Mapping[str, Decimal], terms: Terms
) -> list[str]:
    """Why an allocation does not fit what was left; empty if it does (Rev. Proc. 2024-28, 5.02)."""
    asset = allocation.units[0].asset
    found: list[str] = []
    given = _by_pool(((u.to_account, u.quantity) for u in allocation.units), terms)
    held = _by_pool(here.items(), terms)
    for pool in sorted(given.keys() | held.keys()):
        ours, theirs = held.get(pool, ZERO), given.get(pool, ZERO)
        if ours != theirs:
            found.append(
                f"{asset}: {pool} held {text(ours)} units, the allocation gives it {text(theirs)}"
            )
    if not found and _dealt(allocation.units, lots, terms.zone) is None:
        found.append(
            f"{asset}: the allocated units are not the lots that were left: units, dates and basis "
            "must be theirs, each used once"
        )
    return found


def too_late(
    allocation: Allocation, first: datetime | None, now: datetime, zone: ZoneInfo
) -> str | None:
    """Why an allocation was not made in time; None if it was (Rev. Proc. 2024-28, section 5).

    `first` is when the asset was first disposed of since 2025. A specific allocation must be
    completed before that and before the 2025 return is due, a global one before the later of both.
    """
    asset, done = allocation.units[0].asset, allocation.completed_at
    due = midnight(LATEST + timedelta(days=1), zone)
    if done > now:
        return f"{asset}: completed_at lies in the future"
    if allocation.kind == "global":
        written = allocation.rule_written_at
        if written is None or written.astimezone(zone).date() >= PER_WALLET_FROM:
            return f"{asset}: a global rule must have been written before {PER_WALLET_FROM}"
        if written > done:
            return f"{asset}: the global rule was written after the allocation was completed"
        in_time = first is None or done < max(first, due)
    else:
        in_time = done < (min(first, due) if first else due)
    if in_time:
        return None
    sold = f"{first.astimezone(zone):%Y-%m-%d}" if first else "never"
    return (
        f"{asset}: a {allocation.kind} allocation was completed too late: the first disposition "
        f"since 2025 was on {sold}, the return is due by {LATEST}"
    )


def first_disposition(asset: str, events: Iterable[Event], zone: ZoneInfo) -> datetime | None:
    """When an asset was first sold, given, spent or burned as a fee since 2025 began; moves between
    own places are none."""
    start = midnight(PER_WALLET_FROM, zone)
    found = [
        e.at
        for e in events
        if e.at >= start
        and any(
            g.asset == asset and g.quantity < ZERO and (g.role == "fee" or e.kind not in _MOVES)
            for g in e.legs
        )
    ]
    return min(found, default=None)


def _dealt(
    units: Iterable[AllocatedUnits], lots: list[Holding], zone: ZoneInfo
) -> list[Holding] | None:
    """The lots cut up as allocated; None if not every unit of every lot is used once."""
    left = [piece(h.rest(), h.account) for h in lots]
    made: list[Holding] = []
    rows = [(row, row.quantity) for row in units]
    # what fits exactly first, so that lots a cent apart are not taken for one another
    for within in (CENT / 2, CENT):
        waiting = []
        for row, rest in rows:
            for lot in left:
                part = min(rest, lot.left)
                if part > ZERO and _is_from(row, lot, zone, within):
                    made.append(piece(lot.take(part), row.to_account))
                    rest -= part
            waiting += [(row, rest)] if rest else []
        rows = waiting
    return None if rows or any(h.left for h in left) else made


def _is_from(row: AllocatedUnits, lot: Holding, zone: ZoneInfo, within: Decimal) -> bool:
    """The same time, as exactly as it is stated, and the same basis of so many units."""
    stated, at = row.acquired_at, lot.acquired_at
    if isinstance(stated, datetime):
        same = stated in (at, at.replace(microsecond=0))
    else:
        same = stated == at.astimezone(zone).date()
    basis, whole = lot.ratio
    if not same or basis is None:
        return False
    return abs(basis * row.quantity / whole - row.basis) <= within
