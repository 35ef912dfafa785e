"""ERC-4337: an account keeps a deposit with the entry point, and its gas is paid out of it.

The deposit is the account's own, so what goes into it is no event; what `UserOperationEvent` says
that the operation cost is the fee, unless a paymaster paid. The sender of the bundle is somebody
else, whose own gas is not ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.chains.moves import Log, Move, Sight, logs
from connectors.chains.native import NOBODY, Body
from connectors.chains.native import moves as moves_of
from connectors.chains.topics import DEPOSITED, USER_OPERATION, WITHDRAWN, address_of

# the canonical ones, at the same address on every chain: v0.6, v0.7, v0.8
ENTRY_POINTS = frozenset(
    {
        "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789",
        "0x0000000071727de22e5e9d8baf0edac6f37da032",
        "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
    }
)


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    told = [g for g in logs(body) if g["address"].lower() in ENTRY_POINTS and len(g["topics"]) > 1]
    depositors = {account for account, _ in sight.depositors}
    filled = any(_is_own(g, DEPOSITED, sight) for g in told)
    taken = [_withdrawn(g)[1] for g in told if _is_own(g, WITHDRAWN, sight)]
    found = []
    for move in moves:
        into = move.raw < 0 and (filled or move.own in depositors)
        out = move.raw > 0 and move.raw in taken  # else it is what a bundler gets
        between = _with_entry_point(move) and (into or out)
        found.append(replace(move, place="between") if between else move)
    for log in told:
        found += _of_log(log, sight)
    return found + (_gifts(body, told, sight) if filled else [])


def _gifts(body: Body, told: list[Log], sight: Sight) -> list[Move]:
    """What somebody else put into our deposit: the call tree tells it, if it was one."""
    others = [
        (sender, wei)
        for sender, to, wei in moves_of(body)
        if to in ENTRY_POINTS and sender not in sight.own
    ]
    filled = [g for g in told if g["topics"][0] == DEPOSITED]
    if len(others) != 1 or len(filled) != 1:
        return []
    ((sender, wei),) = others
    return [Move(address_of(filled[0]["topics"][1]), None, wei, sender, place="deposit")]


def _is_own(log: Log, topic: str, sight: Sight) -> bool:
    return log["topics"][0] == topic and address_of(log["topics"][1]) in sight.own


def _with_entry_point(move: Move) -> bool:
    plain = move.contract is None and move.role == "principal"
    return plain and move.other in ENTRY_POINTS


def _withdrawn(log: Log) -> tuple[str, int]:
    """To whom, and how much."""
    data = log["data"]
    return address_of("0x" + data[2:66]), int(data[66:130], 16)


def learn(body: Body, sight: Sight) -> None:
    """Own accounts that keep a deposit, and with which entry point."""
    for log in logs(body):
        place = {USER_OPERATION: 2, DEPOSITED: 1, WITHDRAWN: 1}.get(log["topics"][0])
        if place and log["address"].lower() in ENTRY_POINTS and len(log["topics"]) > place:
            account = address_of(log["topics"][place])
            if account in sight.own:
                sight.depositors.add((account, log["address"].lower()))


def _of_log(log: Log, sight: Sight) -> Iterator[Move]:
    topics, data = log["topics"], log["data"]
    if topics[0] == USER_OPERATION and len(topics) == 4:
        own, paymaster = address_of(topics[2]), address_of(topics[3])
        cost = int(data[2 + 2 * 64 : 2 + 3 * 64], 16)  # after nonce and success
        if own in sight.own and paymaster == NOBODY and cost:
            yield Move(own, None, -cost, None, role="fee", place="deposit")
    if topics[0] == WITHDRAWN and (own := address_of(topics[1])) in sight.own:
        to, amount = _withdrawn(log)
        if to not in sight.own:  # what comes back is in the call tree
            yield Move(own, None, -amount, to, place="deposit")
