"""API keys: from a file, the environment or a systemd credential; never from the settings."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from config.accounts import Account
from config.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One venue's key; its parts never show in a repr or a traceback."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str | None = field(default=None, repr=False)


def api_key(account: Account, folder: Path) -> ApiKey:
    """The key of `account`; raises ConfigError if there is none or it cannot be read safely."""
    text, where = _find(account, folder)
    try:
        data = json.loads(text)
        if "privateKey" in data:  # the file that Coinbase gives out
            data = {"apiKey": data["name"], "secret": data["privateKey"]}
        key, secret = str(data["apiKey"]).strip(), str(data["secret"]).strip()
        if secret.startswith("-----BEGIN"):
            secret = secret.replace("\\n", "\n")  # as it looks in a file, pasted
        if not (key + secret).isascii():
            raise ValueError
        return ApiKey(key, secret, data.get("password"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            f"the key of account {account.name} in {where} must be JSON with "
            '"apiKey" and "secret", both plain ASCII'
        ) from None


def api_file_key(whose: str, file: str | None, folder: Path) -> str | None:
    """The key of an API, a file with nothing else in it; None without a file."""
    if file is None:
        return None
    text = _read_private(whose, folder / file).strip()
    if not text or not text.isascii() or len(text.split()) != 1:
        raise ConfigError(f"{file} must hold the key of {whose} and nothing else")
    return text


def _find(account: Account, folder: Path) -> tuple[str, str]:
    variable = "SYNCER_KEY_" + account.name.upper().replace("-", "_").replace(".", "_")
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if account.key_file:
        text = _read_private(f"account {account.name}", folder / account.key_file)
        return text, account.key_file
    if variable in os.environ:
        return os.environ[variable], variable
    if credentials and (path := Path(credentials) / f"{account.name}.json").is_file():
        return path.read_text(encoding="utf-8", errors="replace"), f"credential {path.name}"
    raise ConfigError(
        f"account {account.name} has no key; set key_file, the variable {variable} "
        f"or the systemd credential {account.name}.json"
    )


def _read_private(whose: str, path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(
                f"{path} can be read by others; make it private with: chmod 600 {path}"
            )
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"the key file of {whose} cannot be read: {path}: {error.strerror}"
        ) from None
