"""API keys: from a file, the environment or a systemd credential; never from the settings."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from config.accounts import Account
from config.errors import ConfigError

SHORTEST_TOKEN = 20  # characters


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


def web_token(file: str | None, folder: Path) -> str | None:
    """What asks for more than up or down must know: a file, the variable SYNCER_WEB_TOKEN or a
    systemd credential; None if there is none."""
    token = _secret("[web] token_file", file, folder, "web_token")
    if token is None:
        return None
    if len(token.strip()) < SHORTEST_TOKEN or not token.isascii():
        raise ConfigError(
            f"the token of [web] must be at least {SHORTEST_TOKEN} ASCII characters; make one "
            "with: openssl rand -hex 32"
        )
    return token.strip()


def database_password(file: str | None, folder: Path, needed: bool) -> str | None:
    """PostgreSQL's password, or the key of an encrypted file: a file, the variable
    SYNCER_DATABASE_PASSWORD or a systemd credential; None if there is none and none is needed."""
    told = _secret("[database] password_file", file, folder, "database_password") or ""
    told = told.rstrip("\r\n")
    if needed and len(told) < SHORTEST_TOKEN:
        raise ConfigError(
            f"[database] encrypted needs a key of at least {SHORTEST_TOKEN} characters in "
            "password_file; make one with: openssl rand -hex 32"
        )
    if "\0" in told or "\ufffd" in told:
        raise ConfigError(
            "the password of [database] holds what is no text; make one with: openssl rand -hex 32"
        )
    return told or None


def _secret(setting: str, file: str | None, folder: Path, name: str) -> str | None:
    """From a file, else the variable or the systemd credential of its name."""
    if file:
        return _read_private(setting, folder / file)
    if (told := os.environ.get(f"SYNCER_{name.upper()}")) is not None:
        return told
    found = _credential(name, f"key_{name}")
    return found[0] if found else None


def _find(account: Account, folder: Path) -> tuple[str, str]:
    variable = "SYNCER_KEY_" + account.name.upper().replace("-", "_").replace(".", "_")
    if account.key_file:
        text = _read_private(f"account {account.name}", folder / account.key_file)
        return text, account.key_file
    if variable in os.environ:
        return os.environ[variable], variable
    if found := _credential(f"{account.name}.json", f"key_{account.name}.json"):
        return found
    raise ConfigError(
        f"account {account.name} has no key; set key_file, the variable {variable} "
        f"or the systemd credential {account.name}.json"
    )


def _credential(*names: str) -> tuple[str, str] | None:
    """The first systemd credential there is, and what it is called; `key_` is before what
    LoadCredential=key:FOLDER makes of each file of a folder."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    for name in names:
        if folder and (path := Path(folder) / name).is_file():
            return path.read_text(encoding="utf-8", errors="replace"), f"credential {name}"
    return None


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
