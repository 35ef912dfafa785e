"""Call trees: of what may have moved the native coin, and of whole blocks where what was found does
not explain the balance. Where no node gives them, an explorer's list of internal moves stands in,
if it explains the balance to the wei."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.chains import native
from connectors.chains.discover import Changes
from connectors.chains.rpc import Rpc, as_int, optional_int
from connectors.chains.topics import WITHDRAWAL, padded

Bodies = dict[str, dict[str, Any]]  # of transactions, by hash
Blocks = dict[int, dict[str, Any]]
Internals = Mapping[str, list[native.Frame]]  # by hash, beside what the transaction itself sends


class Trees:
    """Over the addresses of one wallet on one chain."""

    def __init__(self, rpc: Rpc, addresses: Sequence[str]) -> None:
        self._rpc, self._addresses = rpc, addresses

    async def add(self, bodies: Bodies, changed: set[int]) -> None:
        """Add `frames` to the bodies, where a node gives them."""
        wanted = [
            h
            for h, body in bodies.items()
            if self.is_party(body["transaction"])
            or native.number(body) in changed
            or self._unwraps(body)
        ]
        calls = [("debug_traceTransaction", [h, native.TRACER]) for h in wanted]
        for hash_, root in zip(wanted, await self._rpc.traces(calls), strict=True):
            found = native.frames(root, bodies[hash_]["transaction"])
            if found is not None:
                bodies[hash_]["frames"] = found

    def is_party(self, transaction: Mapping[str, Any]) -> bool:
        ends = (transaction["from"], transaction.get("to") or "")
        return any(end.lower() in self._addresses for end in ends)

    def names_us(self, log: Mapping[str, Any]) -> bool:
        return any(padded(a) in log["topics"][1:] for a in self._addresses)

    def _unwraps(self, body: native.Body) -> bool:
        logs = body["receipt"]["logs"]
        return any(g["topics"] and g["topics"][0] == WITHDRAWAL and self.names_us(g) for g in logs)

    def by_lists(
        self, bodies: Bodies, changes: Mapping[str, Changes], blocks: Blocks, told: Internals
    ) -> None:
        """Add `frames` by an explorer's word to what has none, if that explains the balances."""
        for number in self.unexplained(bodies, changes, blocks):
            here = {
                h: body
                for h, body in bodies.items()
                if native.number(body) == number and "frames" not in body and told.get(h)
            }
            tried = bodies | {h: {**b, "frames": _with(b, told[h])} for h, b in here.items()}
            if here and number not in self.unexplained(tried, changes, blocks, number):
                for hash_ in here:
                    bodies[hash_] = tried[hash_]

    def unexplained(
        self,
        bodies: Bodies,
        changes: Mapping[str, Changes],
        blocks: Blocks,
        only: int | None = None,
    ) -> list[int]:
        """Blocks whose balances what was found does not explain."""
        here: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for body in bodies.values():
            here[native.number(body)].append(body)
        return sorted(
            {
                n
                for address, found in changes.items()
                for n, (before, after) in found.items()
                if (only is None or n == only)
                and after[1] - before[1] != _explained(here[n], blocks[n], address)
            }
        )

    async def of_blocks(
        self, numbers: Sequence[int], blocks: Blocks, bodies: Bodies
    ) -> dict[str, list[native.Frame]]:
        """By hash: the frames of transactions in these blocks that are not among the bodies and
        move coins of ours. A contract that pays emits nothing."""
        calls = [("debug_traceBlockByNumber", [hex(n), native.TRACER]) for n in numbers]
        more: dict[str, list[native.Frame]] = {}
        for n, roots in zip(numbers, await self._rpc.traces(calls), strict=True):
            more |= self._paying(roots, blocks[n], bodies)
        return more

    def _paying(
        self, roots: Any, block: Mapping[str, Any], bodies: Bodies
    ) -> dict[str, list[native.Frame]]:
        if not isinstance(roots, list) or len(roots) != len(block["transactions"]):
            return {}
        found = {}
        for transaction, root in zip(block["transactions"], roots, strict=True):
            told = native.frames(
                root.get("result") if isinstance(root, dict) else None, transaction
            )
            ends = {end for frame in told or () for end in frame[:2]}
            if told and ends & set(self._addresses) and transaction["hash"] not in bodies:
                found[transaction["hash"]] = told
        return found


def _with(body: native.Body, internals: list[native.Frame]) -> list[native.Frame]:
    transaction = body["transaction"]
    to = (transaction.get("to") or body["receipt"].get("contractAddress") or "").lower()
    own = [[transaction["from"].lower(), to, transaction["value"]]]
    return (own if as_int(transaction["value"]) else []) + internals


def _explained(bodies: Iterable[native.Body], block: Mapping[str, Any], address: str) -> int:
    """Wei by which the transactions that were found, and the beacon chain, change a balance."""
    known = sum(native.change(body, address) for body in bodies)
    return known + sum(w["gwei"] * native.GWEI for w in withdrawals(block, address))


def withdrawals(block: Mapping[str, Any], address: str) -> list[dict[str, int]]:
    """What the beacon chain paid to an address in a block; no transaction tells it."""
    return [
        {"index": as_int(w["index"]), "validator": as_int(w["validatorIndex"]), "gwei": gwei}
        for w in block.get("withdrawals") or ()
        if w["address"].lower() == address and (gwei := optional_int(w["amount"]))
    ]
