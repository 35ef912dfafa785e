"""The unit is valid and hardened, by systemd's own program where it exists."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "systemd"
UNIT = FOLDER / "syncer.service"
DROP_INS = [None, *sorted(p.name for p in FOLDER.glob("*.conf") if p.name != "sysusers.conf")]
pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine"
)


@pytest.fixture(params=DROP_INS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit, alone and with each drop-in, its program where this test environment has it."""
    program = str(Path(sys.executable).parent / "syncer")

    def placed(source: Path, target: Path) -> Path:
        text = source.read_text(encoding="utf-8")
        target.parent.mkdir(exist_ok=True)
        target.write_text(text.replace("/opt/syncer/venv/bin/syncer", program), encoding="utf-8")
        return target

    if request.param:
        placed(FOLDER / request.param, tmp_path / "syncer.service.d" / request.param)
    return placed(UNIT, tmp_path / "syncer.service")


def test_unit_verifies_without_a_word(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_unit_is_hardened(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
