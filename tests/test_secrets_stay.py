"""A key that was planted is nowhere but in its own file: not in the database, backups, papers,
bundles, metrics, logs, or in what the machine shows of the process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from syncer.demo.sandbox import API_KEY, API_SECRET, Addresses
from syncer.demo.show import write_settings
from tests.conftest import Run
from tests.managed import free_port
from tests.secret_marks import MARK, files_with_secrets, nothing_secret
from tests.synced import NOW

KEYS = frozenset(("kraken.json",))
TOKEN = f"{MARK}-of-the-web-page"
CHANNEL = f"{MARK}-of-a-channel"
NODE = f"{MARK}-of-a-node"


@pytest.fixture
def home(tmp_path: Path, sandbox: Addresses) -> Path:
    """The story's settings, with secrets in every place that may hold one."""
    config = write_settings(tmp_path, sandbox)
    text = config.read_text(encoding="utf-8")
    text = text.replace("/alerts", f"/alerts/{CHANNEL}")
    text = text.replace(f'rpc = ["{sandbox.chain}"]', f'rpc = ["{sandbox.chain}/?key={NODE}"]')
    text += f'\n[web]\nport = {free_port()}\ntoken_file = "web_token"\n'
    text += '[schedule]\nsync = "5s"\nharvest = "1s"\nbackup = "1s"\n'
    config.write_text(text, encoding="utf-8")
    token = tmp_path / "web_token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    return config


def test_what_the_service_leaves_and_shows_has_no_key(home: Path) -> None:
    """With all that it logs, and a channel that refuses."""
    log = home.parent / "log.txt"
    command = [sys.executable, "-m", "syncer", "run", "--config", str(home)]
    with log.open("wb") as out:
        child = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            env={**os.environ, "SYNCER_NOW": NOW, "SYNCER_LOG": "DEBUG"},
        )
    port = int(home.read_text().split("port = ")[1].split()[0])
    try:
        _until_backed_up(home.parent)
        asked = Request(
            f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urlopen(asked, timeout=10) as answer:
            nothing_secret(answer.read().decode())
        for shown in ("cmdline", "environ"):
            nothing_secret(Path(f"/proc/{child.pid}/{shown}").read_bytes().decode())
    finally:
        child.terminate()
        child.wait(timeout=20)
    assert files_with_secrets(home.parent, KEYS | {"web_token", "syncer.toml"}) == []
    assert log.stat().st_size > 0


def _until_backed_up(folder: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = list(folder.glob("backups/syncer-*.db"))
        told = (folder / "log.txt").read_text(errors="replace")
        if found and "harvest:" in told:
            return
        time.sleep(0.2)
    raise AssertionError("no backup, or no channel that refused")


@pytest.mark.files_of_sqlite("files are looked through")
def test_what_the_commands_leave_has_no_key(
    synced: Path, tmp_path: Path, run: Run, at_story_end: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Papers, audit bundle, backup and the bundle for a bug report, unpacked."""
    shutil.copytree(synced.parent, tmp_path / "home")
    config = tmp_path / "home" / synced.name
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.chdir(out)
    for command in (
        ("report", "--year", "2025", "--out", str(out / "papers"), "--without-forms"),
        ("backup", "--out", str(out / "backups")),
        ("doctor", "--bundle"),
        ("status", "--json"),
        ("review", "export"),
    ):
        run(*command, config=config)
    for packed in list(out.rglob("*.zip")):
        with zipfile.ZipFile(packed) as bundle:
            bundle.extractall(packed.with_suffix(""))
    assert len(list(out.rglob("*.zip"))) == 2
    assert len(list(out.rglob("*"))) > 15
    assert files_with_secrets(out) == []


@pytest.mark.files_of_sqlite("files are looked through")
def test_a_venue_that_repeats_what_it_was_sent_is_not_believed(
    tmp_path: Path, sandbox: Addresses, run: Run, at_story_end: None
) -> None:
    """Its error holds our key: neither the sentence nor the stored run may."""
    from aiohttp import web

    from tests.serving import serving

    async def echo(request: web.Request) -> web.Response:
        told = f"EAPI:Invalid key {API_KEY} {API_SECRET} {request.headers.get('API-Sign')}"
        return web.json_response({"error": [told]})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    with serving(app) as url:
        config = write_settings(tmp_path, sandbox)
        text = config.read_text(encoding="utf-8").replace(sandbox.exchange, url)
        config.write_text(text, encoding="utf-8")
        for command in (("sync",), ("check",), ("status",), ("doctor",)):
            run(*command, config=config)
    assert files_with_secrets(tmp_path, KEYS) == []
