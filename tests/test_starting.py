"""What starting costs: a command loads what it needs, and no other's libraries."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import Run

HEAVY = ("apprise", "ccxt", "openpyxl", "pdfplumber", "pypdf", "reportlab", "web3")
LOADED = """
import sys
from contextlib import suppress
sys.argv = ["syncer", {command!r}, "--help"]
from syncer.cli import main
with suppress(SystemExit):
    main()
print(*(m for m in {heavy!r} if m in sys.modules), file=sys.stderr)
"""


def _loaded(command: str) -> list[str]:
    text = LOADED.format(command=command, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage" in done.stdout
    return done.stderr.split()


def test_a_command_that_prints_no_papers_loads_no_pdf() -> None:
    assert _loaded("status") == []


def test_a_command_that_prints_papers_does() -> None:
    assert "reportlab" in _loaded("report")


def test_a_mistyped_command_is_told_the_one_meant(run: Run) -> None:
    done = run("harvst")
    assert done.code == 2
    assert "Did you mean 'harvest'?" in done.err
