"""Answers by rule: "every deposit from this address is a gift", for events of today and to come.

The subject of such a decision is `KIND:CONDITION[,CONDITION...]`, a condition one of `address=A`,
`account=A`, `asset=X`. An event's own answer goes before every rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from config.errors import DataError
from syncer.events import Event
from syncer.ledger.addresses import plain
from syncer.ledger.decisions import ASKED, Decision

CONDITIONS = ("address", "account", "asset")


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
        coins = {g.asset for g in event.legs if g.role == "principal"}
        return self.account in (None, *places) and self.asset in (None, *coins)


def is_standing(subject: str) -> bool:
    """Whether a decision's subject is a rule and no single event."""
    return "=" in subject


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
        found[name] = value
    return Pattern(kind, **found)


def spelled_out(events: Iterable[Event], decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions with each rule replaced by an answer to every event that it fits."""
    rules = [(pattern(d.subject), d) for d in decisions if is_standing(d.subject)]
    single = [d for d in decisions if not is_standing(d.subject)]
    if not rules:
        return single
    answered = {d.subject for d in single}
    for event in events:
        for which, rule in rules:
            subject = f"{which.kind}:{event.event_id}"
            if subject not in answered and which.fits(event):
                answered.add(subject)
                why = f"by rule {rule.subject}" + (f": {rule.note}" if rule.note else "")
                single.append(replace(rule, subject=subject, note=why))
    return single
