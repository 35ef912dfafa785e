"""Reads `networks.toml`: the words of venues and files for one network."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


def network_name(word: str | None) -> str | None:
    """One name for each listed network, whatever it is called; None for a word that is not listed,
    which says nothing."""
    return _words().get(word.strip().casefold()) if word else None


@cache
def _words() -> dict[str, str]:
    table = tomllib.loads(files("config").joinpath("networks.toml").read_text(encoding="utf-8"))
    return {word.casefold(): name for name, words in table.items() for word in words}
