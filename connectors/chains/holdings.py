"""Tokens whose balance is not what their events add up to: a fee taken on the way, or a balance
that grows by itself.

Each token's own word is held against its events. A difference is looked for in the blocks where the
token moved (a fee on a transfer), then for one block alone (an event that no node told); what is
left came bit by bit (a rebase). Each becomes a record, so that sums hold and a person sees it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.chains import native, tokens
from connectors.chains.decoders import decode
from connectors.chains.moves import Sight, plain
from connectors.chains.rpc import Rpc
from connectors.chains.word import Holding, Single

DAY = timedelta(days=1)  # how often what grows by itself is told


@dataclass(frozen=True, slots=True)
class Drift:
    """By how much (smallest unit) a holding parted from its events: in one `block`, or bit by bit
    until that block. `since` is when such growth was last told, None if it never was or if it is
    more than a token grows by itself. One that is found to be more, or less, takes the place of
    what was stored, even if that is nothing."""

    holding: Holding
    number: int
    raw: int
    block: bool
    since: datetime | None = None


@dataclass(slots=True)
class Ledger:
    """What is known of each holding: its moves by transaction, and the drifts that are stored."""

    sight: Sight
    _moves: dict[Holding, dict[str, tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _singles: dict[Single, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    _drifts: dict[Holding, dict[tuple[int, bool], int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _grown: dict[Holding, tuple[int, datetime, Drift]] = field(default_factory=dict)
    _places: dict[str, tuple[list[Holding], list[Single]]] = field(default_factory=dict)

    def add(self, tx_hash: str, body: native.Body) -> None:
        self.forget(tx_hash)  # it may be in another block now, and have gone otherwise
        sums: dict[Holding, int] = defaultdict(int)
        singles: dict[Single, int] = defaultdict(int)
        for move in decode(list(plain(body, self.sight)), body, self.sight):
            if move.contract and move.token_id is not None:
                singles[move.own, move.contract, move.token_id] += move.raw
            elif move.contract:
                sums[move.own, move.contract] += move.raw
        for holding, raw in sums.items():
            self._moves[holding][tx_hash] = (native.number(body), raw)
        for single, raw in singles.items():
            self._singles[single][tx_hash] = raw
        self._places[tx_hash] = (list(sums), list(singles))

    def forget(self, tx_hash: str) -> None:
        holdings, singles = self._places.pop(tx_hash, ((), ()))
        for holding in holdings:
            del self._moves[holding][tx_hash]
        for single in singles:
            del self._singles[single][tx_hash]

    def drifted(self, drift: Drift, at: datetime) -> None:
        self._drifts[drift.holding][drift.number, drift.block] = drift.raw
        if not drift.block:  # records do not come in order of time
            before = self._grown.get(drift.holding)
            if before is None or (drift.number, at) >= before[:2]:
                self._grown[drift.holding] = (drift.number, at, drift)

    def drift_gone(self, holding: Holding, number: int, block: bool) -> None:
        self._drifts[holding].pop((number, block), None)
        if not block and self.grown_to(holding) == number:
            del self._grown[holding]  # what was told before it is not known any more: tell anew

    def stored(self, holding: Holding, number: int, block: bool) -> int:
        return self._drifts[holding].get((number, block), 0)

    def singles(self) -> list[Single]:
        """Tokens that are one of a kind, or some of a kind, and that should be there."""
        return sorted(s for s, moves in self._singles.items() if sum(moves.values()))

    def computed(self, holding: Holding, until: int | None = None) -> int:
        """What events and drifts add up to, after a block or after all."""
        return sum(raw for n, raw in self.changes(holding) if until is None or n <= until)

    def known(self, holding: Holding, until: int) -> dict[int, int]:
        """By block in which the token moved: what events and drifts in that block say."""
        found: dict[int, int] = defaultdict(int)
        for number, raw in self._moves[holding].values():
            if number <= until:
                found[number] += raw
        return {n: raw + self.stored(holding, n, True) for n, raw in found.items()}

    def changes(self, holding: Holding) -> list[tuple[int, int]]:
        """What events and drifts change, in order of blocks."""
        moved = list(self._moves[holding].values())
        moved += [(n, raw) for (n, _), raw in self._drifts[holding].items()]
        return sorted(moved)

    def grown_until(self, holding: Holding) -> datetime | None:
        told = self._grown.get(holding)
        return told[1] if told else None

    def grown_to(self, holding: Holding) -> int:
        """The block until which growth was told last, -1 if it never was."""
        return self._grown[holding][0] if holding in self._grown else -1

    def grown_before(self, tx_hash: str, number: int) -> set[Holding]:
        """What a transaction moves of which growth was told until later than its block."""
        holdings, _ = self._places.get(tx_hash, ((), ()))
        return {h for h in holdings if self.grown_to(h) >= number}

    def last_growth(self, holding: Holding) -> Drift | None:
        """As it was told."""
        return self._grown[holding][2] if holding in self._grown else None

    def waits(self, holding: Holding, at: datetime) -> bool:
        """Whether what grows by itself was told within the last day."""
        told = self.grown_until(holding)
        return told is not None and at - told < DAY


async def located(rpc: Rpc, ledger: Ledger, holding: Holding, rest: int, head: int) -> list[Drift]:
    """Where the rest of what a token says parted from its events, up to the head."""
    known = ledger.known(holding, head)
    more: dict[int, int] = {}
    for number, change in (await _changes(rpc, holding, known)).items():
        if drift := change - known[number]:
            more[number] = drift
            rest -= drift
    found = [_more(ledger, holding, n, raw, True) for n, raw in more.items()]
    if not rest:
        return found
    since = ledger.grown_until(holding)
    plausible = since is not None and abs(rest) * 20 <= abs(ledger.computed(holding, head))
    alone = None if plausible else await _alone(rpc, ledger, holding, rest, head, more)
    since = since if plausible else None
    return [*found, _more(ledger, holding, alone or head, rest, alone is not None, since)]


def _more(
    ledger: Ledger,
    holding: Holding,
    number: int,
    raw: int,
    block: bool,
    since: datetime | None = None,
) -> Drift:
    return Drift(holding, number, ledger.stored(holding, number, block) + raw, block, since)


async def _alone(
    rpc: Rpc, ledger: Ledger, holding: Holding, rest: int, head: int, more: Mapping[int, int]
) -> int | None:
    """The one block in which all of the rest came, if there is one."""

    async def parted(number: int) -> int:
        said = await rpc.try_states(tokens.balance_calls(holding[1], [holding[0]], number))
        known = ledger.computed(holding, number) + sum(r for n, r in more.items() if n <= number)
        return (tokens.held(rpc, said) or 0) - known

    low, high = -1, head
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if await parted(middle) else (middle, high)
    return high if await parted(high) == rest else None


async def _changes(rpc: Rpc, holding: Holding, blocks: Iterable[int]) -> dict[int, int]:
    """By how much the token's own word changed in each block; where it says nothing, no change can
    be told."""
    own, contract = holding
    wanted = sorted(n for n in blocks if n > 0)
    ends = [at for n in wanted for at in (n - 1, n)]
    calls = [call for at in ends for call in tokens.balance_calls(contract, [own], at)]
    answers = await rpc.try_states(calls)
    found = {}
    for i, number in enumerate(wanted):
        before, after = (tokens.held(rpc, [a]) for a in answers[2 * i : 2 * i + 2])
        if after is not None:
            found[number] = after - (before or 0)  # before its contract was there, nothing
    return found
