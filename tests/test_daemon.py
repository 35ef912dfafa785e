"""The service against the sandbox: a new fill, one alert, a clean end."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from syncer.demo.sandbox import Addresses, running
from syncer.demo.show import write_settings
from tests.conftest import Run
from tests.synced import NOW

INTERVAL = 5


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Addresses]:
    """A sandbox that this test may change."""
    with running(tmp_path / "sandbox") as addresses:
        yield addresses


@pytest.fixture
def service(tmp_path: Path, own_sandbox: Addresses) -> Iterator[subprocess.Popen[str]]:
    config = write_settings(tmp_path, own_sandbox)
    text = config.read_text(encoding="utf-8") + "\n[web]\nenabled = false\n[schedule]\n"
    text += f'sync = "{INTERVAL}s"\nharvest = "1s"\nprices = "30s"\n'
    # readings of a second lie minutes apart in truth: a fill between the walk and the balances is a
    # difference until the pull has looked once more
    text = text.replace("confirm_readings = 1\n", "confirm_readings = 5\n")
    config.write_text(text, encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-m", "syncer", "run", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SYNCER_NOW": NOW},
    )
    yield child
    if child.poll() is None:
        child.kill()
    child.communicate()


def _until(what: Callable[[], Any], seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


TOLD = [
    "[harvest:kraken:BTC:2026#1]",
    "[harvest:kraken:ETH:2026#1]",
    "[harvest:wallet:ETH:2026#1]",
    "[long_term:kraken:BTC:LOT:2026-11-25#1]",
    "[long_term:kraken:BTC:LOT:2026-12-02#1]",
    "[year_end:2026:61#1]",
]


def _query(folder: Path, sql: str) -> list[Any]:
    try:
        with sqlite3.connect(f"file:{folder / 'syncer.db'}?mode=ro", uri=True) as database:
            return database.execute(sql).fetchall()
    except sqlite3.OperationalError:
        return []


def _received(addresses: Addresses) -> list[dict[str, Any]]:
    with urlopen(f"{addresses.webhook}/alerts") as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def test_new_fill_one_alert_and_a_clean_end(
    tmp_path: Path, own_sandbox: Addresses, service: subprocess.Popen[str]
) -> None:
    whole = "SELECT 1 FROM reported_balance WHERE account = 'kraken' AND asset = 'BTC'"
    _until(lambda: _query(tmp_path, whole), 30)
    _until(lambda: len(_received(own_sandbox)) == len(TOLD), 30)

    order = json.dumps({"pair": "XXBTZUSD", "side": "buy", "volume": "0.0100000000"}).encode()
    asked = Request(f"{own_sandbox.webhook}/trade", order, {"Content-Type": "application/json"})
    trade = json.load(urlopen(asked))["trade"]
    # one interval, and what one pull and its derivation take
    bought = f"SELECT 1 FROM entry WHERE group_key = '{trade}' AND asset = 'BTC'"
    _until(lambda: _query(tmp_path, bought), INTERVAL + 5)

    harvests = "SELECT succeeded_at FROM job WHERE name = 'harvest'"
    _until(lambda: _query(tmp_path, harvests), 10)
    time.sleep(2.5)  # two more readings of the same dip
    titles = sorted(m["message"].splitlines()[-1] for m in _received(own_sandbox))
    assert [re.sub(r":l[0-9a-f]{18}:", ":LOT:", t) for t in titles] == TOLD

    service.send_signal(signal.SIGTERM)
    started = time.monotonic()
    out, err = service.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert (service.returncode, out, err) == (0, "", "")
    assert _query(tmp_path, "PRAGMA integrity_check") == [("ok",)]


def test_second_service_on_the_same_database_is_refused(
    tmp_path: Path, service: subprocess.Popen[str]
) -> None:
    _until(lambda: _query(tmp_path, "SELECT 1 FROM job"), 20)
    second = subprocess.run(
        [sys.executable, "-m", "syncer", "run", "--config", str(tmp_path / "syncer.toml")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert second.returncode == 1
    assert "a service runs on" in second.stderr


@pytest.mark.files_of_sqlite("the service writes a file")
def test_stopped_in_the_middle_of_a_pull_ends_in_time_and_goes_on_later(
    tmp_path: Path, own_sandbox: Addresses, run: Run, at_story_end: None
) -> None:
    config = write_settings(tmp_path, own_sandbox)
    text = config.read_text(encoding="utf-8")
    text += "\n[web]\nenabled = false\n"
    # slow enough that the pull outlives the drain
    config.write_text(text.replace("rate_limit_ms = 5", "rate_limit_ms = 300", 1), encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-m", "syncer", "run", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SYNCER_NOW": NOW},
    )
    _until(lambda: _query(tmp_path, "SELECT 1 FROM raw_record WHERE source = 'kraken'"), 30)
    child.send_signal(signal.SIGTERM)
    started = time.monotonic()
    out, err = child.communicate(timeout=15)
    assert time.monotonic() - started < 5
    assert (child.returncode, out, err) == (0, "", "")
    config.write_text(text, encoding="utf-8")
    assert run("sync", config=config).code == 0
    assert _query(tmp_path, "SELECT count(*) FROM raw_record WHERE source = 'kraken'") == [(487,)]
