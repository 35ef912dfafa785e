"""Uniswap V4: all pools are in one contract, whose `ModifyLiquidity` names a position by its salt.

As with V3 the units of a position are its liquidity. Fees that it earned are paid with what is
taken out, and no event tells them apart: only a change by nothing pays fees alone.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.chains.decoders.uniswap_v3 import without_nfts
from connectors.chains.moves import Move, Sight, logs
from connectors.chains.native import Body
from connectors.chains.topics import MODIFIED, address_of


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    units: list[Move] = []
    touched = False
    for log in logs(body):
        if log["topics"][0] != MODIFIED or not sight.protocol(log["address"], "pool"):
            continue
        contract = address_of(log["topics"][2])
        words = [log["data"][at : at + 64] for at in range(2, len(log["data"]), 64)]
        token_id, by = int(words[3], 16), sight.protocol(contract, "positions4")
        own = sight.positions.get((contract, token_id)) if by else None
        if own is None:
            continue
        touched = True
        if raw := _signed(words[2]):
            units.append(
                Move(own, contract, raw, None, token_id=token_id, note="liquidity", by=by or "")
            )
    if touched and not units:
        return [replace(m, note="liquidity_fees") if _came(m) else m for m in moves]
    return without_nfts(moves, units) + units


def _came(move: Move) -> bool:
    return move.role == "principal" and move.raw > 0


def _signed(word: str) -> int:
    value = int(word, 16)
    return value - 2**256 if value >= 2**255 else value
