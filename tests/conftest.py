"""Fixtures that many rooms share. No test reaches outside this machine."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncer import cli
from syncer.collector import spare_what_stands
from syncer.demo.sandbox import Addresses, running
from syncer.demo.show import write_settings
from tests.databases import EVERYWHERE, POSTGRESQL, SQLITE, Server, instead_of_files, serving
from tests.secret_marks import nothing_secret
from tests.synced import NOW, copy_of, pulled_once

GOLDEN = Path(__file__).parent / "golden"
_LOCAL = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine is a failure."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SYNCER_CONFIG", "SYNCER_NOW", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def pytest_collection_finish() -> None:
    """What is loaded stays: the collector need not look through it again in each test."""
    spare_what_stands()


# ---- engines


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked so runs on each engine."""
    marked = metafunc.definition.get_closest_marker
    if marked("both_engines") and not marked("files_of_sqlite"):
        engines = [SQLITE, POSTGRESQL] if EVERYWHERE == SQLITE else [EVERYWHERE]
        metafunc.parametrize("engine", engines, indirect=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """PostgreSQL, started for the first test that needs it."""
    with serving(tmp_path_factory.mktemp("postgresql")) as started:
        yield started


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The engine behind every file of books that a test opens in this process."""
    of_files = request.node.get_closest_marker("files_of_sqlite")
    name = SQLITE if of_files else getattr(request, "param", EVERYWHERE)
    if name == SQLITE:
        yield name
        return
    with instead_of_files(request.getfixturevalue("server"), monkeypatch):
        yield name


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run a command as a person does: `run("lots", "--json", config=path)`."""

    def _run(*arguments: str, config: Path | None = None) -> Outcome:
        capsys.readouterr()
        extra = ["--config", str(config)] if config else []
        monkeypatch.setattr(sys, "argv", ["syncer", *arguments, *extra])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        nothing_secret(captured.out, captured.err, caplog.text)
        return Outcome(code, captured.out, captured.err)

    return _run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An empty settings file without price sources: nothing is asked from outside."""
    path = tmp_path / "syncer.toml"
    path.write_text("[prices]\nsources = []\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """The sandbox as a child process, shared by the tests that only read from it."""
    with running(tmp_path_factory.mktemp("sandbox")) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def synced(sandbox: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a database that holds the whole story; tests only read from it."""
    several = "PYTEST_XDIST_WORKER" in os.environ
    here = tmp_path_factory.getbasetemp()
    books = pulled_once(here.parent if several else here, sandbox)
    config = write_settings(tmp_path_factory.mktemp("synced"), sandbox)
    copy_of(books, config.parent / "syncer.db")
    return config


@pytest.fixture
def at_story_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands see the time of the story's end."""
    monkeypatch.setenv("SYNCER_NOW", NOW)
