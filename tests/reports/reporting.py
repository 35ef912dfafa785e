"""Settings, files and papers of a small year, by the command line."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from tests.conftest import Run

SETTINGS = """
[taxpayer]
time_zone = "America/New_York"
[[account]]
name = "b"
kind = "manual"
broker = "Broker"
broker_account = "1"
"""
JOURNAL = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity,fee_asset,fee_quantity\n"
FORM = (
    "broker,account,tax_year,line,digital_asset_name,units,date_acquired,date_sold,proceeds,basis,"
    "basis_reported,term,noncovered\n"
)


def settle(config: Path, more: str = "", taxpayer: str = "") -> None:
    """Write the settings."""
    text = SETTINGS.replace("[taxpayer]\n", f"[taxpayer]\n{taxpayer}")
    config.write_text(config.read_text() + more + text)


def take_in(run: Run, config: Path, name: str, text: str) -> None:
    path = config.parent / name
    path.write_text(text)
    done = run("import", str(path), config=config)
    assert done.code == 0, done.err


def report(run: Run, config: Path, year: int, *words: str) -> tuple[Path, list[str]]:
    """The folder, and all that is to be known."""
    out = config.parent / f"out-{year}"
    done = run("report", "--year", str(year), "--out", str(out), "--json", *words, config=config)
    assert done.code == 0, done.err
    told = done.json["report"]
    return out, told["warnings"] + told["notes"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(printed: str) -> Decimal:
    """What a form prints."""
    text = printed.replace(",", "")
    return -Decimal(text.strip("()")) if text.startswith("(") else Decimal(text or 0)
