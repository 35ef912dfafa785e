"""Uniswap V3 and what runs its code: what a position earned is told apart from what was taken out.

`DecreaseLiquidity` moves nothing; `Collect` pays it out, with the fees in the same sum. Which coin
is which is told by what the pool paid just before; it may go by way of the manager, which unwraps.
"""

from __future__ import annotations

from dataclasses import replace

from config.assets import names
from connectors.chains.decoders import positions
from connectors.chains.moves import Log, Move, Sight, logs
from connectors.chains.native import Body
from connectors.chains.rpc import as_int
from connectors.chains.topics import COLLECTED, POOL_COLLECTED, TRANSFER, address_of


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    told = logs(body)
    coins: dict[tuple[str, int], list[str | None]] = {}
    for place, log in enumerate(told):
        collected = log["topics"][0] == COLLECTED and len(log["topics"]) == 2
        if collected and sight.protocol(log["address"], "positions"):
            key = (log["address"].lower(), as_int(log["topics"][1]))
            paid = zip(coins.get(key, (None, None)), _coins(told, place), strict=True)
            coins[key] = [known or coin for known, coin in paid]
    found = moves
    for (contract, token_id), both in coins.items():
        by = sight.protocol(contract, "positions") or ""
        fees = positions.earned(sight.position(contract, token_id), body)
        for coin, earned in zip(both, fees, strict=True):
            if coin and earned:
                found = _apart(found, coin, earned, by, sight)
    return found


def _coins(told: list[Log], place: int) -> list[str | None]:
    """The two coins of a position, by what its pool paid before a Collect; None where it paid
    nothing, or where that does not tell which it is."""
    amounts = positions.words(told[place])[-2:]
    if not place or told[place - 1]["topics"][0] != POOL_COLLECTED:
        return [None, None]
    pool = told[place - 1]["address"].lower()
    paid: list[str] = []
    for log in reversed(told[: place - 1]):
        topics = log["topics"]
        if topics[0] != TRANSFER or len(topics) != 3 or address_of(topics[1]) != pool:
            break
        paid.insert(0, log["address"].lower())
    wanted = sum(1 for a in amounts if a)
    rest = iter(paid[-wanted:] if len(paid) >= wanted else [])
    return [next(rest, None) if amount else None for amount in amounts]


def _apart(moves: list[Move], coin: str, earned: int, by: str, sight: Sight) -> list[Move]:
    """What came of a coin, in what was taken out and what was earned."""
    found: list[Move] = []
    for move in moves:
        part = min(earned, move.raw) if _is(coin, move, sight) else 0
        earned -= part
        if rest := move.raw - part:
            found.append(replace(move, raw=rest))
        if part:
            found.append(replace(move, raw=part, note="liquidity_fees", by=by, part="fees"))
    return found


def _is(coin: str, move: Move, sight: Sight) -> bool:
    """Whether the coin came, or the chain's own coin that it is a wrapper of."""
    if move.raw <= 0 or move.role == "fee" or move.token_id is not None or move.part:
        return False
    if move.contract is None:
        return names().wrapped(sight.asset(coin)) == sight.asset(None)
    return move.contract == coin
