"""Answers by rule: "every deposit from this address is a gift", for events of today and to come.

The subject of such a decision is `KIND:CONDITION[,CONDITION...]`, a condition one of `address=A`,
`account=A`, `asset=X`. An event's own answer goes before every rule. A rule that names an address
goes before what is only likely; any other is for what stays open when all halves are matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from config.assets import names
from config.errors import DataError
from syncer.events import Event
from syncer.ledger.addresses import plain
from syncer.ledger.answers import ASKED
from syncer.ledger.decisions import Decision

CONDITIONS = ("address", "account", "asset")
_RULE = re.compile(rf"\w+:({'|'.join(CONDITIONS)})=")
WHOLE = frozenset({"unknown_event", "spam"})  # kinds that ask about an event with all its coins
_HALVES = frozenset({"unmatched_withdrawal", "unmatched_deposit"})
# when a rule is asked: of what is classified, of what no proof joined, of what is open in the end
CLASSIFIED, PROVED, MATCHED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which open events a standing answer is for."""

    kind: str  # of their review items
    address: str | None = None
    account: str | None = None
    asset: str | None = None

    def fits(self, event: Event) -> bool:
        if event.kind != ASKED[self.kind] or not event.legs:
            return False
        if self.address is not None and plain(event.address) != plain(self.address):
            return False
        places = {g.account for g in event.legs if g.role == "principal"}
        moved = {g.asset for g in event.legs if g.role == "principal"}
        coins = {a for a in moved if not names().is_fiat(a)} or moved
        return self.account in (None, *places) and self.asset in (None, *_only(coins))

    @property
    def conditions(self) -> Mapping[str, str]:
        told = ((name, getattr(self, name)) for name in CONDITIONS)
        return {name: value for name, value in told if value is not None}

    @property
    def subject(self) -> str:
        """The one way to write it."""
        told = {**self.conditions}
        if self.address is not None:
            told["address"] = plain(self.address)
        return f"{self.kind}:" + ",".join(f"{name}={value}" for name, value in told.items())

    @property
    def asked(self) -> int:
        if self.kind not in _HALVES:
            return CLASSIFIED
        return MATCHED if self.address is None else PROVED


def _only(coins: set[str]) -> set[str]:
    """An answer for one coin is none for an event that moved others as well."""
    return coins if len(coins) == 1 else set()


def is_standing(subject: str) -> bool:
    """Whether a decision's subject is a rule and no single event."""
    is_event = subject.partition(":")[0] in ASKED  # of which no id has this sign
    return "=" in subject and (is_event or bool(_RULE.match(subject)))


def pattern(subject: str) -> Pattern:
    """The rule of a subject; raises DataError that names what it does not understand."""
    kind, _, told = subject.partition(":")
    if kind not in ASKED:
        raise DataError(f"{kind} takes no answer by rule; those that do: {', '.join(ASKED)}")
    found: dict[str, str] = {}
    for part in told.split(","):
        name, _, value = part.partition("=")
        if name not in CONDITIONS or not value:
            raise DataError(f"{part!r} is no condition; write {' or '.join(CONDITIONS)} and =VALUE")
        if name in found:
            raise DataError(f"{name} is said twice; write a rule for each")
        found[name] = value
    return Pattern(kind, **found)


class Rules:
    """The rules in force, and the events that have an answer of their own. Of several rules that
    fit, the one with more conditions counts, else the newer one."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self.single: list[Decision] = []
        self.rules: list[tuple[Pattern, Decision]] = []
        for one in decisions:
            if is_standing(one.subject):
                self.rules.append((pattern(one.subject), one))
            else:
                self.single.append(one)
        self.rules.sort(key=lambda r: (len(r[0].conditions), r[1].at, r[1].subject), reverse=True)
        self._answered = {d.subject for d in self.single}

    @property
    def of_addresses(self) -> list[tuple[str, Decision]]:
        """Rules that say whose an address is to which coins went: all that went there."""
        went = ((w, d) for w, d in self.rules if w.kind == "unmatched_withdrawal")
        return [(w.address, rule) for w, rule in went if w.address and len(w.conditions) == 1]

    def answers(self, events: Iterable[Event], asked: int) -> list[Decision]:
        """An answer to every event that a rule fits which is asked by then."""
        rules = [(which, rule) for which, rule in self.rules if which.asked <= asked]
        found = []
        for event in events if rules else ():
            for which, rule in rules:
                subject = f"{which.kind}:{event.event_id}"
                if subject not in self._answered and which.fits(event):
                    why = f"by rule {rule.subject}" + (f": {rule.note}" if rule.note else "")
                    found.append(replace(rule, subject=subject, note=why))
                    break
        return found
