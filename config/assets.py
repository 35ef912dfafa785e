"""Reads `assets.toml`: (venue, raw id, date) or (chain, contract) to a name, never by symbol."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

_POTS = {"kraken": (".S", ".M", ".F", ".B", ".P"), "cryptocom": (".staked",)}


@dataclass(frozen=True, slots=True)
class Asset:
    """One listed asset; `name` is its text everywhere."""

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    wraps: str | None = None
    fiat: bool = False
    stablecoin: bool = False
    grows: str | None = None  # the kind of income, if its balance grows by itself
    stakes: str | None = None  # the coin that stands behind it, staked
    coingecko: str | None = None  # its id there, which DeFiLlama takes too


class AssetNames:
    """Look-ups over the listed assets."""

    def __init__(self, rows: Iterable[dict[str, Any]], ticker_venues: Iterable[str] = ()) -> None:
        self._named: dict[str, Asset] = {}
        self._venue: dict[tuple[str, str], str] = {}
        self._once: dict[tuple[str, str], list[tuple[date, str]]] = {}
        self._ticker_venues = tuple(ticker_venues)
        self._found: dict[tuple[str, str], tuple[tuple[tuple[date, str], ...], str]] = {}
        self._native: dict[int, str] = {}
        self._contract: dict[tuple[int, str], str] = {}
        for row in rows:
            self._add(row)

    def _add(self, row: dict[str, Any]) -> None:
        name = row["name"]
        self._named[name] = Asset(
            name,
            row["title"],
            tuple(row.get("aliases", ())),
            row.get("wraps"),
            row.get("fiat", False),
            row.get("stablecoin", False),
            row.get("grows"),
            row.get("stakes"),
            row.get("coingecko"),
        )
        for raw in row.get("tickers", ()):
            for venue in self._ticker_venues:
                self._venue.setdefault((venue, raw), name)
        for venue, ids in row.get("at", {}).items():
            self._venue.update(dict.fromkeys(((venue, raw) for raw in ids), name))
        for once in row.get("once", ()):
            for venue in once["venues"]:
                self._once.setdefault((venue, once["raw"]), []).append((once["until"], name))
        for chain_id in row.get("native_on", ()):
            self._native[chain_id] = name
        for chain_id, told in row.get("contracts", {}).items():
            for contract in [told] if isinstance(told, str) else told:
                self._contract[int(chain_id), contract.lower()] = name

    def at_venue(self, venue: str, raw_id: str, at: datetime | None = None) -> str:
        """The name of a venue's asset at an instant (None: today), or `venue:RAWID`; the pots of
        one coin are one coin."""
        found = self._found.get((venue, raw_id))
        if found is None:
            pots = _POTS.get(venue, ())
            base = next((raw_id.removesuffix(p) for p in pots if raw_id.endswith(p)), raw_id)
            bonded = re.fullmatch(r"([A-Z]+)\d\d", base)  # for so many days, as ATOM21.S
            if base != raw_id and bonded and (venue, base) not in self._venue:
                base = bonded[1]
            name = self._venue.get((venue, base)) or f"{venue}:{base}"
            found = tuple(sorted(self._once.get((venue, base), ()))), name
            self._found[venue, raw_id] = found
        for until, once in found[0]:
            if at is not None and at.date() < until:
                return once
        return found[1]

    def native(self, chain: str, chain_id: int) -> str:
        """A chain's own coin, or `chain:native` where the table does not know the chain."""
        return self._native.get(chain_id) or f"{chain}:native"

    def token(self, chain: str, chain_id: int, contract: str) -> str:
        """A token's name, or `chain:0xcontract`."""
        contract = contract.lower()
        return self._contract.get((chain_id, contract)) or f"{chain}:{contract}"

    def contract_of(self, text: str) -> tuple[int, str] | None:
        """A chain's id and a contract of a listed asset, Ethereum's first."""
        found = [key for key, name in self._contract.items() if name == text]
        return min(found, default=None)

    def coingecko(self, text: str) -> str | None:
        asset = self._named.get(text)
        return asset.coingecko if asset else None

    def listed(self, text: str) -> Asset | None:
        return self._named.get(text)

    def in_file(self, account: str, text: str) -> str:
        """What a bare word of a person's file means: a listed name, else `account:WORD`."""
        return text if text in self._named or ":" in text else f"{account}:{text}"

    @property
    def fiat(self) -> frozenset[str]:
        """All money."""
        return frozenset(a.name for a in self._named.values() if a.fiat)

    def is_fiat(self, text: str) -> bool:
        asset = self._named.get(text)
        return asset is not None and asset.fiat

    def wrapped(self, text: str) -> str | None:
        asset = self._named.get(text)
        return asset.wraps if asset else None

    def staked(self, text: str) -> str | None:
        """The coin that a token of liquid staking stands for."""
        asset = self._named.get(text)
        return asset.stakes if asset else None

    def growth(self, text: str) -> str | None:
        """The kind of income that a balance which grows by itself is, where that is known."""
        asset = self._named.get(text)
        return asset.grows if asset else None

    def of_form(self, words: Iterable[str]) -> str | None:
        """The asset that a broker's form names by symbol, full name or alias."""
        wanted = {w.casefold() for w in words if w}
        for asset in self._named.values():
            known = {asset.name, asset.title, *asset.aliases}
            if wanted & {k.casefold() for k in known}:
                return asset.name
        return None


@cache
def names() -> AssetNames:
    """The table that ships with Syncer."""
    text = files("config").joinpath("assets.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return AssetNames(table["asset"], table["ticker_venues"])
