"""A small share of `make soak`: an hour of the service in bad weather, at a high speed."""

from __future__ import annotations

import re

from tests.soaked import soaked


def test_no_job_is_late_and_the_books_are_those_of_a_calm_pull() -> None:
    said = soaked("hours", HOURS=1.2, SPEED=300, ROWS=40)
    found = re.search(r"1.2 hours at 300 times: (\d+) jobs begun", said)
    assert found
    assert int(found[1]) >= 20
