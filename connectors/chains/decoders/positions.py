"""Positions of a pool, held as NFTs (Uniswap V3 and V4): their units here are their liquidity, so
that a part of one can be taken out, and what it brought has a cost.

Making and burning the NFT moves nothing beside its liquidity. One that goes to somebody else, or
comes back, takes all of its liquidity along, which is known if all since it was made is; one that
was made by others moves as one, and the balance shows what is not known of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.chains.moves import Log, Move, Position, Sight, logs
from connectors.chains.native import NOBODY, Body
from connectors.chains.rpc import as_int
from connectors.chains.topics import (
    COLLECTED,
    DECREASED,
    INCREASED,
    MODIFIED,
    TRANSFER,
    address_of,
)

ROLES = frozenset({"positions", "positions4"})
When = tuple[int, int, int]  # block, place of the transaction, place of the event


def learn(body: Body, sight: Sight) -> None:
    """Whose positions are, how much liquidity they got and gave, and what they were paid."""
    for log in logs(body):
        topics, contract = log["topics"], log["address"].lower()
        if sight.role(contract) in ROLES and topics[0] == TRANSFER and len(topics) == 4:
            one = sight.position(contract, as_int(topics[3]))
            one.made |= address_of(topics[1]) == NOBODY
            one.ours[when(log)] = address_of(topics[2]) in sight.own
            if one.ours[when(log)]:
                one.own = address_of(topics[2])
        for contract, token_id, raw in units(log, sight):
            sight.position(contract, token_id).units[when(log)] = raw
        if sight.role(contract) == "positions" and topics[0] in (DECREASED, COLLECTED):
            first, second = words(log)[-2:]
            one = sight.position(contract, as_int(topics[1]))
            one.paid[when(log)] = (topics[0] == COLLECTED, first, second)


def when(log: Log) -> When:
    return as_int(log["blockNumber"]), as_int(log["transactionIndex"]), as_int(log["logIndex"])


def words(log: Log) -> list[int]:
    data = log["data"]
    return [int(data[at : at + 64], 16) for at in range(2, len(data), 64)]


def units(log: Log, sight: Sight) -> Iterator[tuple[str, int, int]]:
    """(contract, token id, change of its liquidity) that an event tells."""
    topics, contract = log["topics"], log["address"].lower()
    if topics[0] in (INCREASED, DECREASED) and len(topics) == 2:
        if sight.role(contract) == "positions":
            liquidity = words(log)[0]
            yield contract, as_int(topics[1]), liquidity if topics[0] == INCREASED else -liquidity
    elif topics[0] == MODIFIED and sight.role(contract) == "pool" and len(topics) == 3:
        manager = address_of(topics[2])
        if sight.role(manager) == "positions4":
            _, _, change, salt = words(log)
            yield manager, salt, change - 2**256 if change >= 2**255 else change


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    """NFTs as their liquidity, and its changes."""
    found: list[Move] = []
    for move in moves:
        found += [move] if not _is_position(move, sight) else _moved(move, body, sight)
    for log in logs(body):
        for contract, token_id, raw in units(log, sight):
            one = sight.position(contract, token_id)
            if one.own and raw and _is_ours(one, when(log)):
                by = sight.protocol(contract, sight.role(contract)) or ""
                found.append(
                    Move(one.own, contract, raw, None, "principal", token_id, "liquidity", by=by)
                )
    return found


def _is_ours(one: Position, at: When) -> bool:
    """Whether it was ours when an event told of it, or was made ours by the same transaction."""
    here = [w for w in one.ours if w[:2] == at[:2]]
    before = [w for w in one.ours if w < at]
    return any(one.ours[w] for w in here) or (bool(before) and one.ours[max(before)])


def _is_position(move: Move, sight: Sight) -> bool:
    single = move.contract is not None and move.token_id is not None
    return single and sight.role(move.contract or "") in ROLES


def _moved(move: Move, body: Body, sight: Sight) -> list[Move]:
    contract, token_id = move.contract or "", move.token_id or 0
    one = sight.position(contract, token_id)
    by = sight.protocol(contract, sight.role(contract)) or ""
    if move.other == NOBODY:
        return []
    if not one.made:
        return [replace(move, note="position", by=by)]
    receipt = body["receipt"]
    here = (as_int(receipt["blockNumber"]), as_int(receipt["transactionIndex"]))
    # what changes in the same transaction is told beside it
    held = sum(raw for at, raw in one.units.items() if at[:2] < here)
    if not held:
        return []  # emptied, or made in this transaction, which tells all of it
    return [replace(move, raw=held if move.raw > 0 else -held, note="position", by=by)]


def earned(one: Position, body: Body) -> list[int]:
    """Of each of its two coins, what a position was paid in a transaction beyond what was taken out
    of it, then or before: what was taken out is paid first."""
    receipt = body["receipt"]
    here = (as_int(receipt["blockNumber"]), as_int(receipt["transactionIndex"]))
    owed, found = [0, 0], [0, 0]
    for at, (collected, *amounts) in sorted(one.paid.items()):
        for i, amount in enumerate(amounts):
            if not collected:
                owed[i] += amount
                continue
            principal = min(owed[i], amount)
            owed[i] -= principal
            if at[:2] == here:
                found[i] += amount - principal
    return found
