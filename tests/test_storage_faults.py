"""A small share of `make soak`: a full disk, failing writes and a held lock lose nothing."""

from __future__ import annotations

from tests.soaked import soaked


def test_faults_below_the_database_end_in_a_sentence_and_nothing_is_lost() -> None:
    (line,) = soaked("storage", POINTS=6, ROWS=60).splitlines()
    assert line.endswith("digest the same")
    assert "held_lock" in line or "no_growth" in line
