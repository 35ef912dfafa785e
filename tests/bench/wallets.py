"""`make bench`: a wallet of 5,000 transactions over 100 contracts, from anvil to stored events.

    TRANSACTIONS=5000 BLOCKS=20000 .venv/bin/python tests/bench/wallets.py

Printed: seconds from the first request to stored events, requests of the first load, of a quiet run
and of one with one new transaction; state reads of the bisection against 1.5 x 2k(1 + log2(N/k))
for N blocks of which k changed. Exits 1 if a transaction is missing or a balance differs.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.accounts import Account
from config.sections import Chain, Prices
from config.settings import Settings
from syncer.pipeline import Pipeline
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.chains.anvil import ETHER, anvil
from tests.chains.busy import Busy
from tests.chains.proxy import Proxy
from tests.serving import serving

TRANSACTIONS = int(os.environ.get("TRANSACTIONS", "5000"))
BLOCKS = int(os.environ.get("BLOCKS", "20000"))
STATES = ("eth_getBalance", "eth_getTransactionCount")


def pipeline(folder: Path, url: str, address: str) -> Pipeline:
    account = Account(name="w", kind="wallet", addresses=(address,), chains=("ethereum",))
    chain = Chain(chain_id=1, rpc=(url,), confirmations=0)
    settings = Settings(account=(account,), chains={"ethereum": chain}, prices=Prices(sources=()))
    database = Database(f"sqlite:///{folder / 'x.db'}")
    migrate(database)
    return Pipeline(settings, database, lambda: datetime.now(UTC))


def run(books: Pipeline, proxy: Proxy) -> tuple[int, int, float]:
    """New records, requests and seconds of a scheduled run, events stored."""
    proxy.forget()
    began = time.perf_counter()
    (result,) = asyncio.run(books.pull())
    asyncio.run(books.derive())
    assert result.sentence is None, result.sentence
    assert result.proof is not None
    assert result.proof.gaps == 0, result.proof
    return result.new_records, proxy.requests, time.perf_counter() - began


def main() -> None:
    with anvil(chain_id=1) as node, tempfile.TemporaryDirectory() as folder:
        busy = Busy(node, random.Random("busy"))
        began = time.perf_counter()
        busy.live(TRANSACTIONS)
        while node.head < BLOCKS:
            node.mine(min(500, BLOCKS - node.head))
        print(f"made in {time.perf_counter() - began:.0f} s: {node.head} blocks", flush=True)
        proxy = Proxy(node.url)
        with serving(proxy.app()) as url:
            books = pipeline(Path(folder), url, busy.me)
            new, requests, seconds = run(books, proxy)
            reads = sum(proxy.items.get(m, 0) for m in STATES)
            print(f"first load: {new} records, {requests} requests, {seconds:.1f} s (wanted 60)")
            with books.database.read() as connection:
                stored = list(records.latest(connection))
            found = {r.native_id for r in stored if r.stream == "txs"}
            changed = sum(1 for r in stored if r.stream == "blocks")
            bound = 1.5 * 2 * changed * (1 + math.log2(max(node.head / changed, 1)))
            print(
                f"missed {len(busy.hashes - found)} of {len(busy.hashes)} transactions; state "
                f"reads {reads} for {changed} changed of {node.head} blocks (wanted {bound:.0f})"
            )
            node.mine(50)
            run(books, proxy)
            node.mine(10)
            print("quiet run: {} records, {} requests, {:.2f} s".format(*run(books, proxy)))
            node.send(node.accounts[1], busy.me, ETHER)
            print("one new: {} records, {} requests, {:.2f} s".format(*run(books, proxy)))
            books.database.close()
        sys.exit(1 if busy.hashes - found or reads > bound else 0)


if __name__ == "__main__":
    main()
