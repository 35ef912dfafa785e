"""Finds the line of a key in a TOML text, so that a message can name it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[([^\[\]]+)\]")
_ARRAY = re.compile(r"\s*\[\[([^\[\]]+)\]\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"-]+)\s*=")


def line_of(text: str, path: Sequence[object]) -> int | None:
    """The 1-based line where `path` (names and array indexes) is set, or its nearest parent."""
    wanted = [str(part) for part in path if part != "years"]
    while wanted:
        for number, here in _keys(text):
            if here == wanted:
                return number
        wanted.pop()
    return None


def _keys(text: str) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    table: list[str] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _ARRAY.match(line):
            name = match[1].strip()
            counts[name] = counts.get(name, -1) + 1
            table = [*_split(name), str(counts[name])]
            found.append((number, table))
        elif match := _TABLE.match(line):
            table = _split(match[1])
            found.append((number, table))
        elif match := _KEY.match(line):
            found.append((number, [*table, *_split(match[1])]))
    return found


def _split(name: str) -> list[str]:
    return [part.strip().strip('"') for part in name.split(".")]
