"""A small share of `make soak`: a full disk, failing writes and a held lock lose nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent / "soak" / "storage.py"


def test_faults_below_the_database_end_in_a_sentence_and_nothing_is_lost() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "POINTS": "6", "ROWS": "60"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = done.stdout.splitlines()
    assert line.endswith("digest the same")
    assert "held_lock" in line or "no_growth" in line
