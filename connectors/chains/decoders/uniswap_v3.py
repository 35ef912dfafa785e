"""Uniswap V3 and what runs its code: a position is an NFT, whose units here are its liquidity.

So what a part of a position cost, and what it brought, is known when a part of it is taken out.
`DecreaseLiquidity` moves nothing; `Collect` pays it out, with the fees that the position earned in
the same sum: they are told apart by what was decreased in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from connectors.chains.moves import Log, Move, Sight, logs
from connectors.chains.native import NOBODY, Body
from connectors.chains.rpc import as_int
from connectors.chains.topics import COLLECTED, DECREASED, INCREASED, TRANSFER, address_of

DUST = 10  # units: less than what was asked for may be paid


def learn(body: Body, sight: Sight) -> None:
    """Whose each position is: who it came to last."""
    for log in logs(body):
        topics = log["topics"]
        if topics[0] == TRANSFER and len(topics) == 4 and address_of(topics[2]) in sight.own:
            contract = log["address"].lower()
            if any(sight.protocol(contract, role) for role in ("positions", "positions4")):
                sight.positions[contract, as_int(topics[3])] = address_of(topics[2])


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    told = [g for g in logs(body) if sight.protocol(g["address"], "positions")]
    units: list[Move] = []
    found = moves
    for log in told:
        units += _units(log, sight)
    if units:
        found = without_nfts(moves, units)
    for token_id in dict.fromkeys(as_int(g["topics"][1]) for g in told if _is(g, COLLECTED)):
        by = sight.protocol(told[0]["address"], "positions") or ""
        for collected, earned in _paid(told, token_id):
            found = _apart(found, collected, earned, by)
    return found + units


def without_nfts(moves: list[Move], units: list[Move]) -> list[Move]:
    """Without what is minted and burned of the NFTs whose units are told."""
    told = {(m.contract, m.token_id) for m in units}
    return [m for m in moves if (m.contract, m.token_id) not in told or m.other != NOBODY]


def _is(log: Log, topic: str) -> bool:
    return log["topics"][0] == topic and len(log["topics"]) == 2


def _words(log: Log) -> list[int]:
    data = log["data"]
    return [int(data[at : at + 64], 16) for at in range(2, len(data), 64)]


def _units(log: Log, sight: Sight) -> Iterator[Move]:
    if not _is(log, INCREASED) and not _is(log, DECREASED):
        return
    contract, token_id = log["address"].lower(), as_int(log["topics"][1])
    own, liquidity = sight.positions.get((contract, token_id)), _words(log)[0]
    if own and liquidity:
        raw = liquidity if _is(log, INCREASED) else -liquidity
        by = sight.protocol(contract, "positions") or ""
        yield Move(own, contract, raw, None, token_id=token_id, note="liquidity", by=by)


def _paid(told: list[Log], token_id: int) -> Iterator[tuple[int, int]]:
    """Of each of the two coins: how much was collected, and how much of it was earned."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for log in told:
        if len(log["topics"]) == 2 and as_int(log["topics"][1]) == token_id:
            before, amounts = sums[log["topics"][0]], _words(log)[-2:]
            sums[log["topics"][0]] = [a + b for a, b in zip(before, amounts, strict=True)]
    for collected, decreased in zip(sums[COLLECTED], sums[DECREASED], strict=True):
        yield collected, max(collected - decreased, 0)


def _apart(moves: list[Move], collected: int, earned: int, by: str) -> list[Move]:
    """The coin that came as collected, in what was taken out and what was earned."""
    for i, move in enumerate(moves):
        plain = move.role == "principal" and move.token_id is None and not move.part
        if earned and plain and 0 <= collected - move.raw <= DUST:
            raw = min(earned, move.raw)
            fees = replace(move, raw=raw, note="liquidity_fees", by=by, part="fees")
            rest = replace(move, raw=move.raw - raw, by=by)
            return [*moves[:i], *([rest] if rest.raw else []), fees, *moves[i + 1 :]]
    return moves
