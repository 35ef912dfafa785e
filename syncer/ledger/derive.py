"""From entries and decisions to events, from events and prices to lots: pure, so that a rebuild
gives the same bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.records import Entry
from syncer.events import Event, event_id, told_elsewhere
from syncer.ledger import decisions as decided
from syncer.ledger.addresses import AddressBook
from syncer.ledger.bridges import across
from syncer.ledger.decisions import Decision
from syncer.ledger.duplicates import counted, event_of, told_twice
from syncer.ledger.group import Draft, drafts
from syncer.ledger.halves import parted
from syncer.ledger.rules import Treatments, classify
from syncer.ledger.same_event import Twice
from syncer.ledger.standing import CLASSIFIED, MATCHED, PROVED, WHOLE, Rules
from syncer.ledger.transfers import Word, by_likeness, by_proof, placed
from syncer.ledger.values import Prices, Worth, stands_for, value
from syncer.lots.engine import replay
from syncer.lots.model import Disposal, Holding, Lot
from syncer.lots.terms import Terms


@dataclass(frozen=True, slots=True)
class Derived:
    """Everything that follows from what was said and decided."""

    entries: tuple[Entry, ...]
    events: tuple[Event, ...]
    lots: tuple[Lot, ...]
    disposals: tuple[Disposal, ...]
    holdings: tuple[Holding, ...] = ()  # of the lots, as the replay left them


def name_events(
    entries: Iterable[Entry],
    decisions: Sequence[Decision],
    how: Treatments,
    book: AddressBook | None = None,
) -> list[Event]:
    """Grouped, classified, decided, matched; not yet valued."""
    made = drafts(entries)
    twice = [event_of(t) for t in _told_twice(made, decisions).values()]
    decisions = decided.followed(decisions, told_elsewhere(twice))
    gone = {e.event_id for e in twice}
    once = [classify(d, how) for d in made if event_id(d.source, d.group) not in gone]
    named = _matched(once, decisions, how, book or AddressBook())
    return _in_order([*named, *twice]) if twice else named


def _matched(
    classified: Sequence[Event], decisions: Sequence[Decision], how: Treatments, book: AddressBook
) -> list[Event]:
    """With the person's word, in this order: on single events; by rule on what has no name; on
    halves by rules that name an address, once no proof joined them; by other rules on what is open
    when all is matched."""
    rules = Rules(decisions)
    nameless = [d for d in rules.single if d.kind in WHOLE]  # asked of an event, not of its parts
    named = decided.apply(classified, [*nameless, *rules.answers(classified, CLASSIFIED)])
    named = decided.apply([part for e in named for part in parted(e)], rules.single)
    by_id = {e.event_id: e for e in named}
    word = Word(
        joined=decided.of_halves(rules.single, "transfer", "right"),
        apart=frozenset(decided.of_halves(rules.single, "apart")),
        placed=decided.placed(rules.single, by_id),
    )
    book = book.with_decisions(by_id, rules.single).with_rules(rules.of_addresses)
    named, book = by_proof(named, word, book)
    spoken = [*rules.single, *rules.answers(named, PROVED)]
    word = replace(word, placed=decided.placed(spoken, by_id))
    named = by_likeness(decided.apply(named, spoken), word, book)
    named = [across(e, how) for e in named]
    spoken = [*rules.single, *rules.answers(named, MATCHED)]
    named = placed(decided.apply(named, spoken), decided.placed(spoken, by_id))
    return decided.value_by_word(named, decisions)


def _told_twice(made: Sequence[Draft], decisions: Sequence[Decision]) -> dict[str, Twice]:
    return told_twice(made, _SaidOfDuplicates(d for d in decisions if d.kind == "duplicate"))


class _SaidOfDuplicates:
    """Answers to single rows, each about the events that it was compared with; and by rule."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._rules = Rules(decisions)
        self._own: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
        for one in self._rules.single:
            about = frozenset((one.other or "").split(",")) if one.other else frozenset()
            self._own[one.event.partition(":")[0]].append((one.answer, about))

    def answer(self, twice: Twice) -> str | None:
        for answer, about in self._own.get(twice.key, ()):
            if not about or (twice.told <= about if answer == "two" else twice.told & about):
                return answer
        if twice.confidence != "unsure":
            return None
        by_rule = self._rules.answers([event_of(twice)], CLASSIFIED)
        return by_rule[0].answer if by_rule else None

    def same(self, event: str) -> Collection[str]:
        told = (about for answer, about in self._own.get(event, ()) if answer == "same")
        return frozenset().union(*told)


def only_once(entries: Sequence[Entry], decisions: Sequence[Decision]) -> list[Entry]:
    """The entries of one account without those that another source tells already."""
    twice = _told_twice(drafts(entries), decisions)
    return counted(entries, map(event_of, twice.values()))


def _in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda e: (e.at, e.event_id))


def finish(
    entries: Iterable[Entry],
    events: Sequence[Event],
    prices: Prices,
    terms: Terms,
    stablecoins_at_one: bool = False,
) -> Derived:
    """Value the events and replay the lots; gaps that the replay finds go onto the events."""
    worth = Worth(prices, stands_for(events), stablecoins_at_one)
    valued = value(events, worth)
    result = replay(valued, terms)
    told = [told_of(e, result.gaps) for e in valued]
    kept = tuple(counted(entries, told))
    return Derived(kept, tuple(told), result.lots, result.disposals, result.holdings)


def told_of(event: Event, gaps: Mapping[str, tuple[str, ...]]) -> Event:
    """The event with the gaps that the replay found."""
    more = gaps.get(event.event_id)
    return replace(event, gaps=tuple(dict.fromkeys((*event.gaps, *more)))) if more else event
