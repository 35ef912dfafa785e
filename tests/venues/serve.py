"""A local venue as a process of its own: `python -m tests.venues.serve NAME SEED ROWS [SECONDS]`
prints its address and its clock as one line of JSON and serves until its standard input closes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving import serving
from tests.venues.known import LOCAL
from tests.venues.life import DAY_MS


def main(name: str, seed: str, rows: str, latency: str = "0") -> None:
    local = LOCAL[name](random.Random(seed))
    local.latency = float(latency)
    local.live(int(rows), 390 * DAY_MS)
    with serving(local.app()) as url:
        told = {"url": url, "now": local.now, "rows": len(local.rows())}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


@contextmanager
def served(name: str, seed: str, rows: int, latency: float = 0) -> Iterator[dict[str, Any]]:
    """What the process said, while it serves; each answer takes `latency` seconds more."""
    command = [sys.executable, "-m", "tests.venues.serve", name, seed, str(rows), str(latency)]
    folder = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin
        assert child.stdout
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.stdin.close()
            child.wait(timeout=20)


if __name__ == "__main__":
    main(*sys.argv[1:])
