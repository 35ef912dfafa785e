"""A small share of `make soak`: the service is killed again and again, and nothing is lost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent / "soak" / "service.py"


def test_killed_service_loses_nothing_and_tells_each_alert() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "KILLS": "3", "ROWS": "60"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"3 kills: digest the same; (\d+) alerts, each delivered", done.stdout)
    assert told
    assert int(told[1]) > 5
