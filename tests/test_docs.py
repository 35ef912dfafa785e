"""The README and the example settings tell the truth."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import typer

from config.sections import PriceSourceName
from connectors.files.detect import names_of_formats
from syncer.cli import app
from syncer.reconcile.wording import REASONS, UNREPORTED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _commands() -> set[str]:
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_commands_in_the_readme_exist() -> None:
    used = set(re.findall(r"\bsyncer ([a-z]+)\b", README)) - {"venv", "systemd"}
    assert used <= _commands(), used - _commands()
    assert {"sync", "review", "harvest", "reconcile", "report", "identify"} <= used


def test_every_command_has_a_sentence_of_help() -> None:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        assert command.help, name


def test_every_format_and_price_source_is_in_the_readme() -> None:
    sources = typing.get_args(PriceSourceName)
    for name in (*names_of_formats(), *sources):
        assert f"`{name}`" in README, name


def test_every_reason_of_a_reconciliation_is_in_the_readme() -> None:
    for kind in (*REASONS, *(told[0] for told in UNREPORTED.values())):
        assert f"`{kind}`" in README, kind


def test_make_targets_in_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    used = set(re.findall(r"`?make ([a-z-]+)", text)) - {"an", "it", "git"}
    assert used <= targets, used - targets


def test_lock_pins_every_package_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pins = re.findall(r"^[a-z0-9_.-]+(\S*)", lock, re.MULTILINE)
    assert len(pins) > 60
    assert all(p.startswith("==") for p in pins)
