"""A year whose figures are not known yet: its rows are shown and compared, nothing is filed."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Run
from tests.reports.reporting import JOURNAL, take_in

ROWS = "2026-12-02T15:00:00Z,buy,k,USD,100,BTC,1,,\n2027-01-05T15:00:00Z,sell,k,BTC,1,USD,150,,\n"


def test_rows_are_shown_and_papers_are_refused(run: Run, config: Path) -> None:
    take_in(run, config, "j.csv", JOURNAL + ROWS)
    (row,) = run("disposals", "--year", "2027", "--json", config=config).json["disposals"]
    assert (row["gain_usd"], row["box"]) == ("50.00", "I")
    assert run("reconcile", "--year", "2027", "--json", config=config).code == 0
    for words in (("tax", "--year", "2027"), ("report", "--year", "2027", "--out", "papers")):
        done = run(*words, config=config)
        assert done.code == 2
        assert "no tax figures for 2027" in done.err
    assert not list(config.parent.glob("papers/*"))
