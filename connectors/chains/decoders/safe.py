"""Safe: what it pays back to who sent its transaction is a fee, as `ExecutionSuccess` says.

The Safe is the wallet here; gas itself is paid by the sender, and belongs to the sender's wallet.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.chains.moves import Move, Sight, logs
from connectors.chains.native import Body
from connectors.chains.topics import EXECUTION_FAILURE, EXECUTION_SUCCESS


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    found = list(moves)
    for log in logs(body):
        own = log["address"].lower()
        if log["topics"][0] not in (EXECUTION_SUCCESS, EXECUTION_FAILURE) or own not in sight.own:
            continue
        paid = int(log["data"][-64:], 16) if len(log["data"]) >= 66 else 0
        # the refund is the last thing that a Safe does in its transaction
        places = [i for i, m in enumerate(found) if _pays(m, own, paid)]
        if paid and places:
            found[places[-1]] = replace(found[places[-1]], role="fee")
    return found


def _pays(move: Move, own: str, paid: int) -> bool:
    return (move.own, move.raw, move.role, move.token_id) == (own, -paid, "principal", None)
