"""Pools that give a token of their own for what is put in: Uniswap V2 and its like, Curve.

Many contracts are such pools and no list has them all, so their events are believed of anybody: all
that follows is a name for what came and what left. At Curve the share may be another contract, and
somebody between may get it first: it is a token that is minted or burned in the same transaction.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.chains.moves import Move, Sight, logs
from connectors.chains.native import NOBODY, Body
from connectors.chains.topics import CURVE, POOL_BURN, POOL_MINT, TRANSFER, address_of

_SHAPES = {(POOL_MINT, 2), (POOL_BURN, 3)}


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    told = logs(body)
    pairs = {g["address"].lower() for g in told if (g["topics"][0], len(g["topics"])) in _SHAPES}
    curve = {g["address"].lower() for g in told if g["topics"][0] in CURVE}
    shares = pairs | curve
    if curve:
        shares |= {g["address"].lower() for g in told if _is_made_or_burned(g["topics"])}
    if not shares:
        return moves
    by = "Curve" if curve else "a pool of Uniswap V2's kind"
    # a share that somebody sends is a token like any other; for one that is made or taken back
    # something moves the other way
    signs = {m.raw > 0 for m in moves if m.role == "principal"}
    if signs != {True, False}:
        return moves
    return [
        replace(m, note="liquidity", by=by) if m.contract in shares and not m.note else m
        for m in moves
    ]


def _is_made_or_burned(topics: list[str]) -> bool:
    plain = topics[0] == TRANSFER and len(topics) == 3
    return plain and NOBODY in (address_of(topics[1]), address_of(topics[2]))
