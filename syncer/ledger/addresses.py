"""The address book: whose an address is, by the settings, by proved transfers and by decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from syncer.events import Event
from syncer.ledger.decisions import Decision, is_place
from syncer.ledger.halves import half, is_half


def plain(address: str | None) -> str:
    """An address as it can be compared: only in hexadecimal and bech32 does case mean nothing."""
    text = (address or "").strip()
    is_caseless = text[:2].lower() == "0x" or text[:3].lower() in ("bc1", "tb1")
    return text.lower() if is_caseless else text


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Own addresses by account, and foreign ones. Accounts that are `manual` are read by nobody:
    what goes to their addresses has arrived. `learnt` are those that a person's answers about
    single events taught: an exchange's may be shared by many, so they prove less."""

    own: Mapping[str, str] = field(default_factory=dict)
    learnt: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    manual: frozenset[str] = frozenset()

    def account(self, address: str | None) -> str | None:
        """The own account that an address belongs to."""
        return self.proved(address) or self.learnt.get(plain(address))

    def proved(self, address: str | None) -> str | None:
        """The account by the settings, or by a transfer that was proved."""
        return self.own.get(plain(address)) if address else None

    def is_foreign(self, address: str | None) -> bool:
        return plain(address) in self.foreign

    def with_decisions(
        self, events: Mapping[str, Event], decisions: Iterable[Decision]
    ) -> AddressBook:
        """What a person said of an event tells whose its address is: where a withdrawal went; and,
        on a chain, from whom it came that was no transfer."""
        book = self
        for one in decisions:
            event = events.get(one.event)
            if event is None or not event.address:
                continue
            if one.kind == "unmatched_withdrawal":
                book = book.told(event.address, one, events)
            elif one.kind == "unmatched_deposit" and event.fees_beside:
                book = book.told(event.address, one) if one.answer != "transfer" else book
        return book

    def told(
        self, address: str, one: Decision, events: Mapping[str, Event] | None = None
    ) -> AddressBook:
        """With whose an address is by one answer: the settings first, and own before foreign."""
        address, events = plain(address), events or {}
        if address in self.own or address in self.learnt or one.answer == "lost":
            return self
        if one.answer != "transfer":
            return replace(self, foreign=self.foreign | {address})
        place = one.other or ""
        manual = self.manual
        into = events.get(place)
        if into is not None and is_half(into):
            place = half(into).account
        elif is_place(place, events):
            manual |= {place}  # nobody reads it, else it could not be named
        else:
            return self
        learnt = {**self.learnt, address: place}
        return replace(self, learnt=learnt, foreign=self.foreign - {address}, manual=manual)

    def with_rules(self, rules: Iterable[tuple[str, Decision]]) -> AddressBook:
        """What rules over the withdrawals to an address say of it."""
        book = self
        for address, rule in rules:
            book = book.told(address, rule)
        return book

    def with_pairs(self, pairs: Iterable[tuple[Event, Event]]) -> AddressBook:
        """The address to which a proved transfer went is the receiving account's."""
        own = dict(self.own)
        for out, into in pairs:
            if out.address and not self.is_foreign(out.address):
                own.setdefault(plain(out.address), half(into).account)
        return replace(self, own=own)
