"""Compiles the Vyper sources beside this file into `NAME.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from syncer.demo.contracts import NAMES

HERE = Path(__file__).parent


def compiled(name: str) -> dict[str, Any]:
    """What the compiler makes of a source: `abi` and `bytecode`."""
    from vyper.compiler import compile_code

    source = (HERE / f"{name}.vy").read_text(encoding="utf-8")
    out = compile_code(source, output_formats=["abi", "bytecode"])
    return {"abi": out["abi"], "bytecode": out["bytecode"]}


if __name__ == "__main__":
    for contract in NAMES:
        text = json.dumps(compiled(contract), indent=1, sort_keys=True) + "\n"
        (HERE / f"{contract}.json").write_text(text, encoding="utf-8")
