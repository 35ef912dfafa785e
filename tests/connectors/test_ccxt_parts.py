"""One venue of ccxt at a time is the same as all of ccxt, and no other is loaded."""

from __future__ import annotations

import json
import subprocess
import sys

ALONE = """
import json, sys
from connectors.exchanges.ccxt_parts import errors, exchange_class
kraken = exchange_class("kraken")
loaded = sorted(n for n in sys.modules if n.startswith("ccxt.async_support.") and n.count(".") == 2)
import ccxt, ccxt.async_support as a
told = {"loaded": loaded, "name": kraken().id, "same": a.kraken is kraken,
        "error": issubclass(errors().RateLimitExceeded, ccxt.BaseError),
        "none": [exchange_class(n) for n in ("nothing", "base", "../kraken", "")],
        "all": sorted(n for n in json.loads(sys.argv[1]) if exchange_class(n) is None)}
print(json.dumps(told))
"""
WHOLE = "import ccxt.async_support as a, json; print(json.dumps(a.exchanges))"


def _said(code: str, *words: str) -> object:
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_venue_comes_alone_and_each_that_ccxt_lists_can() -> None:
    listed = _said(WHOLE)
    assert isinstance(listed, list)
    assert len(listed) > 90
    assert _said(ALONE, json.dumps(listed)) == {
        "loaded": ["ccxt.async_support.base", "ccxt.async_support.kraken"],
        "name": "kraken",
        "same": True,
        "error": True,
        "none": [None, None, None, None],
        "all": [],
    }


def test_loading_web3_leaves_the_limit_of_recursion() -> None:
    """Beyond it a PDF that names itself ended the process instead of being refused."""
    code = "import sys; from connectors.chains.rpc import load_web3; load_web3(); "
    assert _said(f"{code}print(sys.getrecursionlimit())") == 1_000
