"""A small share of `make soak`: spoiled files and spoiled answers are read or refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.exchanges.venues import VENUES
from connectors.records import RawRecord
from tests.soaked import soaked


@pytest.mark.parametrize("target", ["files", "forms", "kraken"])
def test_spoiled_input_is_read_or_refused(target: str, tmp_path: Path) -> None:
    said = soaked("fuzz", cwd=tmp_path, INPUTS=150, TARGETS=target, ROWS=60)
    assert re.match(rf"{target}: 150 inputs: .*read", said)


def test_an_odd_reference_takes_no_other_row_with_it() -> None:
    """Found so: one ledger row whose refid was a list made all of Kraken's unreadable."""
    rows = (
        '{"refid": ["a"], "type": "deposit", "time": "1", "amount": "1", "fee": "0", "asset": "X"}',
        '{"refid": "b", "type": "deposit", "time": "1", "amount": "2", "fee": "0", "asset": "SOL"}',
    )
    found = VENUES["kraken"].translate(
        [RawRecord("x", "ledgers", str(n), None, row) for n, row in enumerate(rows)]
    )
    assert [(e.asset, str(e.quantity)) for e in found.entries] == [("SOL", "2")]
    assert [p.native_id for p in found.problems] == ["0"]
