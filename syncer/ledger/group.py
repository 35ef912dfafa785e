"""Joins the entries of one group into a draft: what flowed, before it has a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from config.exact import ZERO
from connectors.records import Claim, Entry, Role
from syncer.events import Leg


@dataclass(frozen=True, slots=True)
class Draft:
    """One group's net flows per account, asset and role, and what its source said of it."""

    source: str
    group: str
    at: datetime
    legs: tuple[Leg, ...]
    kinds: frozenset[str]
    evidence: str
    txid: str | None
    address: str | None
    claim: Claim | None
    network: str | None = None
    ids: frozenset[str] = frozenset()  # the source's own ids of its rows

    def coming(self) -> list[Leg]:
        return [g for g in self.legs if g.role == "principal" and g.quantity > ZERO]

    def leaving(self) -> list[Leg]:
        return [g for g in self.legs if g.role == "principal" and g.quantity < ZERO]


def drafts(entries: Iterable[Entry]) -> list[Draft]:
    """Drafts in order of time, then source and group; the order of arrival does not matter."""
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.source, entry.group].append(entry)
    made = [_draft(source, group, rows) for (source, group), rows in groups.items()]
    return sorted(made, key=lambda d: (d.at, d.source, d.group))


def _draft(source: str, group: str, rows: list[Entry]) -> Draft:
    rows = sorted(rows, key=lambda e: (e.native_id, e.account, e.asset, e.role, e.quantity))
    return Draft(
        source=source,
        group=group,
        at=min(e.at for e in rows),
        legs=_net(rows),
        kinds=frozenset(e.kind for e in rows),
        evidence="; ".join(dict.fromkeys(e.evidence for e in rows if e.evidence)),
        txid=next((e.txid for e in rows if _is_hash(e.txid)), None),
        address=next((e.address for e in rows if e.address), None),
        claim=next((e.claim for e in rows if e.claim), None),
        network=next((e.network for e in rows if e.network), None),
        ids=frozenset(e.native_id for e in rows),
    )


def _is_hash(txid: str | None) -> bool:
    """Whether it names one transaction: "n/a" and "Internal transfer" name many."""
    text = (txid or "").strip()
    return any(c.isdigit() for c in text) and not any(c.isspace() for c in text)


def _net(rows: list[Entry]) -> tuple[Leg, ...]:
    sums: dict[tuple[str, str, Role], Decimal] = defaultdict(lambda: ZERO)
    stated: dict[tuple[str, str, Role], Decimal | None] = {}
    for e in rows:
        key = (e.account, e.asset, e.role)
        sums[key] += e.quantity
        before = stated.get(key, ZERO)
        stated[key] = None if e.usd is None or before is None else before + e.usd
    legs = [_leg(key, quantity, stated[key]) for key, quantity in sums.items() if quantity]
    return tuple(
        sorted(legs, key=lambda g: (g.role == "fee", g.quantity > ZERO, g.account, g.asset))
    )


def _leg(key: tuple[str, str, Role], quantity: Decimal, usd: Decimal | None) -> Leg:
    account, asset, role = key
    source = None if usd is None else "stated by the source"
    return Leg(account, asset, quantity, role, usd, source)
