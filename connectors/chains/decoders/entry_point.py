"""ERC-4337: an account keeps a deposit with the entry point, and its gas is paid out of it.

The deposit is the account's own, so what goes into it is no event; what `UserOperationEvent` says
that the operation cost is the fee, unless a paymaster paid. The sender of the bundle is somebody
else, whose own gas is not ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.chains.moves import Log, Move, Sight, logs
from connectors.chains.native import Body
from connectors.chains.topics import DEPOSITED, USER_OPERATION, WITHDRAWN, address_of

# the canonical ones, at the same address on every chain: v0.6, v0.7, v0.8
ENTRY_POINTS = frozenset(
    {
        "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789",
        "0x0000000071727de22e5e9d8baf0edac6f37da032",
        "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
    }
)
_NOBODY = "0x" + "0" * 40


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    found = [_between(m) if _is_deposit(m, sight) else m for m in moves]
    for log in logs(body):
        found += _of_log(log, sight)
    return found


def depositors(body: Body, own: frozenset[str]) -> Iterator[tuple[str, str]]:
    """(account, entry point) of own accounts that keep a deposit, as a transaction shows."""
    for log in logs(body):
        place = {USER_OPERATION: 2, DEPOSITED: 1, WITHDRAWN: 1}.get(log["topics"][0])
        if place and log["address"].lower() in ENTRY_POINTS and len(log["topics"]) > place:
            account = address_of(log["topics"][place])
            if account in own:
                yield account, log["address"].lower()


def _is_deposit(move: Move, sight: Sight) -> bool:
    return (
        move.contract is None
        and move.role == "principal"
        and move.other in ENTRY_POINTS
        and move.own in sight.depositors
    )


def _between(move: Move) -> Move:
    return replace(move, place="between")


def _of_log(log: Log, sight: Sight) -> Iterator[Move]:
    topics, data = log["topics"], log["data"]
    if log["address"].lower() not in ENTRY_POINTS or len(topics) < 2:
        return
    if topics[0] == USER_OPERATION and len(topics) == 4:
        own, paymaster = address_of(topics[2]), address_of(topics[3])
        cost = int(data[2 + 2 * 64 : 2 + 3 * 64], 16)  # after nonce and success
        if own in sight.own and paymaster == _NOBODY and cost:
            yield Move(own, None, -cost, None, role="fee", place="deposit")
    if topics[0] == WITHDRAWN and (own := address_of(topics[1])) in sight.own:
        to, amount = address_of("0x" + data[2:66]), int(data[66:130], 16)
        if to != own:  # what comes back to the account is in its call tree
            yield Move(own, None, -amount, to, place="deposit")
