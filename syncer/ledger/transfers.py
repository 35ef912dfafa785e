"""Finds the two halves of own transfers: as a person joined them, by transaction hash; then by
address, amount and time, and by an own address that nobody reads.

What is sure or likely applies; what is as well another pair stays open and says so. What stays
alone is shown as open, never as a sale and never as income.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncer.events import UNSEEN, Confidence, Event
from syncer.ledger.addresses import AddressBook
from syncer.ledger.assignment import Assigned, assigned
from syncer.ledger.candidates import candidates
from syncer.ledger.halves import Ids, are_halves, half, open_halves
from syncer.ledger.joining import Piece, Proof, joined, whole
from syncer.ledger.one_transaction import pieces

Way = tuple[str, str, bool]  # an account, an asset, and whether it comes
CLEAR = 25  # weight that must lie between a pair and its runner-up


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said of halves: these are one transfer, those are not, this one went to or came
    from an account that is read by nobody."""

    joined: Sequence[Ids] = ()
    apart: frozenset[Ids] = frozenset()
    placed: Mapping[str, str] = field(default_factory=dict)  # account by event id


class _Halves:
    """The events, as they are joined."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = {e.event_id: e for e in events}

    def open(self) -> tuple[list[Event], list[Event]]:
        return open_halves(self.events.values())

    def join(self, found: Sequence[Piece], proof: Proof) -> None:
        for piece in found:
            self.events.pop(piece.out.event_id, None)
            self.events.pop(piece.into.event_id, None)
        self.events.update((e.event_id, e) for e in joined(found, proof))

    def replace(self, event: Event) -> None:
        self.events[event.event_id] = event

    def in_order(self) -> list[Event]:
        return sorted(self.events.values(), key=lambda e: (e.at, e.event_id))


def match(
    events: Iterable[Event], word: Word | None = None, book: AddressBook | None = None
) -> list[Event]:
    """The events with their halves merged, in order of time."""
    word = word or Word()
    proved, known = by_proof(events, word, book or AddressBook())
    return by_likeness(proved, word, known)


def by_proof(
    events: Iterable[Event], word: Word, book: AddressBook
) -> tuple[list[Event], AddressBook]:
    """What a person or a hash joins, and the address book with what that teaches."""
    halves = _Halves(events)
    _by_hand(halves, word)
    book = _by_hash(halves, word, book)
    _by_hand(halves, word)  # a person may have joined what remained of a withdrawal
    return halves.in_order(), book


def by_likeness(events: Iterable[Event], word: Word, book: AddressBook) -> list[Event]:
    """What fits best by address, amount and time, and what went to own places that are unseen."""
    halves = _Halves(events)
    speaking = _places_that_speak(halves.events.values())
    doubtful = _by_amount(halves, word, book)
    _to_places_unseen(halves, word, book, doubtful, speaking)
    return halves.in_order()


def placed(events: Iterable[Event], places: Mapping[str, str]) -> list[Event]:
    """What a person said last, of what is open still, went to an own place that nobody reads."""
    halves = _Halves(events)
    _to_places_unseen(halves, Word(placed=places), AddressBook(), set(), frozenset())
    return halves.in_order()


def _by_hand(halves: _Halves, word: Word) -> None:
    for out_id, in_id in word.joined:
        out, into = halves.events.get(out_id), halves.events.get(in_id)
        if out and into and are_halves(out, into):
            proof = Proof("joined_by_hand", "sure", "a person joined the halves")
            halves.join([whole(out, into)], proof)


def _by_hash(halves: _Halves, word: Word, book: AddressBook) -> AddressBook:
    """Joins them, and returns the address book with what their addresses prove."""
    outs, ins = halves.open()
    proved = []
    for found in list(pieces(outs, ins, book, word.apart)):
        why = f"hash {found[0].out.txid}"
        halves.join(found, Proof("same_transaction_hash", "sure", why))
        if len(found) == 1:
            proved.append((found[0].out, found[0].into))
    return book.with_pairs(proved)


def _by_amount(halves: _Halves, word: Word, book: AddressBook) -> set[str]:
    """The best overall assignment; a pair that another one fits as well is left to a person, and
    its halves are returned. Where anything else fits at all, an address makes a pair no more than
    likely."""
    doubtful: set[str] = set()
    for one in assigned(candidates(*halves.open(), book, word.apart)):
        best = one.best
        if one.margin < CLEAR:
            doubtful |= {best.out.event_id, best.into.event_id}
            for event, other in ((best.out, best.into), (best.into, best.out)):
                halves.replace(_with_doubt(halves.events[event.event_id], other, one))
            continue
        rule = "same_address_and_amount" if best.proved else "same_amount_and_time"
        confidence: Confidence = "sure" if best.proved and one.alone else "likely"
        halves.join([whole(best.out, best.into)], Proof(rule, confidence, _why(one)))
    return doubtful


def _why(one: Assigned) -> str:
    if one.runner_up is None:
        return f"{one.best.why}, no other candidate" if one.alone else one.best.why
    return f"{one.best.why}; {_instead(one)} fits {one.margin} points worse"


def _instead(one: Assigned) -> str:
    """The runner-up by the half that it would change."""
    other = one.runner_up
    assert other is not None
    if other.out.event_id == one.best.out.event_id:
        return f"deposit {other.into.event_id} ({other.why})"
    return f"withdrawal {other.out.event_id} ({other.why})"


def _with_doubt(event: Event, other: Event, one: Assigned) -> Event:
    doubt = f"perhaps one transfer with {other.event_id} ({one.best.why})"
    if one.runner_up is not None:
        doubt += f", but {_instead(one)} fits as well"
    return replace(event, evidence=f"{doubt}; {event.evidence}")


def _places_that_speak(events: Iterable[Event]) -> frozenset[Way]:
    """Accounts of which some source tells what comes, or what goes, of an asset."""
    told = (e for e in events if e.kind in ("withdrawal", "deposit") or len(e.parts) == 2)
    moved = (g for e in told for g in e.legs if g.role == "principal")
    return frozenset((g.account, g.asset, g.quantity > 0) for g in moved)


def _to_places_unseen(
    halves: _Halves, word: Word, book: AddressBook, doubtful: set[str], speaking: frozenset[Way]
) -> None:
    """A half whose other end is an own address that Syncer does not read is a whole transfer: what
    was sent arrived. No chain proves it. Where another source tells what comes there, a half that
    it does not tell is left to a person."""
    outs, ins = halves.open()
    for event in (*outs, *ins):
        told = word.placed.get(event.event_id)
        place, leg = told or book.account(event.address), half(event)
        if place is None or place == leg.account or (event.event_id, place) in word.apart:
            continue
        if not told and (event.event_id in doubtful or place not in book.manual):
            continue
        if not told and (place, leg.asset, leg.quantity < 0) in speaking:
            why = f"{event.address} belongs to {place}, of which another source does not tell it"
            halves.replace(replace(event, evidence=f"{why}; {event.evidence}"))
            continue
        why = f"a person named {place}" if told else f"{event.address} belongs to {place}"
        halves.replace(_completed(event, place, f"{why}; not proved by chain", bool(told)))


def _completed(event: Event, place: str, why: str, told: bool) -> Event:
    leg = half(event)
    other = replace(leg, account=place, quantity=-leg.quantity, usd=None, usd_source=None)
    legs = (leg, other) if leg.quantity < 0 else (other, leg)
    return replace(
        event,
        kind="transfer",
        legs=(*legs, *event.fees()),
        rule=UNSEEN,
        confidence="sure" if told else "likely",
        evidence=f"{why}; {event.evidence}",
        arrived_at=event.at,
        parts=(event.event_id, place),
    )
