"""The same event told twice: by a venue's API and by its file, by two files, by a person's journal.

Of two tellings of one account the fuller source is kept. They are known by the venue's own id or
the transaction's hash (sure); else by the same net flows within two minutes, fees included, or an
order's row by the sum of its fills (likely). What only looks alike is held out and asked about
(unsure): without its fee, at another hour, under one id with another amount, or as a person's own
file names it. One row stands for one event: what is told once more than before is asked about as
well.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, time, timedelta
from decimal import Decimal
from itertools import islice

from config.assets import names
from config.exact import ZERO
from config.networks import network_name
from connectors.records import Entry
from syncer.events import DUPLICATE, Confidence, Event, Leg, event_id
from syncer.ledger.group import Draft
from syncer.ledger.rules import ON_CHAIN

AT_ONCE = timedelta(minutes=2)
ORDER_OPEN = timedelta(hours=24)  # the fills of one order
LOOKS_ALIKE = timedelta(hours=14)  # the largest shift of a time zone
NOON = time(12, tzinfo=UTC)  # of a bare date, which is the day in every zone of the United States
DAYS_END = timedelta(hours=22)  # after that noon, where it is latest
LAST_PLACE = Decimal("0.00000001")  # to which files cut quantities
CENT = Decimal("0.01")
MOST_FILLS = 200
_RANKS = ("file:coinbase-raw", "file:kraken-trades"), ("file:koinly", "file:cointracker")
_PLAIN_CLAIMS = frozenset({"buy", "sell", "trade", "deposit", "withdrawal", "fee"})
_BROUGHT_IN = frozenset({"opening", "inheritance"})  # what no venue tells
_VENUES_OWN = (1, 2)  # ranks of files that a venue wrote, with its own ids
Flows = Mapping[str, Decimal]
Signs = frozenset[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Twice:
    """A draft that tells what others tell, how sure that is, and why."""

    draft: Draft
    of: tuple[Draft, ...]
    confidence: Confidence
    rule: str


def rank(source: str) -> int:
    """How much a source knows of its events: an API first, a person's journal last."""
    if source == "journal":
        return 4
    if not source.startswith("file:"):
        return 0
    if source.startswith(_RANKS[1]):
        return 3
    return 2 if source.startswith(_RANKS[0]) else 1


def told_twice(drafts: Sequence[Draft], said: Mapping[str, str] | None = None) -> dict[str, Twice]:
    """By event id, what is told twice; `said` are a person's answers by event id: same or two."""
    found: dict[str, Twice] = {}
    for account, told in _told_by_several(drafts).items():
        known: list[Draft] = [d for d in told if not rank(d.source)]
        rest = sorted({d.source for d in told if rank(d.source)}, key=lambda s: (rank(s), s))
        for source in rest:
            mine = [d for d in told if d.source == source and _id(d) not in found]
            twice = _Comparison(account, known, said or {}).of(mine)
            found |= {_id(t.draft): t for t in twice}
            known += [d for d in mine if _id(d) not in found]
    return found


def _told_by_several(drafts: Iterable[Draft]) -> dict[str, list[Draft]]:
    """Drafts by account, where more than one source tells of it and at most one is an API's."""
    by_account: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.claim is None or draft.claim.kind not in _BROUGHT_IN:
            for account in {g.account for g in draft.legs}:
                by_account[account].append(draft)
    several = {a: d for a, d in by_account.items() if len({x.source for x in d}) > 1}
    return {a: d for a, d in several.items() if any(rank(x.source) for x in d)}


def _is_plain(draft: Draft) -> bool:
    """Whether it says no more than what moved; else a person must say which telling counts."""
    claim = draft.claim
    plain = claim is None or (claim.kind in _PLAIN_CLAIMS and not claim.lot_or_fee)
    return plain and len({g.account for g in draft.legs}) == 1


@dataclass(frozen=True, slots=True)
class _Known:
    """A draft that is told already, with what it is compared by."""

    draft: Draft
    key: str
    flows: Flows
    moved: Flows


class _Comparison:
    """Drafts of one source against those that are known of one account, pass by pass; each known
    one stands for one."""

    def __init__(self, account: str, known: Sequence[Draft], said: Mapping[str, str]) -> None:
        self._account, self._said = account, said
        self._ids: dict[str, list[_Known]] = defaultdict(list)
        self._hashes: dict[str, list[_Known]] = defaultdict(list)
        told = [self._known(d) for d in sorted(known, key=lambda d: (d.at, d.group))]
        for one in told:
            draft = one.draft
            for key in draft.ids | {draft.group.rsplit(":", 1)[-1]}:
                self._ids[key].append(one)
            if draft.txid:
                self._hashes[draft.txid.lower()].append(one)
        self._by_flow = _BySigns((k, k.flows) for k in told)
        self._by_move = _BySigns((k, k.moved) for k in told)
        self._used: set[str] = set()

    def _known(self, draft: Draft) -> _Known:
        return _Known(draft, _id(draft), self._net(draft), self._moved(draft))

    def _net(self, draft: Draft) -> Flows:
        """What each balance changed by, fees included."""
        return _sums(g for g in draft.legs if g.account == self._account)

    def _moved(self, draft: Draft) -> Flows:
        mine = (g for g in draft.legs if g.account == self._account)
        return _sums(g for g in mine if g.role == "principal")

    def of(self, mine: Sequence[Draft]) -> list[Twice]:
        found: list[Twice] = []
        waiting = [d for d in mine if self._said.get(_id(d)) != "two"]
        for look in (self._by_id, self._by_hash, self._by_flows, self._by_order, self._alike):
            left = []
            for draft in waiting:
                plain = look == self._alike or _is_plain(draft)
                twice = look(draft) if plain else None
                if twice:
                    self._used |= {_id(d) for d in twice.of}
                    found.append(self._decided(twice))
                else:
                    left.append(draft)
            waiting = left
        return found

    def _decided(self, twice: Twice) -> Twice:
        if self._said.get(_id(twice.draft)) != "same":
            return twice
        return Twice(twice.draft, twice.of, "sure", "same_event_by_word")

    def _by_id(self, draft: Draft) -> Twice | None:
        if rank(draft.source) not in _VENUES_OWN:
            return None
        coins = {g.asset for g in draft.legs}
        heads = {key.partition(":")[0] for key in draft.ids}  # files add what tells legs apart
        told = (k for key in sorted(heads | draft.ids) for k in self._ids.get(key, ()))
        same = {k.key: k for k in told if coins & {g.asset for g in k.draft.legs}}
        if not same:
            return None
        of = tuple(k.draft for k in same.values())
        if self._agree(draft, same.values()):
            return Twice(draft, of, "sure", "same_event_by_id")
        return Twice(draft, of, "unsure", "perhaps_the_same_event")

    def _agree(self, draft: Draft, told: Collection[_Known]) -> bool:
        """Whether as many coins moved, with the fees or without."""
        rows = len(told)
        return _covers(self._net(draft), [k.flows for k in told], rows) or _covers(
            self._moved(draft), [k.moved for k in told], rows
        )

    def _by_hash(self, draft: Draft) -> Twice | None:
        for known in self._free(self._hashes.get((draft.txid or "").lower(), ())):
            whole = known.draft.kinds & ON_CHAIN and draft.kinds & ON_CHAIN
            if whole or _same(self._net(draft), known.flows, 1):
                return Twice(draft, (known.draft,), "sure", "same_event_by_hash")
        return None

    def _by_flows(self, draft: Draft) -> Twice | None:
        flows = self._net(draft)
        near = self._by_flow.near(draft, flows, AT_ONCE, AT_ONCE)
        fitting = [
            k.draft
            for k in self._free(near)
            if _same(flows, k.flows, 1) and not _are_apart(draft, k.draft)
        ]
        best = min(fitting, key=lambda d: (abs(d.at - draft.at), d.group), default=None)
        return Twice(draft, (best,), "likely", "same_event_by_flows") if best else None

    def _by_order(self, draft: Draft) -> Twice | None:
        """Fills in a row that add up to this one: of a trade, never of what only came or left."""
        if not (draft.coming() and draft.leaving()):
            return None
        flows = self._net(draft)
        before = reversed(self._by_flow.near(draft, flows, ORDER_OPEN, AT_ONCE))
        near = list(islice(self._free(before), MOST_FILLS))  # the newest first
        for end in range(len(near)):
            sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
            for start in range(end, len(near)):
                for asset, quantity in near[start].flows.items():
                    sums[asset] += quantity
                count = start - end + 1
                if count > 1 and _same(flows, sums, count):
                    fills = tuple(k.draft for k in reversed(near[end : start + 1]))
                    return Twice(draft, fills, "likely", "same_order_by_fills")
                if any(abs(sums[a]) > abs(q) + CENT * MOST_FILLS for a, q in flows.items()):
                    break
        return None

    def _alike(self, draft: Draft) -> Twice | None:
        """The same coins and quantity within a shift of a time zone, with the fee or without, or
        one more of what is known; the nearest that stands for no other one."""
        after = DAYS_END if draft.at.timetz() == NOON else LOOKS_ALIKE
        flows, moved = self._net(draft), self._moved(draft)
        near = {k.key: k for k in self._by_flow.near(draft, flows, LOOKS_ALIKE, after)}
        near |= {k.key: k for k in self._by_move.near(draft, moved, LOOKS_ALIKE, after)}
        found = [k for k in near.values() if self._is_alike(draft, flows, moved, k)]
        if not found:
            return None
        best = min(found, key=lambda k: (k.key in self._used, abs(k.draft.at - draft.at), k.key))
        return Twice(draft, (best.draft,), "unsure", "perhaps_the_same_event")

    def _is_alike(self, draft: Draft, flows: Flows, moved: Flows, known: _Known) -> bool:
        if known.key not in self._used:
            return _coins_same(flows, known.flows) or _coins_same(moved, known.moved)
        soon = abs(known.draft.at - draft.at) <= AT_ONCE
        return soon and (_same(flows, known.flows, 1) or _same(moved, known.moved, 1))

    def _free(self, found: Iterable[_Known]) -> Iterator[_Known]:
        return (k for k in found if k.key not in self._used)


def _are_apart(one: Draft, other: Draft) -> bool:
    """Whether hash or network say that they are two."""
    hashes = {d.txid.lower() for d in (one, other) if d.txid}
    networks = {n for d in (one, other) if (n := network_name(d.network))}
    return len(hashes) == 2 or len(networks) == 2


def _id(draft: Draft) -> str:
    return event_id(draft.source, draft.group)


class _BySigns:
    """What is known, by which assets came and which went, in order of time."""

    def __init__(self, told: Iterable[tuple[_Known, Flows]]) -> None:
        self._found: dict[Signs, list[_Known]] = defaultdict(list)
        for one, flows in told:
            self._found[_signs(flows)].append(one)
        self._times = {s: [k.draft.at for k in ks] for s, ks in self._found.items()}

    def near(
        self, draft: Draft, flows: Flows, before: timedelta, after: timedelta
    ) -> Sequence[_Known]:
        """What moved the same assets the same way around that time."""
        signs = _signs(flows)
        times = self._times.get(signs, [])
        first = bisect_left(times, draft.at - before)
        return self._found.get(signs, [])[first : bisect_right(times, draft.at + after)]


def _sums(legs: Iterable[Leg]) -> Flows:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        sums[leg.asset] += leg.quantity
    return {a: q for a, q in sums.items() if q}


def _signs(flows: Flows) -> Signs:
    return frozenset((a, q > ZERO) for a, q in flows.items())


def _same(one: Flows, other: Flows, rows: int) -> bool:
    """To the cent, and to the last place that files print, for each row that was added up."""
    if one.keys() != other.keys() or not one:
        return False
    return all(abs(q - other[a]) <= _least(a) * rows for a, q in one.items())


def _coins_same(one: Flows, other: Flows) -> bool:
    coins = [a for a in one if not names().is_fiat(a)]
    return bool(coins) and one.keys() == other.keys() and _covers(one, [other], 1)


def _covers(one: Flows, others: Sequence[Flows], rows: int) -> bool:
    """Whether the others add up to as many coins; money is rounded and its fees are told apart."""
    coins = ((a, q) for a, q in one.items() if not names().is_fiat(a))
    sums = ((q, sum((o.get(a, ZERO) for o in others), ZERO)) for a, q in coins)
    return all(abs(q - told) <= LAST_PLACE * rows for q, told in sums)


def _least(asset: str) -> Decimal:
    return CENT if names().is_fiat(asset) else LAST_PLACE


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
