"""Reads a wallet through the real reader, and tells what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.chains.explorer import Explorer
from connectors.chains.rpc import Rpc
from connectors.chains.translate import ChainTranslator
from connectors.chains.wallet import Wallet
from connectors.records import Entry, RawRecord, Reported
from connectors.retry import RetryPolicy
from tests.chains.anvil import Anvil


@dataclass
class Found:
    """All records until now, what they mean, and the balances that the chain reports."""

    records: list[RawRecord]
    entries: tuple[Entry, ...]
    reported: Reported
    cursors: dict[str, str] = field(default_factory=dict)

    def sums(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for entry in self.entries:
            found[entry.asset] = found.get(entry.asset, Decimal(0)) + entry.quantity
        return {asset: quantity for asset, quantity in found.items() if quantity}

    def proved(self) -> dict[str, Decimal]:
        """What the chain reports; it must be what the entries add up to."""
        told = {b.asset: b.quantity for b in self.reported.balances if b.quantity}
        assert self.sums() == told
        return told

    def of(self, tx_hash: str) -> list[tuple[str, str, str, Decimal]]:
        """(kind, role, asset, quantity) of a transaction's entries."""
        found = [e for e in self.entries if e.group == tx_hash.lower()]
        return sorted((e.kind, e.role, e.asset, e.quantity) for e in found)

    def moved(self, tx_hash: str) -> dict[str, Decimal]:
        """By asset, what a transaction brought or took beside its fee."""
        found: dict[str, Decimal] = {}
        for _, role, asset, quantity in self.of(tx_hash):
            if role == "principal":
                found[asset] = found.get(asset, Decimal(0)) + quantity
        return found

    def gas(self, node: Anvil, tx_hash: str) -> int:
        receipt = node.receipt(tx_hash)
        return int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)


async def read_wallet(
    url: str,
    addresses: Sequence[str],
    chain: str = "ethereum",
    chain_id: int = 1,
    before: Found | None = None,
    more: Sequence[str] = (),
    full: bool = False,
    explorer: Explorer | None = None,
    problems: int = 0,
) -> Found:
    """One pull, going on from an earlier one if given; no record may be set aside. `more` are
    further endpoints."""
    rpc = Rpc(chain, [url, *more], RetryPolicy(base=0.01))
    known = before.records if before else []
    wallet = Wallet("w", "w", addresses, rpc, chain_id, 0, known, explorer)
    records: list[RawRecord] = []
    cursors = dict(before.cursors) if before else {}
    try:
        await wallet.check_key()
        async for page in wallet.pull(cursors, full):
            records += page.records
            cursors[page.stream] = page.next_cursor
        reported = await wallet.balances()
    finally:
        await wallet.close()
    newest = {(r.stream, r.native_id): r for r in (*known, *records)}
    translation = ChainTranslator("w", addresses, chain, chain_id)(list(newest.values()))
    assert len(translation.problems) == problems, translation.problems
    return Found(list(newest.values()), translation.entries, reported, cursors)
