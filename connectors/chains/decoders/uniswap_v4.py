"""Uniswap V4: fees that a position earned are paid with what is taken out, and no event tells them
apart; only a change by nothing pays fees alone."""

from __future__ import annotations

from dataclasses import replace

from connectors.chains.decoders import positions
from connectors.chains.moves import Move, Sight, logs
from connectors.chains.native import Body


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    told = [
        (sight.position(contract, token_id).own, raw)
        for log in logs(body)
        for contract, token_id, raw in positions.units(log, sight)
        if sight.role(contract) == "positions4"
    ]
    mine = [raw for own, raw in told if own]
    if not mine or any(mine):
        return moves
    return [
        replace(m, note="liquidity_fees", by="Uniswap V4", part="fees") if _paid(m, sight) else m
        for m in moves
    ]


def _paid(move: Move, sight: Sight) -> bool:
    """Whether the pool, or the manager of its positions, paid it."""
    payer = sight.role(move.other or "")
    return move.role == "principal" and move.raw > 0 and payer in ("pool", "positions4")
