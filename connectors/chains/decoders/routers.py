"""Routers of swaps (Uniswap, 1inch, 0x, CoW): named, no more. What a swap cost and brought is what
left and came, whatever was asked for."""

from __future__ import annotations

from dataclasses import replace

from connectors.chains.moves import Move, Sight
from connectors.chains.native import Body


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    to = body["transaction"].get("to")
    by = sight.protocol(to, "router") or sight.protocol(to, "settlement")
    return [replace(m, by=m.by or by) for m in moves] if by else moves
