"""`syncer demo` as a person runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from syncer.demo.contracts import NAMES, artifact
from syncer.demo.contracts.__main__ import compiled


def test_demo_walks_through_the_product_and_finds_its_chain_again(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "syncer", "demo", "--folder", str(folder)]
    first = subprocess.run(command, capture_output=True, text=True, timeout=170)
    assert first.returncode == 0, first.stderr
    out = re.sub(r"\s+", " ", first.stdout)
    for told in (
        "kraken: 487 records",
        "wallet@demo: 16 records",
        "same_transaction_hash",
        "net: $4889.44",
        "746.68",
        "[wrong] missing_in_ledger: line 4: 0.25 ETH sold 2025-08-04",
        "[check] missing_on_form: 0.02 BTC",
        "[harvest:kraken:BTC:2026#1]",
        "form-8949-2025.csv",
        "kraken: 0 new records",
        "wallet@demo: 0 new records",
    ):
        assert told in out, told
    chain = (folder / "chain.json").read_bytes()
    second = subprocess.run(command, capture_output=True, text=True, timeout=170)
    assert second.returncode == 0, second.stderr
    assert (folder / "chain.json").read_bytes() == chain


def test_shipped_contracts_are_what_their_sources_compile_to() -> None:
    for name in NAMES:
        assert artifact(name) == compiled(name)
