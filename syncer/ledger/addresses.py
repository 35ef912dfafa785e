"""The address book: whose an address is, by the settings, by proved transfers and by decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from syncer.events import Event
from syncer.ledger.decisions import Decision
from syncer.ledger.halves import half

_TO_OTHERS = frozenset({"spend", "gift", "lost"})


def plain(address: str | None) -> str:
    """An address as it can be compared: only in hexadecimal and bech32 does case mean nothing."""
    text = (address or "").strip()
    is_caseless = text[:2].lower() == "0x" or text[:3].lower() in ("bc1", "tb1")
    return text.lower() if is_caseless else text


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Own addresses by account, and foreign ones. Accounts that are `manual` are read by nobody:
    what goes to their addresses has arrived."""

    own: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    manual: frozenset[str] = frozenset()

    def account(self, address: str | None) -> str | None:
        """The own account that an address belongs to."""
        return self.own.get(plain(address)) if address else None

    def is_foreign(self, address: str | None) -> bool:
        return plain(address) in self.foreign

    def with_decisions(
        self, events: Mapping[str, Event], decisions: Iterable[Decision]
    ) -> AddressBook:
        """What a person said of a withdrawal tells whose its address is."""
        own, foreign = dict(self.own), set(self.foreign)
        for one in decisions:
            if one.kind != "unmatched_withdrawal" or one.event not in events:
                continue
            address = plain(events[one.event].address)
            if not address or address in self.own:
                continue
            into = events.get(one.other or "")
            if one.answer in _TO_OTHERS:
                foreign.add(address)
            elif one.answer == "transfer" and into is not None:
                own[address] = half(into).account
        return AddressBook(own, frozenset(foreign - own.keys()), self.manual)

    def with_pairs(self, pairs: Iterable[tuple[Event, Event]]) -> AddressBook:
        """The address to which a proved transfer went is the receiving account's."""
        own = dict(self.own)
        for out, into in pairs:
            if out.address and not self.is_foreign(out.address):
                own.setdefault(plain(out.address), half(into).account)
        return AddressBook(own, self.foreign, self.manual)
