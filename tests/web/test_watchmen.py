"""What others may ask the running service: up or down without the token, the rest with it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.sections import Web
from config.settings import Settings
from syncer.store.tables import JobRow
from syncer.web.health import overdue
from syncer.web.server import _listen
from tests.conftest import Run
from tests.managed import ACCOUNT, Manager, free_port

TOKEN = "marker-of-the-web-token-0123456789"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Site:
    """A running service, and how to ask it."""

    manager: Manager
    port: int
    folder: Path

    def get(self, path: str, token: str | None = None, host: str | None = None) -> Answer:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if host:
            headers["Host"] = host
        asked.request("GET", path, headers=headers)
        answer = asked.getresponse()
        found = Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        asked.close()
        return found


@contextmanager
def site(folder: Path, more: str = "", accounts: str = "") -> Iterator[Site]:
    (folder / "token").touch(mode=0o600)
    (folder / "token").write_text(TOKEN)
    port = free_port()
    web = f'[web]\nport = {port}\ntoken_file = "token"\n{more}'
    manager = Manager(folder, f"{web}[prices]\nsources = []\n{accounts}")
    try:
        manager.hears("READY=1")
        yield Site(manager, port, folder)
    finally:
        manager.close()


def test_up_for_everybody_and_more_with_the_token(tmp_path: Path) -> None:
    with site(tmp_path, accounts=ACCOUNT) as found:
        assert (found.get("/healthz").status, found.get("/healthz").text) == (200, "alive\n")
        assert json.loads(found.get("/readyz").text) == {"ready": True, "problems": []}
        for token in (None, "wrong", TOKEN[:-1], TOKEN + "x"):
            refused = found.get("/metrics", token)
            assert (refused.status, "syncer_" in refused.text) == (401, False)
        told = found.get("/metrics", TOKEN)
        assert told.status == 200
        names = set(re.findall(r"^(syncer_[a-z_]+)", told.text, re.MULTILINE))
        assert {"syncer_db_bytes", "syncer_job_failing", "syncer_notifications_total"} <= names
        assert found.manager.end()[0] == 0


def test_a_database_that_cannot_be_written_is_not_ready_and_the_reason_is_for_the_token(
    tmp_path: Path,
) -> None:
    with site(tmp_path) as found:
        with sqlite3.connect(tmp_path / "syncer.db") as other:
            other.executescript("DROP TABLE job")
        plain, whole = found.get("/readyz"), found.get("/readyz", TOKEN)
        assert (plain.status, whole.status) == (503, 503)
        assert json.loads(plain.text) == {"ready": False, "problems": []}
        assert "no such table: job" in json.loads(whole.text)["problems"][0]
        assert found.get("/metrics", TOKEN).status == 503
        assert found.get("/healthz").status == 200


def test_other_names_of_this_machine_are_refused_and_nothing_is_kept_by_a_browser(
    tmp_path: Path,
) -> None:
    with site(tmp_path, 'hosts = ["home.example"]\n') as found:
        for host, status in (
            ("evil.example", 400),
            (f"evil.example:{found.port}", 400),
            ("home.example", 200),
            (f"localhost:{found.port}", 200),
        ):
            assert found.get("/healthz", host=host).status == status
        answer = found.get("/healthz")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in answer.headers
        for path in ("/docs", "/openapi.json", "/..%2f..%2fetc/passwd", "/healthz/"):
            assert found.get(path).status in (404, 307), path


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('host = "0.0.0.0"\n', "can be reached from other machines"),
        ('host = "192.0.2.1"\nallow_remote = true\n', "cannot be had"),
        ('token_file = "short"\n', "at least 20 ASCII characters"),
        ('token_file = "open"\n', "can be read by others"),
        ('token_file = "none"\n', "cannot be read"),
    ],
)
def test_what_is_wrong_with_web_is_said_before_it_is_ready(
    tmp_path: Path, settings: str, why: str
) -> None:
    for name, mode in (("short", 0o600), ("open", 0o644)):
        (tmp_path / name).write_text("x" * (30 if name == "open" else 5))
        (tmp_path / name).chmod(mode)
    config = tmp_path / "syncer.toml"
    config.write_text(f"[web]\nport = {free_port()}\n{settings}", encoding="utf-8")
    command = [sys.executable, "-m", "syncer", "run", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 78
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_taken_port_is_said(tmp_path: Path, run: Run) -> None:
    with site(tmp_path) as found:
        other = tmp_path / "other"
        other.mkdir()
        (other / "syncer.toml").write_text(f"[web]\nport = {found.port}\n")
        done = run("run", config=other / "syncer.toml")
        assert done.code == 78
        assert f"port {found.port} cannot be had: Address already in use" in done.err


def test_a_job_is_overdue_after_three_of_its_intervals() -> None:
    def ran(name: str, minutes: int) -> JobRow:
        at = NOW - timedelta(minutes=minutes)
        return JobRow(name=name, started_at=at, succeeded_at=at)

    names = ["sync:a", "sync:b", "sync:c", "backup"]
    done = [ran("sync:a", 45), ran("sync:b", 46), ran("backup", 60 * 71)]
    early = NOW - timedelta(days=9)
    assert overdue(names, done, Settings(), early, NOW) == ["sync:b", "sync:c"]
    assert overdue(names, done, Settings(), NOW - timedelta(minutes=40), NOW) == []


def test_the_body_of_an_answer_does_not_wait_for_word_that_its_head_arrived() -> None:
    """Nagle's algorithm would hold each answer back for 40 ms."""
    with (
        _listen(Web(port=free_port())) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        answering, _ = listening.accept()
        with answering:
            assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
