"""Bridges between chains: what goes to an end of one, or comes from it, left no owner.

An end is told by its address. On the far side tokens are minted and burned, so there the end's own
event that names the wallet tells; a deposit from L1 is told by the type of its transaction. What
arrives is found on the other chain, where it may be less a fee.
"""

from __future__ import annotations

from dataclasses import replace

from config.assets import names
from connectors.chains.moves import Log, Move, Sight, logs
from connectors.chains.native import DEPOSITS, NOBODY, Body, type_of

POLYGON, WITHDRAW = 137, "0x2e1a7d4d"  # withdraw(uint256): burned there, paid out on Ethereum


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    principal = [m for m in moves if m.role == "principal" and m.place == "wallet"]
    one_way = len({m.raw > 0 for m in principal}) == 1
    named = _named(body, sight) if one_way else None
    found = []
    for move in moves:
        plain = move in principal and not move.note
        by = _of_move(move, body, sight) or (move.contract and named) if plain else None
        # what an arrival pays at once is something else
        part = "arrival" if by and move.contract is None and move.other == NOBODY else ""
        found.append(replace(move, note="bridge", by=by, part=part) if by else move)
    return found


def _of_move(move: Move, body: Body, sight: Sight) -> str | None:
    """By which bridge it moved, if it tells."""
    if by := sight.protocol(move.other, "bridge"):
        return by
    if move.other != NOBODY:
        return None
    if move.contract is None:
        return "a deposit from L1" if type_of(body["transaction"]) in DEPOSITS else None
    if by := sight.protocol(move.contract, "bridged"):
        return by
    return "the Polygon bridge" if _is_burned_for_exit(move, body, sight) else None


def _is_burned_for_exit(move: Move, body: Body, sight: Sight) -> bool:
    """Polygon's tokens are burned by a call that no bridge has an event of."""
    transaction = body["transaction"]
    called = str(transaction.get("input", "")).startswith(WITHDRAW)
    direct = (transaction.get("to") or "").lower() == move.contract
    wrapper = names().wrapped(sight.asset(move.contract)) is not None
    return sight.chain_id == POLYGON and move.raw < 0 and called and direct and not wrapper


def _named(body: Body, sight: Sight) -> str | None:
    """The bridge that names an own address in an event of its."""
    for log in logs(body):
        by = sight.protocol(log["address"], "bridge")
        if by and any(_names(log, own) for own in sight.own):
            return by
    return None


def _names(log: Log, own: str) -> bool:
    word = own[2:].rjust(64, "0")
    return word in [t[2:].lower() for t in log["topics"][1:]] or word in [
        log["data"][at : at + 64].lower() for at in range(2, len(log["data"]), 64)
    ]
