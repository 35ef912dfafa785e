"""Stored Bitcoin transactions to entries: what left the account, what came, and its miners' fee."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from config.bitcoin import NAME, identity, is_key
from config.exact import units
from connectors.bitcoin.esplora import Body
from connectors.bitcoin.wallet import GONE, PLACES
from connectors.records import Entry, Problem, RawRecord, Role, Translation

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Seen:
    """Satoshis of one transaction that were ours before and are after, its fee if all that went in
    was ours, and by address what others got, or who paid."""

    before: int
    after: int
    fee: int
    others: Mapping[str, int]
    mined: bool
    shared: bool


class BitcoinTranslator:
    """Pure: the records of one account in, entries out."""

    def __init__(self, account: str, listed: Sequence[str]) -> None:
        self._account = account
        self._keys = frozenset(identity(a) for a in listed if is_key(a))
        self._listed = frozenset(a for a in listed if not is_key(a))

    def __call__(self, records: Iterable[RawRecord]) -> Translation:
        own = self._listed | own_addresses(records, self._keys)
        entries: list[Entry] = []
        problems: list[Problem] = []
        times = _times(records)
        for record in records:
            if record.stream != "txs" or record.body == GONE:
                continue
            try:
                body = json.loads(record.body)
                entries += self._entries(record, body, own, times[record.native_id])
            except UNREADABLE as odd:
                sentence = f"it cannot be read ({type(odd).__name__}: {odd})"
                problems.append(Problem(record.source, "txs", record.native_id, sentence))
        return Translation(tuple(entries), tuple(problems))

    def _entries(
        self, record: RawRecord, body: Body, own: frozenset[str], at: datetime
    ) -> list[Entry]:
        seen = _seen(body, own)
        moved = seen.after - seen.before + seen.fee
        single = next(iter(seen.others)) if len(seen.others) == 1 else ""
        paid = {single: moved} if moved else {}
        by_payee = moved < 0 and not seen.shared  # each is an event of its own, and stays it
        if by_payee:
            paid = {address: -value for address, value in seen.others.items()}
        made = []
        for address, quantity in paid.items():
            one = self._entry(record, body, seen, at, quantity, "principal")
            group = f"{record.native_id}:{address}" if by_payee else record.native_id
            made.append(replace(one, group=group, address=address or None))
        if seen.fee:
            fee = self._entry(record, body, seen, at, -seen.fee, "fee")
            first = made[0] if made else fee
            made.append(replace(fee, group=first.group, address=first.address))
        return made

    def _entry(
        self, record: RawRecord, body: Body, seen: Seen, at: datetime, moved: int, role: Role
    ) -> Entry:
        shared = "; others paid in it as well, and the fee is within" if seen.shared else ""
        height = body["status"]["block_height"]
        return Entry(
            source=record.source,
            group=record.native_id,
            account=self._account,
            asset="BTC",
            quantity=units(moved, PLACES),
            at=at,
            role=role,
            kind="income:mining" if seen.mined else "sent" if moved < 0 else "received",
            native_id=record.native_id,
            txid=record.native_id,
            network=NAME,
            evidence=f"transaction {record.native_id} in block {height}{shared}",
        )


def _times(records: Iterable[RawRecord]) -> dict[str, datetime]:
    """When each happened: the time of its block, but not before what it spends, for the clocks of
    miners go back and forth."""
    blocks: dict[str, tuple[int, int]] = {}
    spends: dict[str, list[str]] = {}
    for record in records:
        if record.stream == "txs" and record.body != GONE:
            with suppress(*UNREADABLE):
                body = json.loads(record.body)
                status, parents = body["status"], [i["txid"] for i in body["vin"]]
                blocks[record.native_id] = status["block_height"], status["block_time"]
                spends[record.native_id] = parents
    times: dict[str, int] = {}
    for txid in _parents_first(blocks, spends):
        before = (times[parent] for parent in spends[txid] if parent in times)
        times[txid] = max((blocks[txid][1], *before))
    return {txid: datetime.fromtimestamp(time, UTC) for txid, time in times.items()}


def _parents_first(
    blocks: Mapping[str, tuple[int, int]], spends: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """By block; within one, what is spent there before what spends it."""
    by_height = sorted(blocks, key=lambda txid: (blocks[txid][0], txid))
    done: set[str] = set()
    for txid in by_height:
        waiting = [txid]
        while waiting:
            here = waiting[-1]
            open_ = [p for p in spends[here] if p in blocks and p not in done and p not in waiting]
            if open_:
                waiting += open_[:1]
                continue
            waiting.pop()
            if here not in done:
                done.add(here)
                yield here


def own_addresses(records: Iterable[RawRecord], keys: Iterable[str]) -> frozenset[str]:
    """Those that were derived from keys of these identities and used."""
    told = ((r.native_id, json.loads(r.body)) for r in records if r.stream == "addresses")
    keys = frozenset(keys)
    return frozenset(address for address, body in told if body["key"] in keys)


def _seen(body: Body, own: frozenset[str]) -> Seen:
    mined = any(i["is_coinbase"] for i in body["vin"])
    paid = [] if mined else [i["prevout"] for i in body["vin"]]
    went = [o for o in paid if o.get("scriptpubkey_address") in own]
    came = [o for o in body["vout"] if o.get("scriptpubkey_address") in own]
    whole = bool(paid) and len(went) == len(paid)
    others: dict[str, int] = {}
    for end in body["vout"] if went else paid:
        address = end.get("scriptpubkey_address") or ""
        if end["value"] and address not in own:
            others[address] = others.get(address, 0) + end["value"]
    return Seen(
        before=sum(o["value"] for o in went),
        after=sum(o["value"] for o in came),
        fee=body["fee"] if whole else 0,
        others=dict(sorted(others.items(), key=lambda o: (-o[1], o[0]))),
        mined=mined,
        shared=bool(went) and not whole,
    )
