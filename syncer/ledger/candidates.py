"""Which deposit could be the other half of which withdrawal, and how well they fit.

A weight says how much more likely the two are one transfer than two strangers; at zero and below
they are no candidates. Amount, time, address, network and hash count.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import log2

from config.exact import ZERO
from config.networks import network_name
from syncer.events import Event
from syncer.ledger.addresses import AddressBook, plain
from syncer.ledger.halves import LARGEST_FEE, Ids, coin_of, half, hash_of, is_bridge, shortfall

BEFORE = timedelta(hours=1)  # clocks and block times differ
AFTER = timedelta(hours=48)
AFTER_IF_PROVED = timedelta(days=10)  # a slow chain, an optimistic bridge's week

ONE_ASSET = 200  # the same coin in the same days, and what could have been a fee is missing
BY_ADDRESS = 150  # it was sent to an address of the account where it came
OTHER_ADDRESS = -80  # both sides name the receiving address, and not the same
SAME_NETWORK = 20
EACH_DIGIT = 8  # of an amount that arrived whole: round ones are equal by chance
DIGITS = 8
PART_MISSING = -50
EACH_SHARE_MISSING = -2_000
MOST_MISSING = -150
BEFORE_IT_WAS_SENT = -100
EACH_MINUTE_BEFORE = -2
TIMES_AS_LATE = -10  # for each doubling of the time, from ten minutes on


@dataclass(frozen=True, slots=True)
class Candidate:
    """A withdrawal and a deposit that could be one transfer; `proved` by the address it went to,
    in the usual time."""

    out: Event
    into: Event
    weight: int
    why: str
    proved: bool


def candidates(
    outs: Iterable[Event],
    ins: Iterable[Event],
    book: AddressBook,
    apart: frozenset[Ids],
) -> list[Candidate]:
    """All that fit, in the order of the withdrawals; `apart` are ids that a person keeps apart."""
    waiting = _Waiting(ins)
    found = []
    for out in outs:
        for into in waiting.near(out):
            if (out.event_id, into.event_id) not in apart and (one := _weighed(out, into, book)):
                found.append(one)
    return found


class _Waiting:
    """Deposits by asset and time."""

    def __init__(self, ins: Iterable[Event]) -> None:
        self._by_coin: dict[str, list[Event]] = defaultdict(list)
        for into in ins:
            self._by_coin[coin_of(half(into).asset)].append(into)
        self._times: dict[str, list[datetime]] = {
            coin: [e.at for e in found] for coin, found in self._by_coin.items()
        }

    def near(self, out: Event) -> Iterator[Event]:
        coin = coin_of(half(out).asset)
        times = self._times.get(coin, [])
        first = bisect_left(times, out.at - BEFORE)
        last = bisect_right(times, out.at + AFTER_IF_PROVED)
        return iter(self._by_coin.get(coin, [])[first:last])


def _weighed(out: Event, into: Event, book: AddressBook) -> Candidate | None:
    bridged = is_bridge(out, into)
    if not _may_be_one(out, into, bridged):
        return None
    owner = book.account(out.address)
    if book.is_foreign(out.address) or (owner and owner != half(into).account):
        return None
    there = owner is not None or same_address(out, into)
    amount, time = _of_amount(out, into), _of_time(out, into, there or bridged)
    if amount is None or time is None:
        return None
    weight = ONE_ASSET + amount + time + _of_places(out, into, there, bridged)
    if weight <= 0:
        return None
    soon = out.at <= into.at <= out.at + AFTER
    return Candidate(out, into, weight, _why(out, into, there, bridged), there and soon)


def _may_be_one(out: Event, into: Event, bridged: bool) -> bool:
    sent, arrived = half(out), half(into)
    if bridged:
        return True
    one_asset = sent.asset == arrived.asset and sent.account != arrived.account
    if out.txid and into.txid and hash_of(out) != hash_of(into):
        return False
    here, there = network_name(out.network), network_name(into.network)
    return one_asset and (here is None or there is None or here == there)


def same_address(out: Event, into: Event) -> bool:
    """A venue tells its own deposit address, a chain the sender's."""
    told = bool(out.address) and not into.fees_beside
    return told and plain(out.address) == plain(into.address)


def _of_amount(out: Event, into: Event) -> int | None:
    sent, missing = -half(out).quantity, shortfall(out, into)
    if not missing:
        return EACH_DIGIT * min(_digits(sent), DIGITS)
    share = missing / sent
    if missing < ZERO or share > LARGEST_FEE:
        return None
    return max(PART_MISSING + int(EACH_SHARE_MISSING * share), MOST_MISSING)


def _digits(quantity: Decimal) -> int:
    """Significant digits."""
    return len(str(quantity).replace(".", "").strip("0"))


def _of_time(out: Event, into: Event, proved: bool) -> int | None:
    late = into.at - out.at
    minutes = late.total_seconds() / 60
    if minutes < 0:
        return BEFORE_IT_WAS_SENT + int(-minutes * EACH_MINUTE_BEFORE)
    distinct = not shortfall(out, into) and _digits(half(out).quantity) > DIGITS // 2
    if late > AFTER and not (proved or distinct):
        return None
    return int(TIMES_AS_LATE * log2(1 + minutes / 10))


def _of_places(out: Event, into: Event, proved: bool, bridged: bool) -> int:
    if proved:
        return BY_ADDRESS
    weight = 0
    if out.address and into.address and not into.fees_beside:  # a chain tells who sent it
        weight += OTHER_ADDRESS
    here, there = network_name(out.network), network_name(into.network)
    if not bridged and here is not None and here == there:
        weight += SAME_NETWORK
    return weight


def _why(out: Event, into: Event, proved: bool, bridged: bool) -> str:
    missing = shortfall(out, into)
    amount = f"less {missing.normalize():f}" if missing else "of the same amount"
    late = into.at - out.at
    time = f"{abs(late)} {'later' if late >= timedelta() else 'before'}"
    by = ", to an address of the receiving account" if proved else ""
    across = f", across a bridge from {out.network} to {into.network}" if bridged else ""
    return f"the same asset, {amount}, {time}{by}{across}"
