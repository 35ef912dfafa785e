"""Bridges between chains: what goes to an end of one, or comes from it, left no owner.

An end is told by its address. On the far side tokens are minted and burned, so there the end's own
event that names the wallet tells; a deposit from L1 is told by the type of its transaction. What
arrives is found on the other chain, where it may be less a fee.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from config.assets import names
from connectors.chains.moves import Move, Sight, logs
from connectors.chains.native import DEPOSITS, NOBODY, Body, type_of
from connectors.chains.topics import padded

POLYGON, WITHDRAW = 137, "0x2e1a7d4d"  # withdraw(uint256): burned there, paid out on Ethereum


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    principal = [m for m in moves if m.role == "principal" and m.place == "wallet"]
    one_way = len({m.raw > 0 for m in principal}) == 1
    told = list(_told(body, sight)) if one_way else []
    found = []
    for move in moves:
        plain = move.role == "principal" and move.place == "wallet" and not move.note
        by = (_of_move(move, body, sight, one_way) or _of_event(move, told)) if plain else None
        # what an arrival pays at once is something else
        part = "arrival" if by and move.contract is None and move.other == NOBODY else ""
        found.append(replace(move, note="bridge", by=by, part=part) if by else move)
    return found


def _of_move(move: Move, body: Body, sight: Sight, one_way: bool) -> str | None:
    """By which bridge it moved, if it tells."""
    if by := sight.protocol(move.other, "bridge"):
        return by
    if move.other != NOBODY:
        return None
    if move.contract is None:
        return "a deposit from L1" if type_of(body["transaction"]) in DEPOSITS else None
    if by := sight.protocol(move.contract, "bridged"):
        return by
    return "the Polygon bridge" if one_way and _is_burned_for_exit(move, body, sight) else None


def _is_burned_for_exit(move: Move, body: Body, sight: Sight) -> bool:
    """Polygon's tokens are burned by a call that no bridge has an event of."""
    transaction = body["transaction"]
    called = str(transaction.get("input", "")).startswith(WITHDRAW)
    direct = (transaction.get("to") or "").lower() == move.contract
    wrapper = names().wrapped(sight.asset(move.contract)) is not None
    return sight.chain_id == POLYGON and move.raw < 0 and called and direct and not wrapper


def _told(body: Body, sight: Sight) -> Iterator[tuple[str, set[str]]]:
    """(bridge, words of its event) that name an own address."""
    own = {padded(a)[2:] for a in sight.own}
    for log in logs(body):
        if by := sight.protocol(log["address"], "bridge"):
            data = log["data"]
            words = {t[2:].lower() for t in log["topics"][1:]}
            words |= {data[at : at + 64].lower() for at in range(2, len(data), 64)}
            if words & own:
                yield by, words


def _of_event(move: Move, told: list[tuple[str, set[str]]]) -> str | None:
    """By which bridge a token moved, if an event names it or the amount as well."""
    if move.contract is None:
        return None
    wanted = {padded(move.contract)[2:], f"{abs(move.raw):064x}"}
    return next((by for by, words in told if words & wanted), None)
