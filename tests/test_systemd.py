"""The unit is valid and hardened, by systemd's own program where it exists."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "systemd" / "syncer.service"
pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with its program where this test environment has it."""
    program = Path(sys.executable).parent / "syncer"
    text = UNIT.read_text(encoding="utf-8").replace("/opt/syncer/venv/bin/syncer", str(program))
    made = tmp_path / "syncer.service"
    made.write_text(text, encoding="utf-8")
    return made


def test_unit_verifies_without_a_word(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_unit_is_hardened(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
