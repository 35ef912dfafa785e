"""The service as a service manager starts it, and what that hears of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.secret_marks import nothing_secret

PLAIN = "[web]\nenabled = false\n[prices]\nsources = []\n"
ACCOUNT = """
[[account]]
name = "one"
kind = "exchange"
venue = "kraken"
key_file = "k.json"
api_url = "http://127.0.0.1:9"
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Manager:
    """What systemd hears of a service."""

    def __init__(
        self,
        folder: Path,
        settings: str,
        watchdog: float | None = None,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self.config = folder / "syncer.toml"
        self.config.write_text(settings, encoding="utf-8")
        key = folder / "k.json"
        key.write_text('{"apiKey": "a", "secret": "Yg=="}')
        key.chmod(0o600)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(20)
        env = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), **(also or {})}
        if watchdog:
            env["WATCHDOG_USEC"] = str(int(watchdog * 1_000_000))
        self.child = subprocess.Popen(
            [sys.executable, "-m", "syncer", "run", "--config", str(self.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )

    def hears(self, word: str) -> str:
        """The first message from now on with a word in it."""
        while True:
            told = self._socket.recv(4096).decode()
            if word in told:
                return told

    def drain(self) -> int:
        """How many signs of life waited to be heard."""
        found = 0
        self._socket.setblocking(False)
        try:
            while True:
                found += "WATCHDOG=1" in self._socket.recv(4096).decode()
        except BlockingIOError:
            self._socket.settimeout(20)
            return found

    def end(self) -> tuple[int, str]:
        self.child.send_signal(signal.SIGTERM)
        _, err = self.child.communicate(timeout=20)
        nothing_secret(err)
        return self.child.returncode, err

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()
        self._socket.close()
