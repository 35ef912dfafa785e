"""WETH9 and its like: wrapping and unwrapping emit no Transfer, only Deposit and Withdrawal."""

from __future__ import annotations

from config.assets import names
from connectors.chains.moves import Move, Sight, logs
from connectors.chains.native import Body
from connectors.chains.rpc import as_int
from connectors.chains.topics import DEPOSIT, WITHDRAWAL, address_of


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    found = list(moves)
    for log in logs(body):
        topics, contract = log["topics"], log["address"].lower()
        if topics[0] not in (DEPOSIT, WITHDRAWAL) or len(topics) != 2:
            continue
        own, raw = address_of(topics[1]), as_int(log["data"])
        if own not in sight.own or not _is_wrapper(contract, sight):
            continue
        if topics[0] == DEPOSIT:
            found.append(Move(own, contract, raw, contract, note="wrap"))
            continue
        # the coins are in the call tree, or in the balance
        found.append(Move(own, contract, -raw, contract, note="unwrap"))
    return found


def _is_wrapper(contract: str, sight: Sight) -> bool:
    """Any contract may emit these two names, so only listed wrappers are believed."""
    return names().wrapped(names().token(sight.chain, sight.chain_id, contract)) is not None
