"""Liquid staking (Lido, Rocket Pool and others): coins for a token that stands for them, or back.

The token is listed with the coin that it `stakes`; minted or burned it was staked with its issuer,
while bought or sold it moves between people. Lido pays out by way of an NFT of its queue.
"""

from __future__ import annotations

from dataclasses import replace

from config.assets import names
from connectors.chains.moves import Move, Sight
from connectors.chains.native import NOBODY, Body


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    issued = [m for m in moves if m.contract and m.other == NOBODY]
    if not issued:
        return moves
    principal = [m for m in moves if m.role == "principal"]
    by = {id(m): _issuer(m, principal, sight) for m in issued}
    return [
        replace(m, note="liquid_staking", by=by[id(m)] or "") if by.get(id(m)) else m for m in moves
    ]


def _issuer(move: Move, moves: list[Move], sight: Sight) -> str | None:
    """Who staked or paid out, if that is what it is: one of our addresses may pay for another."""
    if move.token_id is not None:
        return sight.protocol(move.contract, "queue")
    asset = sight.asset(move.contract)
    coin = names().staked(asset)
    if coin and any(m.raw * move.raw < 0 and _is_of(coin, m, sight) for m in moves):
        listed = names().listed(asset)
        return listed.title if listed else asset
    return None


def _is_of(coin: str, move: Move, sight: Sight) -> bool:
    """Whether it moves the coin, in whatever form."""
    asset = sight.asset(move.contract)
    return coin in (asset, names().wrapped(asset), names().staked(asset))
