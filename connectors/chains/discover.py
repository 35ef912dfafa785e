"""Which transactions and blocks touched an address, by logs and by bisection of its state.

Logs find every event that names the address; bisection over (nonce, balance) finds every block
after which the native coin or the nonce differs, so what emits no event is found too.
Each alone misses something; together they find all but what cancels out inside one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from config.errors import RateLimited, TransientError
from connectors.chains.rpc import Rpc, RpcError, as_int
from connectors.chains.topics import padded

FIRST_RANGE = 10_000
State = tuple[int, int]
NOTHING: State = (0, 0)


async def transactions_by_logs(rpc: Rpc, addresses: Sequence[str], lo: int, hi: int) -> set[str]:
    """Hashes of transactions in blocks lo..hi with an address in any indexed place of an event."""
    pads = [padded(a) for a in addresses]
    found: set[str] = set()
    at, size = lo, FIRST_RANGE
    while at <= hi:
        end = min(hi, at + size - 1)
        span = {"fromBlock": hex(at), "toBlock": hex(end)}
        calls = [("eth_getLogs", [{**span, "topics": [None] * n + [pads]}]) for n in (1, 2, 3)]
        try:
            answers = await rpc.batch(calls, patient=size == 1)
        except RateLimited:
            answers = await rpc.batch(calls)  # a wait, not a smaller range
        except (RpcError, TransientError):
            if size == 1:
                raise
            # providers cap the range, each in its own words or by an HTTP error or a timeout
            size = max(1, min(size, hi - at + 1) // 2)
            continue
        found |= {log["transactionHash"] for logs in answers for log in logs}
        at, size = end + 1, size * 2
    return found


async def changed_blocks(
    rpc: Rpc, address: str, lo: int, hi: int, known: Iterable[int] = ()
) -> dict[int, tuple[State, State]]:
    """Blocks in lo+1..hi after which (nonce, balance) differs, with the state before and after.

    `lo` -1 means before the first block, where an address has nothing. Blocks `known` to have
    changed are looked at in any case: changes that cancel out hide from the bisection.
    """
    state: dict[int, State] = {-1: NOTHING}
    ends = {lo, hi} | {b for n in known for b in (n - 1, n) if lo < b < hi}
    points = sorted(ends)
    await _read(rpc, address, points, state)
    todo, hits = list(pairwise(points)), []
    while todo:
        todo = [(a, b) for a, b in todo if state[a] != state[b]]
        hits += [b for a, b in todo if b - a == 1]
        todo = [(a, b) for a, b in todo if b - a > 1]
        await _read(rpc, address, [(a + b) // 2 for a, b in todo], state)
        todo = [half for a, b in todo for half in ((a, (a + b) // 2), ((a + b) // 2, b))]
    return {b: (state[b - 1], state[b]) for b in sorted(hits)}


async def _read(rpc: Rpc, address: str, blocks: Iterable[int], state: dict[int, State]) -> None:
    wanted = [b for b in dict.fromkeys(blocks) if b not in state]
    calls = [
        (method, [address, hex(b)])
        for b in wanted
        for method in ("eth_getTransactionCount", "eth_getBalance")
    ]
    answers = await rpc.batch(calls)
    for i, block in enumerate(wanted):
        state[block] = (as_int(answers[2 * i]), as_int(answers[2 * i + 1]))
