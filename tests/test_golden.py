"""Every worked example in `tests/golden/`, by the way a person would go: import, then look."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import GOLDEN, Run

CASES = sorted(p.parent.name for p in GOLDEN.glob("*/expected.json") if p.parent.name != "demo")


def _matches(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Each expected row is a different actual row, and there are no others."""
    left = list(rows)
    for want in expected:
        fitting = [r for r in left if all(r[k] == v for k, v in want.items())]
        assert fitting, f"no row like {want} among {json.dumps(left, indent=1)}"
        left.remove(fitting[0])
    assert left == []


def _column(path: Path, key: str, value: str) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


def _prepare(case: Path, run: Run, config: Path) -> None:
    """Its settings, files, standing orders and commands, in this order."""
    settings = case / "settings.toml"
    if settings.exists():
        config.write_text(settings.read_text() + config.read_text(), encoding="utf-8")
    imports = case / "imports.json"
    for words in json.loads(imports.read_text()) if imports.exists() else [["@/journal.csv"]]:
        imported = run("import", *(w.replace("@", str(case), 1) for w in words), config=config)
        assert (imported.code, imported.err) == (0, "")
    orders = case / "orders.json"
    for order in json.loads(orders.read_text()) if orders.exists() else []:
        made = run(
            *("identify", "--rule", order["rule"], "--account", order["account"]),
            *("--effective", order["effective"], "--attested", "the worked example's books"),
            config=config,
        )
        assert made.code == 0, made.err
    commands = case / "commands.json"
    for command in json.loads(commands.read_text()) if commands.exists() else []:
        done = run(
            *(c.replace("@", str(case), 1) if c[:2] == "@/" else c for c in command), config=config
        )
        assert (done.code, done.err) == (0, ""), done.out


def _check_figures(expected: dict[str, Any], run: Run, config: Path) -> None:
    for year, rows in expected.get("disposals", {}).items():
        found = run("disposals", "--year", year, "--json", config=config).json["disposals"]
        _matches(found, rows)
    for year, rows in expected.get("income", {}).items():
        _matches(run("income", "--year", year, "--json", config=config).json["income"], rows)
    for year, figures in expected.get("tax", {}).items():
        found = run("tax", "--year", year, "--json", config=config).json["tax"]
        assert {k: found[k] for k in figures} == figures
    for year, sums in expected.get("sums", {}).items():
        found = run("disposals", "--year", year, "--json", config=config).json["disposals"]
        assert {k: str(sum(Decimal(r[k]) for r in found)) for k in sums} == sums


def _check_papers(expected: dict[str, Any], run: Run, config: Path, out: Path) -> None:
    for year, lines in expected.get("schedule_d", {}).items():
        run("report", "--year", year, "--out", str(out), config=config)
        found = _column(out / f"schedule-d-{year}.csv", "line", "gain")
        assert {k: found[k] for k in lines} == lines
    for year, rows in expected.get("form_8949", {}).items():
        run("report", "--year", year, "--out", str(out), config=config)
        with (out / f"form-8949-{year}.csv").open(encoding="utf-8") as file:
            _matches(list(csv.DictReader(file)), rows)


def _check_forms(expected: dict[str, Any], run: Run, config: Path) -> None:
    for year, parts in expected.get("reconcile", {}).items():
        found = run("reconcile", "--year", year, "--json", config=config).json["reconcile"]
        for part, rows in parts.items():
            _matches(found[part], rows)
    for year, rows in expected.get("expected_1099da", {}).items():
        found = run("reconcile", "--year", year, "--expected", "--json", config=config).json
        _matches(found["reconcile"]["expected"], rows)


def _check_present(expected: dict[str, Any], run: Run, config: Path) -> None:
    """What is open now: harvest, review, lots."""
    if "harvest" in expected:
        prices = [x for p in expected["harvest"]["prices"] for x in ("--price", p)]
        found = run("harvest", *prices, "--json", config=config).json
        _matches(found["harvest"], expected["harvest"]["rows"])
        _matches(found["if_identified"], expected["harvest"].get("if_identified", []))
        for when in ("before", "after"):
            figures = expected["harvest"].get(when, {})
            assert {k: found[when][k] for k in figures} == figures, when
    if "review" in expected:
        _matches(run("review", "--json", config=config).json["review"], expected["review"])
    if "lots" in expected:
        _matches(run("lots", "--json", config=config).json["lots"], expected["lots"])


@pytest.mark.parametrize("name", CASES)
def test_worked_example_comes_out_to_the_cent(
    name: str, run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = GOLDEN / name
    expected = json.loads((case / "expected.json").read_text())
    _prepare(case, run, config)
    if "now" in expected:
        monkeypatch.setenv("SYNCER_NOW", expected["now"])
    _check_figures(expected, run, config)
    _check_papers(expected, run, config, tmp_path / "papers")
    _check_forms(expected, run, config)
    _check_present(expected, run, config)


def test_every_worked_example_names_its_source() -> None:
    assert len(CASES) >= 25
    for name in CASES:
        assert "Source: " in (GOLDEN / name / "README.md").read_text(encoding="utf-8")
