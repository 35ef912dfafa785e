"""Halves of one transaction: several withdrawals paid at once, one receipt of several withdrawals,
one payment to several own places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from math import ceil

from config.exact import ZERO
from syncer.events import Event
from syncer.ledger.addresses import AddressBook
from syncer.ledger.candidates import same_address
from syncer.ledger.halves import LARGEST_FEE, Ids, half, hash_of, is_bridge, shortfall
from syncer.ledger.joining import Piece, whole
from syncer.optimum import Optimum

ONE_TIME = timedelta(days=30)  # no transaction takes longer; what is alike then is no hash
MOST_PAYEES = 10  # of which each sum is tried
FAR_APART = 1_000  # of weight: by the address, or since fewer would find a pair
LARGEST_PROVED_FEE = Decimal("0.5")  # of a small amount a fixed fee may be much


def pieces(
    outs: Iterable[Event],
    ins: Iterable[Event],
    book: AddressBook,
    apart: frozenset[Ids],
) -> Iterator[list[Piece]]:
    """What belongs together by hash: each list shares its halves with no other."""
    waiting: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for into in ins:
        if into.txid:
            waiting[hash_of(into), half(into).asset].append(into)
    together: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for out in outs:
        if out.txid and (hash_of(out), half(out).asset) in waiting:
            together[hash_of(out), half(out).asset].append(out)
    for key, sent in together.items():
        yield from _of_one_hash(sent, waiting[key], book, apart)


def _of_one_hash(
    outs: list[Event], ins: list[Event], book: AddressBook, apart: frozenset[Ids]
) -> Iterator[list[Piece]]:
    """What several payees of one account make up exactly; one to one; then what several make up.
    Where two fit as well it stays open: the hash proves that something arrived, not which."""
    groups = list(_payees(outs, ins, book, apart))
    yield from (_dealt(sent, [into], ZERO) for sent, into in groups)
    gone = {o.event_id for sent, _ in groups for o in sent}
    outs = [o for o in outs if o.event_id not in gone]
    ins = [i for i in ins if i.event_id not in {into.event_id for _, into in groups}]
    weights: list[dict[int, int]] = [
        {
            m: _weight(out, into, book)
            for m, into in enumerate(ins)
            if (out.event_id, into.event_id) not in apart and _fits(out, into, book, len(outs) == 1)
        }
        for out in outs
    ]
    best = Optimum(weights)
    together = list(_several(outs, ins, book)) if _are_parts(outs, ins, best, apart) else []
    if together:
        yield from together
        return
    losses = _losses(best, weights, outs, ins)
    for n, m in sorted(best.mates.items()):
        loss = losses[n]
        if loss >= FAR_APART or (loss and not shortfall(outs[n], ins[m])):
            yield [whole(outs[n], ins[m])]
    left = [o for n, o in enumerate(outs) if n not in best.mates]
    open_ = [i for m, i in enumerate(ins) if m not in best.owners]
    if not apart & {(o.event_id, i.event_id) for o in left for i in open_}:
        yield from _several(left, open_, book)


def _payees(
    outs: list[Event], ins: list[Event], book: AddressBook, apart: frozenset[Ids]
) -> Iterator[tuple[list[Event], Event]]:
    """Payments to several addresses of one account that came as one: those that are known to be
    its, else the only ones that add up to it."""
    taken: set[str] = set()
    for into in ins:
        mine = [
            o
            for o in outs
            if o.event_id not in taken
            and (o.event_id, into.event_id) not in apart
            and half(o).account != half(into).account
            and book.proved(o.address) in (None, half(into).account)
            and not book.is_foreign(o.address)
        ]
        proved = [o for o in mine if book.proved(o.address)]
        if any(not shortfall(o, into) for o in mine) or len(mine) > MOST_PAYEES:
            continue
        for among in (proved, mine):
            found = list(_exactly(among, half(into).quantity))
            if len(found) == 1:
                taken |= {o.event_id for o in found[0]}
                yield found[0], into
                break


def _exactly(outs: list[Event], quantity: Decimal) -> Iterator[list[Event]]:
    for count in range(2, len(outs) + 1):
        for some in combinations(outs, count):
            if -sum((half(o).quantity for o in some), ZERO) == quantity:
                yield list(some)


def _losses(
    best: Optimum, weights: list[dict[int, int]], outs: list[Event], ins: list[Event]
) -> dict[int, int]:
    """What is lost without each pair; to swap two of one account and amount that both have their
    other half is no loss of anything."""
    turned: list[dict[int, int]] = [{} for _ in ins]
    for n, row in enumerate(weights):
        for m, weight in row.items():
            turned[m][n] = weight
    other_way = Optimum(turned)
    found = {}
    for n, m in best.mates.items():
        losses = [best.without(n)[0]]
        alike = {k for k in other_way.owners if _alike(outs[k], outs[n])}
        if other_way.mates.get(m) in alike:
            losses.append(other_way.without(m, alike)[0])
        found[n] = max(losses)
    return found


def _alike(one: Event, other: Event) -> bool:
    mine, its = half(one), half(other)
    return (mine.account, mine.quantity) == (its.account, its.quantity)


def _are_parts(outs: list[Event], ins: list[Event], best: Optimum, apart: frozenset[Ids]) -> bool:
    """Whether several receipts of one payment are less than the best of them alone would leave."""
    if len(outs) != 1 or len(ins) < 2 or apart & {(outs[0].event_id, i.event_id) for i in ins}:
        return False
    if not best.mates:
        return False  # comes to it anyway
    missing = shortfall(outs[0], ins[best.mates[0]])
    others = sum((half(i).quantity for i in ins), ZERO) - half(ins[best.mates[0]]).quantity
    return ZERO < others <= missing


def _weight(out: Event, into: Event, book: AddressBook) -> int:
    """As many pairs as can be, by address, and with the least that is missing."""
    share = ceil(1_000 * shortfall(out, into) / -half(out).quantity)
    by_address = 2_000 * _by_address(out, into, book) - 2_000 * book.is_foreign(out.address)
    return 20_000 + by_address - share


def _by_address(out: Event, into: Event, book: AddressBook) -> bool:
    owner = book.account(out.address)
    return owner == half(into).account or same_address(out, into)


def _fits(out: Event, into: Event, book: AddressBook, single: bool) -> bool:
    """No more arrived than was sent, and no more is missing than a fee could be."""
    apart = half(out).account != half(into).account or is_bridge(out, into)
    owner = book.proved(out.address)
    if not apart or (owner and owner != half(into).account):
        return False
    if not _at_one_time(out, into):
        return False
    proved = single and _by_address(out, into, book)
    largest = LARGEST_PROVED_FEE if proved else LARGEST_FEE
    return ZERO <= shortfall(out, into) <= -half(out).quantity * largest


def _several(outs: list[Event], ins: list[Event], book: AddressBook) -> Iterator[list[Piece]]:
    """One receipt of several withdrawals, or one payment to several places. Of a payment on a chain
    the rest went to others; what a venue sent is whole."""
    places = {half(i).account for i in ins}
    if not outs or not ins or any(half(o).account in places for o in outs):
        return
    if not all(_at_one_time(o, i) for o in outs for i in ins):
        return
    payment = len(outs) == 1 and outs[0].fees_beside  # on a chain, perhaps to many addresses
    if not payment and any(_is_for_others(o, places, book) for o in outs):
        return
    sent = -sum((half(o).quantity for o in outs), ZERO)
    arrived = sum((half(i).quantity for i in ins), ZERO)
    missing = sent - arrived
    if payment and missing > sent * LARGEST_FEE:
        yield [Piece(outs[0], i, half(i).quantity, half(i).quantity) for i in ins]
    elif ZERO <= missing <= sent * _fee_of(outs) and min(len(outs), len(ins)) == 1:
        yield _dealt(outs, ins, missing)


def _fee_of(outs: list[Event]) -> Decimal:
    """The largest share that may be missing: payees of one payment on a chain get what is told."""
    payees = len(outs) > 1 and all(o.fees_beside for o in outs)
    return ZERO if payees else LARGEST_FEE


def _at_one_time(out: Event, into: Event) -> bool:
    return abs(into.at - out.at) <= ONE_TIME


def _is_for_others(out: Event, places: set[str], book: AddressBook) -> bool:
    """Whether it went to an address that is none of these places'."""
    owner = book.proved(out.address)
    return book.is_foreign(out.address) or (owner is not None and owner not in places)


def _dealt(outs: list[Event], ins: list[Event], missing: Decimal) -> list[Piece]:
    """The missing fee falls on the largest piece."""
    found = [_smaller(o, i) for o in outs for i in ins]
    largest = max(range(len(found)), key=lambda n: found[n].sent)
    one = found[largest]
    if len(outs) == 1:
        found[largest] = Piece(one.out, one.into, one.sent + missing, one.arrived)
    else:
        found[largest] = Piece(one.out, one.into, one.sent, one.arrived - missing)
    return found


def _smaller(out: Event, into: Event) -> Piece:
    quantity = min(-half(out).quantity, half(into).quantity)
    return Piece(out, into, quantity, quantity)
