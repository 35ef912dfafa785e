"""Blank forms made here, which stand for the official ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from config.official import Blank, OfficialForms, official_forms
from syncer.reports import year as year_papers
from tests.reports.blank_forms import blank_8949, blank_schedule_d


@pytest.fixture
def blanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the blank forms of 2024 and 2025."""
    folder = tmp_path / "blanks"
    folder.mkdir()
    made: dict[int, OfficialForms] = {}
    for year in (2024, 2025):
        forms = official_forms(year)
        assert forms
        first, second = blank_8949(forms.form_8949), blank_schedule_d(forms.schedule_d)
        (folder / f"f8949-{year}.pdf").write_bytes(first)
        (folder / f"f1040sd-{year}.pdf").write_bytes(second)
        made[year] = OfficialForms(
            replace(forms.form_8949, blank=_hashed(forms.form_8949.blank, first)),
            replace(forms.schedule_d, blank=_hashed(forms.schedule_d.blank, second)),
        )
    monkeypatch.setattr(year_papers, "official_forms", lambda year: made.get(year))
    return folder


def _hashed(blank: Blank, data: bytes) -> Blank:
    return replace(blank, sha256=hashlib.sha256(data).hexdigest())
