"""Reads `contracts.toml`: which contract is whose, by chain and address."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

EVERYWHERE = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A protocol, and what its contract does there."""

    protocol: str
    role: str


class Contracts:
    """Look-ups over the known contracts."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._known: dict[tuple[int, str], Known] = {}
        for row in rows:
            known = Known(row["protocol"], row["role"])
            places = {EVERYWHERE: row.get("everywhere", ()), **row.get("at", {})}
            for chain_id, addresses in places.items():
                self._known |= {(int(chain_id), a.lower()): known for a in addresses}

    def at(self, chain_id: int, address: str | None) -> Known | None:
        """What is known of an address on a chain."""
        if address is None:
            return None
        place = address.lower()
        return self._known.get((chain_id, place)) or self._known.get((EVERYWHERE, place))

    def name(self, chain_id: int, address: str | None, role: str) -> str | None:
        """The protocol of an address, if that is what it does there."""
        known = self.at(chain_id, address)
        return known.protocol if known and known.role == role else None


@cache
def contracts() -> Contracts:
    """The table that ships with Syncer."""
    text = files("config").joinpath("contracts.toml").read_text(encoding="utf-8")
    return Contracts(tomllib.loads(text)["contract"])
