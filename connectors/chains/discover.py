"""Which transactions and blocks touched an address, by logs and by bisection of its state.

Logs find every event that names the address; bisection over (nonce, balance) finds every block
after which the native coin or the nonce differs, so what emits no event is found too.
Each alone misses something; together they find all but what cancels out: inside one block, or, for
a contract without a nonce of its own and without an event, between two blocks that are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from config.errors import DataError, RateLimited, TransientError
from connectors.chains.rpc import Behind, Rpc, RpcError, as_int
from connectors.chains.topics import padded

FIRST_RANGE = 10_000
State = tuple[int, int]
Place = tuple[str, int]  # address, block
Changes = dict[int, tuple[State, State]]
NOTHING: State = (0, 0)


async def transactions_by_logs(rpc: Rpc, addresses: Sequence[str], lo: int, hi: int) -> set[str]:
    """Hashes of transactions in blocks lo..hi with an address in any indexed place of an event, or
    with an event of its own: a contract wallet may pass on all that it gets.

    The range that a provider answers for is learnt, by halving, and remembered with it.
    """
    pads = [padded(a) for a in addresses]
    found: set[str] = set()
    at, size = lo, rpc.log_range or FIRST_RANGE
    while at <= hi:
        end = min(hi, at + size - 1)
        span = {"fromBlock": hex(at), "toBlock": hex(end)}
        calls = [("eth_getLogs", [{**span, "topics": [None] * n + [pads]}]) for n in (1, 2, 3)]
        calls.append(("eth_getLogs", [{**span, "address": list(addresses)}]))
        calls.append(("eth_blockNumber", []))  # of the same node: one that lags knows no logs yet
        try:
            *answers, head = await rpc.batch(calls, patient=size == 1)
        except RateLimited:
            *answers, head = await rpc.batch(calls)  # a wait, not a smaller range
        except (RpcError, TransientError):
            if size == 1 and not rpc.pass_over():
                raise
            if size == 1:  # another one serves
                size = rpc.log_range or FIRST_RANGE
                continue
            # providers cap the range, each in its own words or by an HTTP error or a timeout
            size = max(1, min(size, hi - at + 1) // 2)
            rpc.log_range = size
            continue
        if as_int(head) < end:
            raise Behind(
                f"a node of {rpc.chain} is behind the others; it is tried again at the next sync"
            )
        found |= {log["transactionHash"] for logs in answers for log in logs}
        if rpc.log_range:
            rpc.log_range = max(rpc.log_range, end - at + 1)
        at, size = end + 1, size * 2
    return found


async def changed_blocks(
    rpc: Rpc, addresses: Sequence[str], lo: int, hi: int, known: Iterable[int] = ()
) -> dict[str, Changes]:
    """By address: blocks in lo+1..hi after which (nonce, balance) differs, with both states.

    `lo` -1 means before the first block, where an address has nothing. Blocks `known` to have
    changed are looked at in any case: changes that cancel out hide from the bisection.
    """
    state: dict[Place, State] = {(a, -1): NOTHING for a in addresses}
    ends = {lo, hi} | {b for n in known for b in (n - 1, n) if lo < b < hi}
    points = sorted(ends)
    await _read(rpc, [(a, b) for a in addresses for b in points], state)
    todo = [(a, *pair) for a in addresses for pair in pairwise(points)]
    hits: list[Place] = []
    while todo:
        todo = [(a, x, y) for a, x, y in todo if state[a, x] != state[a, y]]
        hits += [(a, y) for a, x, y in todo if y - x == 1]
        todo = [(a, x, y) for a, x, y in todo if y - x > 1]
        middles = [(a, (x + y) // 2) for a, x, y in todo]
        await _read(rpc, middles, state)
        halves = zip(todo, middles, strict=True)
        todo = [half for (a, x, y), (_, m) in halves for half in ((a, x, m), (a, m, y))]
    for address in addresses:
        if lo == -1 and state.get((address, 0), NOTHING)[0]:
            raise DataError(
                f"a node of {rpc.chain} answers the present for the past; name an archive node in "
                f"[chains.{rpc.chain}] rpc"
            )
    return {a: _changes(a, hits, state) for a in addresses}


def _changes(address: str, hits: Iterable[Place], state: Mapping[Place, State]) -> Changes:
    blocks = sorted(b for a, b in hits if a == address)
    return {b: (state[address, b - 1], state[address, b]) for b in blocks}


async def _read(rpc: Rpc, places: Iterable[Place], state: dict[Place, State]) -> None:
    wanted = [p for p in dict.fromkeys(places) if p not in state]
    calls = [
        (method, [address, hex(block)])
        for address, block in wanted
        for method in ("eth_getTransactionCount", "eth_getBalance")
    ]
    answers = await rpc.states(calls)
    for i, place in enumerate(wanted):
        state[place] = (as_int(answers[2 * i]), as_int(answers[2 * i + 1]))
