"""A small share of `make soak`: the service is killed again and again, and nothing is lost."""

from __future__ import annotations

import re

from tests.soaked import soaked


def test_killed_service_loses_nothing_and_tells_each_alert() -> None:
    said = soaked("service", KILLS=3, ROWS=60)
    told = re.search(r"3 kills: digest the same; (\d+) alerts, each delivered", said)
    assert told
    assert int(told[1]) > 5
