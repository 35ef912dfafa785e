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
    return [
        replace(m, note="liquid_staking", by=by) if (by := _issuer(m, moves, sight)) else m
        for m in moves
    ]


def _issuer(move: Move, moves: list[Move], sight: Sight) -> str | None:
    """Who staked or paid out, if that is what it is."""
    if move.contract is None or move.other != NOBODY:
        return None
    if move.token_id is not None:
        return sight.protocol(move.contract, "queue")
    asset = sight.asset(move.contract)
    coin = names().staked(asset)
    against = [m for m in moves if m.own == move.own and m.raw * move.raw < 0]
    if coin and any(m.role == "principal" and _is_of(coin, m, sight) for m in against):
        listed = names().listed(asset)
        return listed.title if listed else asset
    return None


def _is_of(coin: str, move: Move, sight: Sight) -> bool:
    """Whether it moves the coin, in whatever form."""
    asset = sight.asset(move.contract)
    return coin in (asset, names().wrapped(asset), names().staked(asset))
