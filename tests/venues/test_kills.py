"""A small share of `make soak`: a first load that is killed ends as an undisturbed one ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.venues.known import LOCAL

SCRIPT = Path(__file__).parents[1] / "soak" / "kills.py"


@pytest.mark.parametrize("name", sorted(LOCAL))
def test_killed_at_random_instants_ends_with_the_same_digest(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "KILLS": "3", "ROWS": "240", "VENUES": name},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{name}: killed 3 times")
    assert line.endswith("digest the same")
