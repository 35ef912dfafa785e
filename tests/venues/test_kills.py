"""A small share of `make soak`: a first load that is killed ends as an undisturbed one ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "soak" / "kills.py"


def test_killed_at_random_instants_ends_with_the_same_digest() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "KILLS": "4", "ROWS": "300"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    for line in lines:
        assert "killed 4 times" in line
        assert line.endswith("digest the same")
