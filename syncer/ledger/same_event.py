"""Which rows of one source tell what is told already of the same account, pass by pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from config.networks import network_name
from syncer.events import Confidence, event_id
from syncer.ledger.group import Draft
from syncer.ledger.rules import ON_CHAIN
from syncer.ledger.tellings import (
    ByAmount,
    Runs,
    Telling,
    added,
    agree,
    coins_same,
    flows,
    moved,
    same,
    signs,
)

AT_ONCE = timedelta(minutes=2)
ORDER_OPEN = timedelta(hours=24)  # the fills of one order
LOOKS_ALIKE = timedelta(hours=14)  # the largest shift of a time zone
NOON = time(12, tzinfo=UTC)  # of a bare date, which is the day in every zone of the United States
AROUND = ORDER_OPEN + LOOKS_ALIKE
DAYS_END = timedelta(hours=22)  # after that noon, where it is latest
_PLAIN_CLAIMS = frozenset({"buy", "sell", "trade", "deposit", "withdrawal", "fee"})


@dataclass(frozen=True, slots=True)
class Twice:
    """A draft that tells what others tell, how sure that is, and why."""

    draft: Draft
    of: tuple[Draft, ...]
    confidence: Confidence
    rule: str

    @property
    def key(self) -> str:
        return _id(self.draft)

    @property
    def told(self) -> set[str]:
        """The events that tell it."""
        return {_id(d) for d in self.of}

    def by_word(self) -> Twice:
        return Twice(self.draft, self.of, "sure", BY_WORD)


class Said(Protocol):
    """A person's word on rows that look alike."""

    def answer(self, twice: Twice) -> str | None:
        """same, two, or None."""

    def same(self, event: str) -> Collection[str]:
        """The events that a person said this one is the same as."""


ALIKE, BY_WORD = "perhaps_the_same_event", "same_event_by_word"
FILLS = "same_order_by_fills"


def is_plain(draft: Draft) -> bool:
    """Whether it says no more than what moved; else a person must say which telling counts."""
    claim = draft.claim
    plain = claim is None or (claim.kind in _PLAIN_CLAIMS and not claim.lot_or_fee)
    return plain and len({g.account for g in draft.legs}) == 1


class Comparison:
    """Drafts of one source against those that are known of one account; each known one stands for
    one. `found` are all that are told twice so far."""

    def __init__(
        self,
        account: str,
        known: Sequence[Draft],
        said: Said,
        has_venues_ids: bool,
        found: Mapping[str, Twice],
    ) -> None:
        self._account, self._said, self._has_venues_ids = account, said, has_venues_ids
        self._found = found
        self._told = [Telling(d, account) for d in sorted(known, key=lambda d: (d.at, d.group))]
        self._keys = {one.key: one for one in self._told}
        self._ids: dict[str, list[Telling]] = defaultdict(list)
        self._hashes: dict[str, list[Telling]] = defaultdict(list)
        for one in self._told:
            for key in one.draft.ids | {one.draft.group.rsplit(":", 1)[-1]}:
                self._ids[key].append(one)
            if one.draft.txid:
                self._hashes[one.draft.txid.lower()].append(one)
        self._by_flow = ByAmount(self._told, flows)
        self._by_move = ByAmount(self._told, moved)
        self._runs = Runs(self._told, flows), Runs(self._told, moved)
        self._used: set[str] = set()
        # what a person said is not told by these together
        self._apart: dict[str, set[frozenset[str]]] = defaultdict(set)

    def of(self, mine: Sequence[Draft]) -> list[Twice]:
        waiting = [Telling(d, self._account) for d in mine]
        found = list(self._by_word(waiting))
        passes: Sequence[tuple[Callable[[Telling], Twice | None], bool]] = (
            (self._by_id, True),
            (self._by_hash, True),
            (self._by_flows, True),
            (self._by_fills, True),
            (self._alike, False),
            (self._perhaps_by_fills, True),
        )
        waiting = _without(waiting, found)
        found += self._parts_of_one_hash([w for w in waiting if is_plain(w.draft)])
        for look, plain in passes:
            waiting = _without(waiting, found)
            for one in waiting:
                twice = self._asked(look, one) if is_plain(one.draft) or not plain else None
                if twice:
                    self._used |= twice.told
                    found.append(twice)
        return found + self._fills_of_known(_without(waiting, found))

    def _asked(self, look: Callable[[Telling], Twice | None], one: Telling) -> Twice | None:
        """What a pass finds and no person said is two."""
        while twice := look(one):
            answer = self._said.answer(twice)
            if answer != "two":
                return twice.by_word() if answer else twice
            self._apart[one.key].add(frozenset(twice.told))
        return None

    def _by_word(self, waiting: Iterable[Telling]) -> Iterator[Twice]:
        """What a person said is the same stays out, whatever its twin stands for now, and though
        others tell its twin."""
        for one in waiting:
            twins = {k for event in self._said.same(one.key) for k in self._tellers(event)}
            of = tuple(self._keys[k].draft for k in sorted(twins))
            if of:
                self._used |= twins  # another row that fits as well is asked about
                yield Twice(one.draft, of, "sure", BY_WORD)

    def _tellers(self, event: str) -> Iterator[str]:
        """The event itself where it is known, else those that tell it."""
        if event in self._keys:
            yield event
        elif event in self._found:
            for other in self._found[event].told:
                yield from self._tellers(other)

    def _parts_of_one_hash(self, waiting: Sequence[Telling]) -> list[Twice]:
        """Rows of one transaction that together tell what others tell together of it."""
        rows: dict[str, list[Telling]] = defaultdict(list)
        for one in waiting:
            if one.draft.txid and one.draft.txid.lower() in self._hashes:
                rows[one.draft.txid.lower()].append(one)
        found: list[Twice] = []
        for hash_, mine in rows.items():
            told = self._hashes[hash_]
            if len(mine) == len(told) == 1:
                continue  # the next pass compares them
            count = len(mine) + len(told)
            sums = added([m.moved for m in mine]), added([k.moved for k in told])
            if coins_same(*sums, count):
                of = tuple(k.draft for k in told)
                whole = agree(mine, told)
                how: tuple[Confidence, str] = ("sure", "same_event_by_hash")
                found += [Twice(m.draft, of, *(how if whole else ("unsure", ALIKE))) for m in mine]
        answered = [(twice, self._said.answer(twice)) for twice in found]
        kept = [
            twice.by_word() if answer else twice for twice, answer in answered if answer != "two"
        ]
        for twice in kept:
            self._used |= twice.told
        return kept

    # ---- passes

    def _by_id(self, one: Telling) -> Twice | None:
        if not self._has_venues_ids:
            return None
        coins = {g.asset for g in one.draft.legs}
        heads = {key.partition(":")[0] for key in one.draft.ids}  # files add what tells legs apart
        told = (k for key in sorted(heads | one.draft.ids) for k in self._ids.get(key, ()))
        mine = {k.key: k for k in told if coins & {g.asset for g in k.draft.legs}}
        if not mine or frozenset(mine) in self._apart[one.key]:
            return None
        of = tuple(k.draft for k in mine.values())
        if agree([one], mine.values()):
            return Twice(one.draft, of, "sure", "same_event_by_id")
        return Twice(one.draft, of, "unsure", ALIKE)

    def _by_hash(self, one: Telling) -> Twice | None:
        """A part of a transaction that another source tells whole is told as well; of one that
        tells it otherwise a person is asked."""
        free = list(self._free(one, self._hashes.get((one.draft.txid or "").lower(), ())))
        found = [k for k in free if same(one.flows, k.flows, 1)]
        on_chain = [k for k in free if k.draft.kinds & ON_CHAIN and one.draft.kinds & ON_CHAIN]
        told = on_chain or [k for k in free if signs(one.moved) & signs(k.moved)]
        found = found or [k for k in on_chain if agree([one], [k])]
        if found:
            return Twice(one.draft, (found[0].draft,), "sure", "same_event_by_hash")
        if not told or frozenset(k.key for k in told) in self._apart[one.key]:
            return None
        return Twice(one.draft, tuple(k.draft for k in told), "unsure", ALIKE)

    def _by_flows(self, one: Telling) -> Twice | None:
        near = self._by_flow.near(one, AT_ONCE, AT_ONCE)
        fitting = [
            k.draft
            for k in self._free(one, near)
            if same(one.flows, k.flows, 1) and not _are_apart(one.draft, k.draft)
        ]
        best = min(fitting, key=lambda d: (abs(d.at - one.at), d.group), default=None)
        return Twice(one.draft, (best,), "likely", "same_event_by_flows") if best else None

    def _by_fills(self, one: Telling) -> Twice | None:
        """Fills in a row that add up to this order: of a trade, never of what only came or left."""
        if not one.is_trade:
            return None
        may_be = self._may_be(one)
        run = self._runs[0].adding_up_to(one, ORDER_OPEN, AT_ONCE, same, may_be)
        return Twice(one.draft, run, "likely", FILLS) if run else None

    def _perhaps_by_fills(self, one: Telling) -> Twice | None:
        """With fees or without, or at another hour."""
        if not one.is_trade:
            return None
        may_be = self._may_be(one)
        for runs in self._runs:
            run = runs.adding_up_to(one, AROUND, AROUND, coins_same, may_be)
            if run:
                return Twice(one.draft, run, "unsure", ALIKE)
        return None

    def _fills_of_known(self, waiting: Sequence[Telling]) -> list[Twice]:
        """Rows that add up to an order that another source tells as one; a person is asked."""
        trades = sorted((w for w in waiting if w.is_trade and is_plain(w.draft)), key=_when)
        ways = Runs(trades, moved), Runs(trades, flows)
        left = {w.key for w in trades}
        found: list[Twice] = []
        for known in self._told if trades else ():
            if known.key in self._used or not known.is_trade:
                continue
            parts = self._fills_of(known, ways, left)
            left -= {part.key for part in parts}
            found += parts
        return found

    def _fills_of(self, known: Telling, ways: Iterable[Runs], left: set[str]) -> list[Twice]:
        """Without those that a person said are none of it."""
        refused: set[str] = set()

        def may_be(run: Sequence[Telling]) -> bool:
            return all(r.key in left and r.key not in refused for r in run)

        for runs in ways:
            while run := runs.adding_up_to(known, AROUND, AROUND, coins_same, may_be):
                parts = [Twice(draft, (known.draft,), "unsure", ALIKE) for draft in run]
                answers = [self._said.answer(part) for part in parts]
                told = list(zip(parts, answers, strict=True))
                if "two" not in answers:
                    return [part.by_word() if answer else part for part, answer in told]
                refused |= {part.key for part, answer in told if answer == "two"}
        return []

    def _alike(self, one: Telling) -> Twice | None:
        """The same coins and quantity within a shift of a time zone, with the fee or without, or
        one more of what is known; the nearest that stands for no other one."""
        after = DAYS_END if one.at.timetz() == NOON else LOOKS_ALIKE
        near = {k.key: k for k in self._by_flow.near(one, LOOKS_ALIKE, after)}
        near |= {k.key: k for k in self._by_move.near(one, LOOKS_ALIKE, after)}
        apart = self._apart[one.key]
        near = {k: t for k, t in near.items() if frozenset({k}) not in apart}
        found = [k for k in near.values() if self._is_alike(one, k)]
        if not found:
            return None
        best = min(found, key=lambda k: (k.key in self._used, abs(k.at - one.at), k.key))
        return Twice(one.draft, (best.draft,), "unsure", ALIKE)

    def _is_alike(self, one: Telling, known: Telling) -> bool:
        if known.key not in self._used:
            return coins_same(one.flows, known.flows) or coins_same(one.moved, known.moved)
        soon = abs(known.at - one.at) <= AT_ONCE
        return soon and (same(one.flows, known.flows, 1) or same(one.moved, known.moved, 1))

    def _free(self, one: Telling, found: Iterable[Telling]) -> Iterator[Telling]:
        is_free = self._is_free(one)
        return (k for k in found if is_free(k.key))

    def _is_free(self, one: Telling) -> Callable[[str], bool]:
        apart = self._apart[one.key]
        return lambda key: key not in self._used and frozenset({key}) not in apart

    def _may_be(self, one: Telling) -> Callable[[Sequence[Telling]], bool]:
        apart = self._apart[one.key]

        def may_be(run: Sequence[Telling]) -> bool:
            keys = frozenset(r.key for r in run)
            return not keys & self._used and keys not in apart

        return may_be


def _without(waiting: Iterable[Telling], found: Iterable[Twice]) -> list[Telling]:
    gone = {twice.key for twice in found}
    return [one for one in waiting if one.key not in gone]


def _when(one: Telling) -> tuple[datetime, str]:
    return one.at, one.key


def _id(draft: Draft) -> str:
    return event_id(draft.source, draft.group)


def _are_apart(one: Draft, other: Draft) -> bool:
    """Whether hash or network say that they are two."""
    hashes = {d.txid.lower() for d in (one, other) if d.txid}
    networks = {n for d in (one, other) if (n := network_name(d.network))}
    return len(hashes) == 2 or len(networks) == 2
