"""The sandbox's contracts: Vyper sources, and beside them what the compiler made of each.

`python -m syncer.demo.contracts` compiles them again (needs the development dependencies).
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

NAMES = ("Token", "WrappedCoin", "Pair")


def artifact(name: str) -> dict[str, Any]:
    """`abi` and `bytecode` of a contract."""
    text = files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
