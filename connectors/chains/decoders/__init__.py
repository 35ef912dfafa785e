"""What protocols mean: each a small file with one function over the moves of one transaction.

A decoder gets the moves as the standards tell them and gives them back as its protocol means them:
some added, some left out, some of another role, place or name. It believes only contracts that are
known to be its protocol's (`config/contracts.toml`, or the chain's own word on a token), since
anybody may emit an event of any name. What another transaction told is learnt first.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.chains.decoders import (
    aave,
    bridges,
    cow,
    entry_point,
    pools,
    positions,
    routers,
    safe,
    staking,
    uniswap_v3,
    uniswap_v4,
    weth,
)
from connectors.chains.moves import Move, Sight
from connectors.chains.native import Body

Decoder = Callable[[list[Move], Body, Sight], list[Move]]
DECODERS: tuple[Decoder, ...] = (
    weth.decode,
    safe.decode,
    entry_point.decode,
    cow.decode,
    aave.decode,
    positions.decode,
    uniswap_v3.decode,
    uniswap_v4.decode,
    pools.decode,
    staking.decode,
    bridges.decode,
    routers.decode,
)


def learn(body: Body, sight: Sight) -> None:
    """Note in `sight` what a transaction tells of others."""
    for one in (entry_point, positions, cow):
        one.learn(body, sight)


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    for decoder in DECODERS:
        moves = decoder(moves, body, sight)
    return moves
