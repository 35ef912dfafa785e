"""What a balance grows by itself, told day by day and before anything leaves: the token's own word
at that block, less what events and earlier growth add up to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from connectors.chains import tokens
from connectors.chains.days import DayEnd, Days
from connectors.chains.holdings import Drift, Ledger, located
from connectors.chains.rpc import Rpc
from connectors.chains.word import Holding, Word

DAY = timedelta(days=1)
MOST = 200  # what grows in a day is less than one part in so many, else something else happened
DUST = 10  # units that rounding may take or give


async def drifts(
    rpc: Rpc,
    ledger: Ledger,
    word: Word,
    readable: Callable[[str], bool],
    grows: Callable[[str], bool],
) -> list[Drift]:
    """Where holdings parted from their events, up to the word's block; those that wait are left,
    and tokens that are not `readable` have no units to part by."""
    found: list[Drift] = []
    days = Days(rpc)
    for holding, held in word.held.items():
        if held is None or not readable(holding[1]):
            continue
        rest = held - ledger.computed(holding, word.number)
        if not rest:
            continue
        if grows(holding[1]):
            found += await _grown(rpc, ledger, holding, word, days)
        elif not ledger.waits(holding, word.at):
            found += await located(rpc, ledger, holding, rest, word.number)
    return found


async def _grown(rpc: Rpc, ledger: Ledger, holding: Holding, word: Word, days: Days) -> list[Drift]:
    """The growth since it was last told until the word's block; without a beginning if a day's is
    more than growth can be, or a loss. What rounding takes waits for the next growth."""
    told_to = ledger.grown_to(holding)
    moved = [n for n in ledger.known(holding, word.number) if n > told_to]
    if not moved and ledger.waits(holding, word.at):
        return []
    start = min(moved, default=word.number) if told_to < 0 else told_to
    ends = await _ends(days, start, moved, word)
    return _told(ledger, holding, ends, await _words(rpc, holding, ends))


async def _ends(days: Days, start: int, moved: Iterable[int], word: Word) -> list[DayEnd]:
    found = {end.number: end for end in await days.between(start, word.number)}
    found |= {end.number: end for end in await days.at(sorted(moved))}
    found[word.number] = DayEnd(word.number, word.at)
    return [found[n] for n in sorted(found) if n >= start]


def _told(
    ledger: Ledger, holding: Holding, ends: Sequence[DayEnd], words: Sequence[int | None]
) -> list[Drift]:
    found: list[Drift] = []
    known, since = 0, ledger.grown_until(holding)
    changes = deque(ledger.changes(holding))
    for end, word in zip(ends, words, strict=True):
        most = abs(known)
        while changes and changes[0][0] <= end.number:
            known += changes.popleft()[1]
            most = max(most, abs(known))
        if word is None:
            continue  # its contract was not there yet
        grew, start = word - known, since or end.at - DAY
        odd = abs(grew) > max(most // MOST * max((end.at - start).days, 1), DUST)
        if grew > 0 or grew < -DUST:
            drift = ledger.stored(holding, end.number, block=False) + grew
            found.append(Drift(holding, end.number, drift, False, None if odd else start))
            known += grew
        since = end.at
    return found + _dust(ledger, holding, found, words[-1], known)


def _dust(
    ledger: Ledger, holding: Holding, found: list[Drift], held: int | None, known: int
) -> list[Drift]:
    """Units that rounding took of what is left: as long as something is left the next growth makes
    up for them; else the growth that was told last was so much less."""
    if held != 0 or known <= 0:
        return []
    last = found.pop() if found else ledger.last_growth(holding)
    if last is None or last.raw < known:
        return [last] if last else []
    return [replace(last, raw=last.raw - known)]


async def _words(rpc: Rpc, holding: Holding, ends: Sequence[DayEnd]) -> list[int | None]:
    own, contract = holding
    calls = [c for end in ends for c in tokens.balance_calls(contract, [own], end.number)]
    return [tokens.held(rpc, [answer]) for answer in await rpc.try_states(calls)]
