"""From entries and decisions to events, from events and prices to lots: pure, so that a rebuild
gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.records import Entry
from syncer.events import Event, event_id
from syncer.ledger import decisions as decided
from syncer.ledger.addresses import AddressBook
from syncer.ledger.bridges import across
from syncer.ledger.decisions import Decision
from syncer.ledger.duplicates import counted, event_of, told_twice
from syncer.ledger.group import drafts
from syncer.ledger.halves import parted
from syncer.ledger.rules import Treatments, classify
from syncer.ledger.standing import spelled_out
from syncer.ledger.transfers import Word, match
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
    twice = told_twice(made, decided.of_duplicates(decisions))
    once = (classify(d, how) for d in made if event_id(d.source, d.group) not in twice)
    classified = [part for event in once for part in parted(event)]
    decisions = spelled_out(classified, decisions)
    named = decided.apply(classified, decisions)
    by_id = {e.event_id: e for e in named}
    word = Word(
        joined=decided.of_halves(decisions, "transfer", "right"),
        apart=frozenset(decided.of_halves(decisions, "apart")),
        placed=decided.placed(decisions, by_id),
    )
    known = (book or AddressBook()).with_decisions(by_id, decisions)
    matched = [across(e, how) for e in match(named, word, known)]
    # what is left of a withdrawal is first there now
    named = decided.value_by_word(decided.apply(matched, decisions), decisions)
    return _in_order([*named, *map(event_of, twice.values())]) if twice else named


def only_once(entries: Sequence[Entry], decisions: Sequence[Decision]) -> list[Entry]:
    """The entries of one account without those that another source tells already."""
    twice = told_twice(drafts(entries), decided.of_duplicates(decisions))
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
