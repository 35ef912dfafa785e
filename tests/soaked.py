"""Runs a small share of a soak, as `make soak` runs the whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def soaked(name: str, cwd: Path | None = None, **share: object) -> str:
    """What the script said; it must have ended well."""
    script = Path(__file__).parent / "soak" / f"{name}.py"
    env = {**os.environ, **{k: str(v) for k, v in share.items()}}
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=env, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
