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
from connectors.chains.word import Holding, Single, Word

DAY = timedelta(days=1)  # how often what grows by itself is told


@dataclass(frozen=True, slots=True)
class Drift:
    """By how much (smallest unit) a holding parted from its events: in one `block`, or since the
    last drift until that block."""

    holding: Holding
    number: int
    raw: int
    block: bool


@dataclass(slots=True)
class Ledger:
    """What is known of each holding: its moves by transaction, and the drifts that are stored."""

    sight: Sight
    _moves: dict[Holding, dict[str, tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _singles: dict[Single, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    _drifts: dict[Holding, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    _grows: dict[Holding, datetime] = field(default_factory=dict)

    def add(self, tx_hash: str, body: native.Body) -> None:
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

    def forget(self, tx_hash: str) -> None:
        for moves in self._moves.values():
            moves.pop(tx_hash, None)
        for counts in self._singles.values():
            counts.pop(tx_hash, None)

    def drifted(self, drift: Drift, at: datetime) -> None:
        self._drifts[drift.holding][drift.number] = drift.raw
        if not drift.block:
            self._grows[drift.holding] = at

    def forget_drifts(self) -> None:
        self._drifts.clear()
        self._grows.clear()

    def singles(self) -> list[Single]:
        """Tokens that are one of a kind, or some of a kind, and that should be there."""
        return sorted(s for s, moves in self._singles.items() if sum(moves.values()))

    def computed(self, holding: Holding, until: int | None = None) -> int:
        """What events and drifts add up to, after a block or after all."""
        moved = [(n, raw) for n, raw in self._moves[holding].values()]
        moved += self._drifts[holding].items()
        return sum(raw for n, raw in moved if until is None or n <= until)

    def unexamined(self, holding: Holding, until: int) -> dict[int, int]:
        """By block without a drift yet: what the events say."""
        found: dict[int, int] = defaultdict(int)
        for number, raw in self._moves[holding].values():
            if number <= until and number not in self._drifts[holding]:
                found[number] += raw
        return found

    def waits(self, holding: Holding, at: datetime) -> bool:
        """Whether what grows by itself was told within the last day."""
        told = self._grows.get(holding)
        return told is not None and at - told < DAY

    def grows(self, holding: Holding) -> bool:
        return holding in self._grows


async def drifts(rpc: Rpc, ledger: Ledger, word: Word) -> list[Drift]:
    """Where holdings parted from their events, up to the word's block; those that wait are left."""
    found: list[Drift] = []
    for holding, held in word.held.items():
        rest = 0 if held is None else held - ledger.computed(holding, word.number)
        if rest and not ledger.waits(holding, word.at):
            found += await _located(rpc, ledger, holding, rest, word.number)
    return found


async def _located(rpc: Rpc, ledger: Ledger, holding: Holding, rest: int, head: int) -> list[Drift]:
    moved = ledger.unexamined(holding, head)
    found = []
    for number, change in (await _changes(rpc, holding, moved)).items():
        if drift := change - moved[number]:
            found.append(Drift(holding, number, drift, True))
            rest -= drift
    if not rest:
        return found
    more = {d.number: d.raw for d in found}
    alone = None if ledger.grows(holding) else await _alone(rpc, ledger, holding, rest, head, more)
    return [*found, Drift(holding, alone or head, rest, alone is not None)]


async def _alone(
    rpc: Rpc, ledger: Ledger, holding: Holding, rest: int, head: int, more: Mapping[int, int]
) -> int | None:
    """The one block in which all of the rest came, if there is one."""

    async def parted(number: int) -> int:
        said = await rpc.try_batch(tokens.balance_calls(holding[1], [holding[0]], number))
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
    answers = await rpc.try_batch(calls)
    found = {}
    for i, number in enumerate(wanted):
        before, after = (tokens.held(rpc, [a]) for a in answers[2 * i : 2 * i + 2])
        if after is not None:
            found[number] = after - (before or 0)  # before its contract was there, nothing
    return found
