"""`make soak`: a busy wallet pulled again and again through a bad node.

    RUNS=500 TRANSACTIONS=300 .venv/bin/python tests/soak/wallets.py

Between runs the wallet lives on; requests fail at random (429, 502, HTML, resets, half answers,
one lost item of a batch), logs are capped, the head lags. Exits 1 if at the end a transaction is
lost or doubled, or a balance is not proved.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from connectors.chains.rpc import Rpc
from connectors.chains.translate import ChainTranslator
from connectors.chains.wallet import Wallet
from connectors.retry import RetryPolicy
from syncer.clock import Clock
from syncer.ingest.pull import Again, PullResult, pull_source
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.chains.anvil import anvil
from tests.chains.busy import Busy
from tests.chains.proxy import Proxy
from tests.serving import serving

RUNS = int(os.environ.get("RUNS", "500"))
TRANSACTIONS = int(os.environ.get("TRANSACTIONS", "300"))


def source(url: str, address: str) -> Source:
    def open_(database: Database, clock: Clock) -> Wallet:
        with database.read() as connection:
            known = list(records.latest(connection, "w"))
        rpc = Rpc("ethereum", [url], RetryPolicy(attempts=2, base=0.001, limited=0.001))
        return Wallet("w", "w", [address], rpc, 1, 0, known)

    return Source("w", "w", open_, ChainTranslator("w", [address], "ethereum", 1), lambda r: False)


def main() -> None:
    chance = random.Random("wallet soak")
    with anvil(chain_id=1) as node, tempfile.TemporaryDirectory() as folder:
        busy = Busy(node, chance, contracts=20)
        busy.live(TRANSACTIONS)
        database = Database(f"sqlite:///{Path(folder) / 'x.db'}")
        migrate(database)
        proxy = Proxy(node.url, log_cap=50, chance=chance)
        failed, faulted, began = 0, 0, time.monotonic()
        with serving(proxy.app()) as url:
            wallet = source(url, busy.me)

            def pull() -> PullResult:
                now = datetime.now(UTC)
                return asyncio.run(
                    pull_source(database, wallet, lambda: now, Again(), lambda told: None)
                )

            for _ in range(RUNS):
                proxy.fault_rate, proxy.lag = chance.choice((0.02, 0.1, 0.3)), chance.randint(0, 3)
                before = proxy.faults
                failed += pull().sentence is not None
                faulted += proxy.faults > before
                busy.live(chance.randint(0, 4))
            proxy.fault_rate, proxy.lag = 0.0, 0
            last = pull()
        with database.read() as connection:
            found = [r.native_id for r in records.latest(connection, "w") if r.stream == "txs"]
        database.close()
    lost, doubled = busy.hashes - set(found), [h for h, n in Counter(found).items() if n > 1]
    gaps = last.proof.gaps if last.proof else None
    print(
        f"{RUNS} runs, {faulted} with faults ({proxy.faults}), {failed} failed; {len(busy.hashes)} "
        f"transactions: {len(lost)} lost, {len(doubled)} doubled, {gaps} gaps; "
        f"{time.monotonic() - began:.0f} s"
    )
    sys.exit(0 if (len(lost), len(doubled), gaps) == (0, 0, 0) else 1)


if __name__ == "__main__":
    main()
