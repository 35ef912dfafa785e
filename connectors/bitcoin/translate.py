"""Stored Bitcoin transactions to entries: what left the account, what came, and its miners' fee."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from config.bitcoin import NAME, is_key
from config.exact import units
from connectors.bitcoin.esplora import Body
from connectors.bitcoin.wallet import GONE, PLACES
from connectors.records import Entry, Problem, RawRecord, Role, Translation


@dataclass(frozen=True, slots=True)
class Seen:
    """Satoshis of one transaction that were ours before and are after, its fee if all that went in
    was ours, and the addresses of the others that paid or were paid."""

    before: int
    after: int
    fee: int
    others: tuple[str, ...]
    mined: bool
    shared: bool


class BitcoinTranslator:
    """Pure: the records of one account in, entries out."""

    def __init__(self, account: str, listed: Sequence[str]) -> None:
        self._account = account
        self._keys = frozenset(a for a in listed if is_key(a))
        self._listed = frozenset(a for a in listed if not is_key(a))

    def __call__(self, records: Iterable[RawRecord]) -> Translation:
        own = self._listed | own_addresses(records, self._keys)
        entries: list[Entry] = []
        problems: list[Problem] = []
        for record in records:
            if record.stream != "txs" or record.body == GONE:
                continue
            try:
                entries += self._entries(record, json.loads(record.body), own)
            except (KeyError, TypeError, ValueError, AttributeError) as odd:
                sentence = f"it cannot be read ({type(odd).__name__}: {odd})"
                problems.append(Problem(record.source, "txs", record.native_id, sentence))
        return Translation(tuple(entries), tuple(problems))

    def _entries(self, record: RawRecord, body: Body, own: frozenset[str]) -> list[Entry]:
        seen = _seen(body, own)
        moved = seen.after - seen.before + seen.fee
        found = []
        if moved:
            found.append(self._entry(record, body, seen, moved, "principal"))
        if seen.fee:
            found.append(self._entry(record, body, seen, -seen.fee, "fee"))
        return found

    def _entry(self, record: RawRecord, body: Body, seen: Seen, moved: int, role: Role) -> Entry:
        status = body["status"]
        kind = "income:mining" if seen.mined else "sent" if moved < 0 else "received"
        others = seen.others if len(seen.others) == 1 else ()
        shared = "; others paid in it as well, and the fee is within" if seen.shared else ""
        return Entry(
            source=record.source,
            group=record.native_id,
            account=self._account,
            asset="BTC",
            quantity=units(moved, PLACES),
            at=datetime.fromtimestamp(status["block_time"], UTC),
            role=role,
            kind=kind,
            native_id=record.native_id,
            txid=record.native_id,
            address=others[0] if others else None,
            network=NAME,
            evidence=f"transaction {record.native_id} in block {status['block_height']}{shared}",
        )


def own_addresses(records: Iterable[RawRecord], keys: Iterable[str]) -> frozenset[str]:
    """Those that were derived from these keys and used."""
    told = ((r.native_id, json.loads(r.body)) for r in records if r.stream == "addresses")
    keys = frozenset(keys)
    return frozenset(address for address, body in told if body["key"] in keys)


def _seen(body: Body, own: frozenset[str]) -> Seen:
    mined = any(i["is_coinbase"] for i in body["vin"])
    paid = [] if mined else [i["prevout"] for i in body["vin"]]
    went = [o for o in paid if o.get("scriptpubkey_address") in own]
    came = [o for o in body["vout"] if o.get("scriptpubkey_address") in own]
    whole = bool(paid) and len(went) == len(paid)
    ends = body["vout"] if went else paid
    others = {o.get("scriptpubkey_address") or "" for o in ends if o["value"]} - own
    return Seen(
        before=sum(o["value"] for o in went),
        after=sum(o["value"] for o in came),
        fee=body["fee"] if whole else 0,
        others=tuple(sorted(others)),
        mined=mined,
        shared=bool(went) and not whole,
    )
