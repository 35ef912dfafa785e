"""What protocols mean: each a small file with one function over the moves of one transaction.

A decoder gets the moves as the standards tell them and gives them back as its protocol means them:
some added, some of another role or place. It believes only contracts that are known to be its
protocol's, since anybody may emit an event of any name.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.chains.decoders import entry_point, safe, weth
from connectors.chains.moves import Move, Sight
from connectors.chains.native import Body

Decoder = Callable[[list[Move], Body, Sight], list[Move]]
DECODERS: tuple[Decoder, ...] = (weth.decode, safe.decode, entry_point.decode)


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    for decoder in DECODERS:
        moves = decoder(moves, body, sight)
    return moves
