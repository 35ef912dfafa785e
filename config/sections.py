"""The sections of `syncer.toml`, each with what its values may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, model_validator

from config.accounts import NotNegative, Percent, Section, plain_number

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
_MOST = 10**15  # dollars: what lies beyond is a slip, and breaks every figure
Amount = Annotated[Decimal, BeforeValidator(plain_number), Field(gt=-_MOST, lt=_MOST)]
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
    """Where the page is, and where the service can be asked how it is."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8377
    allow_remote: bool = False
    hosts: tuple[str, ...] = ()
    public_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+[^?#]*$")] | None = None
    proxies: tuple[str, ...] = ()
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
