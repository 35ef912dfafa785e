"""The typed schema of `syncer.toml`: everything optional, nothing unknown accepted.

Secrets are never in it: see `config.secrets`. Any value can also come from the environment as
`SYNCER_<SECTION>__<KEY>`, which wins over the file.
"""

from __future__ import annotations

import os
import tomllib
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from config import bitcoin, token_list
from config.accounts import EVM_ADDRESS, Account
from config.edits import Edits, merged
from config.errors import ConfigError
from config.sections import (
    Alerts,
    Bitcoin,
    Chain,
    Database,
    Harvest,
    Lots,
    Prices,
    Report,
    Schedule,
    Taxpayer,
    Tokens,
    Treatment,
    WashSale,
    Web,
)
from config.token_list import TokenList
from config.toml_lines import line_of

NO_EDITS: Edits = {}


class Settings(BaseSettings):
    """All of `syncer.toml`."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="SYNCER_", env_nested_delimiter="__"
    )

    database: Database = Database()
    taxpayer: Taxpayer = Taxpayer()
    lots: Lots = Lots()
    treatment: Treatment = Treatment()
    wash_sale: WashSale = WashSale()
    harvest: Harvest = Harvest()
    alerts: Alerts = Alerts()
    schedule: Schedule = Schedule()
    prices: Prices = Prices()
    report: Report = Report()
    web: Web = Web()
    tokens: Tokens = Tokens()
    chains: dict[str, Chain] = Field(default_factory=dict)
    bitcoin: Bitcoin = Bitcoin()
    account: tuple[Account, ...] = ()

    _folder: Path = PrivateAttr(default_factory=Path)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(init_settings, InitSettingsSource)
        return env_settings, init_settings

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [a.name for a in self.account]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two accounts are named {name}; give each its own name")
        keys = [a.key_file for a in self.account if a.kind == "exchange" and a.key_file]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"two accounts share the key {key}; make a key for each of them")
        for account in self.account:
            if bitcoin.NAME in account.chains and not self.bitcoin.esplora_url:
                raise ValueError(
                    f"account {account.name} is on Bitcoin, but [bitcoin] has no esplora_url; to "
                    'keep it unread list its addresses in an account of kind = "manual"'
                )
            for chain in account.evm_chains:
                if chain not in self.chains:
                    raise ValueError(
                        f"account {account.name} uses chain {chain}, "
                        f"but there is no [chains.{chain}] with its chain_id and rpc"
                    )
        owned: dict[str, str] = {}
        for account in self.account:
            keyed = bitcoin.NAME in account.chains
            for address in account.addresses:
                plain = address.lower() if EVM_ADDRESS.fullmatch(address) else address
                plain = bitcoin.identity(plain) if keyed else plain
                if owned.setdefault(plain, account.name) != account.name:
                    raise ValueError(f"two accounts name the address {bitcoin.shown(address)}")
            if keyed and len(set(map(bitcoin.identity, account.addresses))) < len(
                account.addresses
            ):
                raise ValueError(f"account {account.name} names an address or key twice")
        return self

    @property
    def folder(self) -> Path:
        """Where relative paths start: beside the settings file."""
        return self._folder

    @cached_property
    def token_list(self) -> TokenList:
        """Raises ConfigError if it cannot be read."""
        return (
            token_list.read(self.folder / self.tokens.list_) if self.tokens.list_ else TokenList()
        )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.taxpayer.time_zone)

    @property
    def forms_dir(self) -> Path | None:
        """Where the blank official forms are, if the person says."""
        told = self.report.forms_dir
        return self.folder / told if told else None

    @property
    def database_url(self) -> str:
        """`[database] url`, else `syncer.db` in systemd's state folder or beside the settings."""
        if self.database.url:
            return anchored(self.database.url, self.folder)
        return f"sqlite:///{self.state_folder / 'syncer.db'}"

    @property
    def backup_folder(self) -> Path:
        """`[database] backup_dir`, else `backups` beside the database's file, or in systemd's state
        folder or beside the settings if it is no file."""
        if self.database.backup_dir:
            return self.folder / self.database.backup_dir
        file = self.database_file
        return (file.parent if file else self.state_folder) / "backups"

    @property
    def database_file(self) -> Path | None:
        """Where the database lies; None if it is PostgreSQL's."""
        kind, _, path = self.database_url.partition("sqlite:///")
        return None if kind else Path(path)

    @property
    def state_folder(self) -> Path:
        """systemd's, else beside the settings."""
        state = os.environ.get("STATE_DIRECTORY")
        return Path(state.split(":")[0]) if state else self.folder


def anchored(url: str, folder: Path) -> str:
    """A URL whose file is named from a folder."""
    head, _, path = url.partition("sqlite:///")
    if head or not path or Path(path).is_absolute():
        return url
    return f"sqlite:///{folder / path}"


def find(given: Path | None) -> Path | None:
    """The settings file: `--config`, `SYNCER_CONFIG`, `./syncer.toml`, `/etc/syncer/syncer.toml`.

    Raises ConfigError if a file that was named does not exist; None if none was named or found.
    """
    named = given or (
        Path(os.environ["SYNCER_CONFIG"]) if os.environ.get("SYNCER_CONFIG") else None
    )
    if named:
        if not named.is_file():
            raise ConfigError(
                f"{named} does not exist; write one with: syncer init --config {named}"
            )
        return named
    for path in (Path("syncer.toml"), Path("/etc/syncer/syncer.toml")):
        if path.is_file():
            return path
    return None


def load(path: Path | None, edits: Edits = NO_EDITS) -> Settings:
    """Read and validate the settings; `edits` are set on the page and go before the file, and the
    environment before both.

    Raises ConfigError with one line per problem: file, line, key, what is wrong, what to do.
    """
    text, data, folder = "", {}, Path.cwd()
    if path:
        folder = path.resolve().parent
        try:
            text = path.read_text(encoding="utf-8")
            data = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path} is not valid TOML: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}") from None
    try:
        loaded = Settings(**merged(data, edits))
        loaded._folder = folder
        _ = loaded.token_list  # a wrong one is said now
        return loaded
    except SettingsError as error:
        raise ConfigError(f"the environment: {error}; tables are set key by key") from None
    except ValidationError as error:
        lines = [_explain(path, text, dict(e), edits) for e in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _explain(path: Path | None, text: str, error: dict[str, Any], edits: Edits) -> str:
    where = [str(part) for part in error["loc"] if part != "years"]
    line = line_of(text, error["loc"])
    place = f"{path or 'environment'}" + (f", line {line}" if line else "")
    key = ".".join(where) or "settings"
    if key in edits:
        place = "set on the page (take it back: syncer settings unset)"
    if error["type"] == "extra_forbidden":
        return f"{place}: {key} is not a setting; remove it or correct the name"
    if error["type"] == "missing":
        return f"{place}: {key} is missing; add it"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {key}: {message[0].lower()}{message[1:]}"
