"""The same event told twice: by a venue's API and by its file, by two files, by a person's journal.

Of two tellings of one account the fuller source is kept. They are known by the venue's own id or
the transaction's hash (sure); else by the same net flows within two minutes, fees included, or an
order's row by the sum of its fills (likely). What only looks alike is held out and asked about
(unsure): without its fee, at another hour, under one id with another amount, or as a person's own
file names it. One row stands for one event: what is told once more than before is asked about as
well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from connectors.records import Entry
from syncer.events import DUPLICATE, Event, event_id
from syncer.ledger.group import Draft
from syncer.ledger.same_event import BY_WORD, Comparison, Said, Twice

_RANKS = ("file:coinbase-raw", "file:kraken-trades"), ("file:koinly", "file:cointracker")
_BROUGHT_IN = frozenset({"opening", "inheritance"})  # what no venue tells
_VENUES_OWN = (1, 2)  # ranks of files that a venue wrote, with its own ids


class Nothing:
    """Nobody said anything."""

    def answer(self, twice: Twice) -> None:
        return None

    def same(self, event: str) -> Collection[str]:
        return ()


def rank(source: str) -> int:
    """How much a source knows of its events: an API first, a person's journal last."""
    if source == "journal":
        return 4
    if not source.startswith("file:"):
        return 0
    if source.startswith(_RANKS[1]):
        return 3
    return 2 if source.startswith(_RANKS[0]) else 1


def told_twice(drafts: Sequence[Draft], said: Said | None = None) -> dict[str, Twice]:
    """By event id, what is told twice.

    Rows of several accounts come first, each held against what better sources tell of any of them:
    only what is left of them is known to others.
    """
    found: dict[str, Twice] = {}
    by_account = _told_by_several(drafts)
    for account in sorted(by_account):
        for source in _by_rank(by_account[account]):
            mine = [d for d in by_account[account] if d.source == source and _is_wide(d)]
            known = [d for d in by_account[account] if _place(d.source) < _place(source)]
            for twice in _compared(account, mine, known, said, found) if mine else ():
                found[twice.key] = _merged(found.get(twice.key), twice)
    for account in sorted(by_account):
        told = [d for d in by_account[account] if _id(d) not in found]
        known = [d for d in told if not rank(d.source)]
        for source in _by_rank(told):
            mine = [d for d in told if d.source == source]
            alone = [d for d in mine if not _is_wide(d)]
            found |= {t.key: t for t in _compared(account, alone, known, said, found)}
            known += [d for d in mine if _id(d) not in found]
    return found


def _by_rank(told: Iterable[Draft]) -> list[str]:
    return sorted({d.source for d in told if rank(d.source)}, key=_place)


def _place(source: str) -> tuple[int, str]:
    return rank(source), source


def _is_wide(draft: Draft) -> bool:
    return len({g.account for g in draft.legs}) > 1


def _compared(
    account: str,
    mine: Sequence[Draft],
    known: Sequence[Draft],
    said: Said | None,
    found: Mapping[str, Twice],
) -> list[Twice]:
    if not mine:
        return []
    told = [d for d in known if _id(d) not in found]
    venues = rank(mine[0].source) in _VENUES_OWN
    return Comparison(account, told, said or Nothing(), venues, found).of(mine)


def _merged(one: Twice | None, other: Twice) -> Twice:
    """What sources of two accounts tell of a row; doubt about one of them is doubt."""
    if one is None:
        return other
    for told in (one, other):
        if told.rule == BY_WORD:
            return told  # a person said that it is told; of the other account it is told as well
    of = tuple({_id(d): d for d in (*one.of, *other.of)}.values())
    doubtful = next((t for t in (one, other) if t.confidence == "unsure"), one)
    return Twice(one.draft, of, doubtful.confidence, doubtful.rule)


def _told_by_several(drafts: Iterable[Draft]) -> dict[str, list[Draft]]:
    """Drafts by account, where more than one source tells of it and at most one is an API's."""
    by_account: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.claim is None or draft.claim.kind not in _BROUGHT_IN:
            for account in {g.account for g in draft.legs}:
                by_account[account].append(draft)
    several = {a: d for a, d in by_account.items() if len({x.source for x in d}) > 1}
    return {a: d for a, d in several.items() if any(rank(x.source) for x in d)}


def _id(draft: Draft) -> str:
    return event_id(draft.source, draft.group)


def event_of(twice: Twice) -> Event:
    """A row that is told twice changes nothing; it is kept to be seen, and can be undone."""
    draft = twice.draft
    others = ", ".join(f"{_id(d)} ({d.evidence})" for d in twice.of)
    return Event(
        event_id=_id(draft),
        kind=DUPLICATE,
        at=draft.at,
        legs=draft.legs,
        rule=twice.rule,
        evidence=f"told already by {others}; {draft.evidence}",
        confidence=twice.confidence,
        txid=draft.txid,
        address=draft.address,
        parts=tuple(_id(d) for d in twice.of),
        claim=draft.claim,
        network=draft.network,
    )


def counted(entries: Iterable[Entry], events: Iterable[Event]) -> list[Entry]:
    """The entries without those that were told twice."""
    out = {e.event_id for e in events if e.kind == DUPLICATE}
    entries = list(entries)
    return [e for e in entries if event_id(e.source, e.group) not in out] if out else entries
