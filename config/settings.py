"""The typed schema of `syncer.toml`: everything optional, nothing unknown accepted.

Secrets are never in it: see `config.secrets`. Any value can also come from the environment as
`SYNCER_<SECTION>__<KEY>`, which wins over the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BeforeValidator,
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
from config.accounts import EVM_ADDRESS, Account, NotNegative, Percent, Section, plain_number
from config.errors import ConfigError
from config.token_list import TokenList
from config.toml_lines import line_of

FilingStatus = Literal["single", "joint", "separate", "head", "surviving"]
LotMethod = Literal["fifo", "lifo", "hifo", "lofo", "tax_min"]
TransferOrder = Literal["fifo", "lifo", "hifo", "lofo"]

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
_LONGEST = timedelta(days=3660)
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: Any) -> Any:
    return length_of(value) if isinstance(value, str) else value


def length_of(value: str) -> timedelta:
    """What 30s, 15m, 24h or 7d say; raises ValueError for anything else."""
    found = _DURATION.fullmatch(value.strip())
    if not found:
        raise ValueError("must look like 30s, 15m, 24h or 7d")
    try:
        length = timedelta(**{_UNIT[found[2]]: int(found[1])})
    except OverflowError:
        length = timedelta.max
    if length > _LONGEST:
        raise ValueError("is too long; at most 3660d")
    if not length:
        raise ValueError("must be at least 1s")
    return length


def _zone(value: Any) -> Any:
    if not isinstance(value, str) or value not in available_timezones():
        raise ValueError("is not a known time zone; write for example America/New_York")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Amount = Annotated[Decimal, BeforeValidator(plain_number)]
Fraction = Annotated[Decimal, BeforeValidator(plain_number), Field(ge=0, lt=1)]
Zone = Annotated[str, BeforeValidator(_zone)]


_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
TimeOfDay = Annotated[str, Field(pattern=rf"^{_CLOCK}$")]
QuietHours = Annotated[str, Field(pattern=rf"^({_CLOCK}-{_CLOCK})?$")]


class Database(Section):
    url: str | None = None
    password_file: str | None = None  # of PostgreSQL, or the key of an encrypted file
    encrypted: bool = False
    backup_dir: str | None = None


class TaxpayerYear(Section):
    """What a person tells about one year; also the overrides in `[taxpayer.2025]`."""

    filing_status: FilingStatus | None = None
    ordinary_income: Amount | None = None
    magi: Amount | None = None
    other_short_term: Amount | None = None
    other_long_term: Amount | None = None
    qualified_dividends: NotNegative | None = None
    state_rate: Fraction | None = None
    carryover_short: NotNegative | None = None
    carryover_long: NotNegative | None = None


class Taxpayer(TaxpayerYear):
    time_zone: Zone = "America/New_York"
    carryover_year: int | None = None
    years: dict[int, TaxpayerYear] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_years(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        years = {int(k): v for k, v in data.items() if str(k).isdigit()}
        rest = {k: v for k, v in data.items() if not str(k).isdigit()}
        return {**rest, "years": years} if years else rest

    @model_validator(mode="after")
    def _carryover_has_a_year(self) -> Self:
        given = self.carryover_short is not None or self.carryover_long is not None
        if given and self.carryover_year is None:
            raise ValueError("carryover_year must name the year that the carryover enters")
        return self

    def in_year(self, year: int) -> Mapping[str, Any]:
        """All values of one year, its own table first."""
        own = self.years.get(year, TaxpayerYear()).model_dump(exclude_none=True)
        return {**self.model_dump(exclude_none=True, exclude={"years"}), **own}


class Lots(Section):
    method: LotMethod = "fifo"
    transfer_order: TransferOrder = "fifo"
    before_2025: Literal["universal", "per_account"] = "per_account"


class Treatment(Section):
    wrap: Literal["carry", "exchange", "review"] = "carry"
    bridge: Literal["carry", "exchange", "review"] = "carry"
    liquidity: Literal["carry", "exchange", "review"] = "exchange"
    liquid_staking: Literal["carry", "exchange", "review"] = "exchange"
    lending: Literal["carry", "exchange", "review"] = "carry"
    fees_before_2025: Literal["same_as_2025", "basis"] = "same_as_2025"


class WashSale(Section):
    """IRC 1091 speaks of stock and securities; whether losses on coins are marked or disallowed."""

    mode: Literal["off", "warn", "enforce"] = "off"
    from_: date | None = Field(default=None, alias="from")


class Harvest(Section):
    """What a sale costs, where its account does not say, and what is worth telling. `locked` and
    `unsellable` name assets, or `account/asset`, that cannot be sold now, or ever."""

    min_loss_usd: NotNegative = Decimal(500)
    min_loss_percent: NotNegative = Decimal(10)
    min_benefit_usd: NotNegative = Decimal(50)
    fee_percent: Percent = Decimal("0.4")
    spread_percent: Percent = Decimal(0)
    min_sale_usd: NotNegative = Decimal(5)
    locked: tuple[str, ...] = ()
    unsellable: tuple[str, ...] = ()
    near_days: Annotated[int, Field(ge=0, le=366)] = 30


class Alerts(Section):
    urls: tuple[str, ...] = ()
    detail: Literal["none", "percent", "full"] = "percent"
    cooldown: Duration = timedelta(hours=24)
    confirm_readings: Annotated[int, Field(ge=1, le=1000)] = 2
    confirm_minutes: Annotated[int, Field(ge=0, le=10_000)] = 15
    clear_ratio: Fraction = Decimal("0.8")
    quiet_hours: QuietHours = "22:00-07:00"
    daily_budget: Annotated[int, Field(ge=0)] = 5
    long_term_days: Annotated[int, Field(ge=0, le=366)] = 14
    gains_above_usd: NotNegative | None = None
    review_usd: NotNegative = Decimal(1000)
    stale_after: Duration = timedelta(hours=24)
    ping_url: Annotated[str, Field(pattern=r"^https?://")] | None = None


class Schedule(Section):
    sync: Duration = timedelta(minutes=15)
    prices: Duration = timedelta(minutes=15)
    harvest: Duration = timedelta(minutes=15)
    backup: Duration = timedelta(hours=24)
    digest: TimeOfDay = "08:00"


class PriceSource(Section):
    api_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    rate_limit_ms: Annotated[int, Field(ge=1)] | None = None
    key_file: str | None = None


PriceSourceName = Literal[
    "kraken",
    "coinbase",
    "binanceus",
    "bitstamp",
    "bitfinex",
    "chainlink",
    "defillama",
    "coingecko",
    "ecb",
]


class Prices(Section):
    """`sources` are asked in this order."""

    sources: tuple[PriceSourceName, ...] = ("kraken", "ecb", "defillama")
    stablecoins: Literal["priced", "one"] = "priced"
    max_age: Duration = timedelta(minutes=15)
    kraken: PriceSource = PriceSource()
    coinbase: PriceSource = PriceSource()
    binanceus: PriceSource = PriceSource()
    bitstamp: PriceSource = PriceSource()
    bitfinex: PriceSource = PriceSource()
    chainlink: PriceSource = PriceSource()
    defillama: PriceSource = PriceSource()
    coingecko: PriceSource = PriceSource()
    ecb: PriceSource = PriceSource()


class Report(Section):
    whole_dollars: bool = False
    exception_1: bool = False
    exception_2: bool = False
    forms_dir: str | None = None


class Web(Section):
    """Where the service can be asked how it is."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8377
    allow_remote: bool = False
    hosts: tuple[str, ...] = ()
    token_file: str | None = None


class Tokens(Section):
    list_: str | None = Field(default=None, alias="list")


class Chain(Section):
    chain_id: int
    rpc: Annotated[tuple[str, ...], Field(min_length=1)]
    explorer_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    explorer_key_file: str | None = None
    confirmations: Annotated[int, Field(ge=0)] = 12


class Bitcoin(Section):
    """Where accounts on Bitcoin are read: a server that speaks Esplora's API."""

    esplora_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    rate_limit_ms: Annotated[int, Field(ge=1)] = 200


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
        return f"sqlite:///{self._state_folder / 'syncer.db'}"

    @property
    def backup_folder(self) -> Path:
        """`[database] backup_dir`, else `backups` beside the database's file, or in systemd's state
        folder or beside the settings if it is no file."""
        if self.database.backup_dir:
            return self.folder / self.database.backup_dir
        file = self.database_file
        return (file.parent if file else self._state_folder) / "backups"

    @property
    def database_file(self) -> Path | None:
        """Where the database lies; None if it is PostgreSQL's."""
        kind, _, path = self.database_url.partition("sqlite:///")
        return None if kind else Path(path)

    @property
    def _state_folder(self) -> Path:
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


def load(path: Path | None) -> Settings:
    """Read and validate the settings.

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
        loaded = Settings(**data)
        loaded._folder = folder
        _ = loaded.token_list  # a wrong one is said now
        return loaded
    except SettingsError as error:
        raise ConfigError(f"the environment: {error}; tables are set key by key") from None
    except ValidationError as error:
        lines = [_explain(path, text, dict(e)) for e in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _explain(path: Path | None, text: str, error: dict[str, Any]) -> str:
    where = [str(part) for part in error["loc"] if part != "years"]
    line = line_of(text, error["loc"])
    place = f"{path or 'environment'}" + (f", line {line}" if line else "")
    key = ".".join(where) or "settings"
    if error["type"] == "extra_forbidden":
        return f"{place}: {key} is not a setting; remove it or correct the name"
    if error["type"] == "missing":
        return f"{place}: {key} is missing; add it"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {key}: {message[0].lower()}{message[1:]}"
