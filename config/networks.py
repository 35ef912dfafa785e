"""Reads `networks.toml`: the words of venues and files for one network."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


def network_name(word: str | None) -> str | None:
    """One name for each listed network, whatever it is called; None for a word that is not listed,
    which says nothing."""
    return _words().get(word.strip().casefold()) if word else None


@dataclass(frozen=True, slots=True)
class Network:
    """A listed chain and what price services call it."""

    name: str
    llama: str = ""
    gecko: str = ""


def network_of(chain_id: int) -> Network | None:
    """The listed chain of an id."""
    for name, told in _table().items():
        if told.get("chain_id") == chain_id:
            return Network(name, told.get("llama", ""), told.get("gecko", ""))
    return None


def chain_id_of(word: str) -> int | None:
    """The id of a listed EVM chain."""
    name = network_name(word)
    return _table()[name].get("chain_id") if name else None


@cache
def _words() -> dict[str, str]:
    named = {word.casefold(): name for name, told in _table().items() for word in told["words"]}
    return {**{name: name for name in _table()}, **named}


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("config").joinpath("networks.toml").read_text(encoding="utf-8"))
