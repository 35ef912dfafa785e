"""An account in the settings: where it is, what of it is read, and which addresses are its own."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from config import bitcoin

EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
BROKER = "broker:"  # before the name of a pool that is all accounts at one broker


class Section(BaseModel):
    """A table of the settings: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def plain_number(value: Any) -> Any:
    """tomllib is told to keep floats as Decimal; a float here came past it."""
    if isinstance(value, float):
        raise ValueError("must be an exact number")
    return value


NotNegative = Annotated[Decimal, BeforeValidator(plain_number), Field(ge=0)]
Percent = Annotated[Decimal, BeforeValidator(plain_number), Field(ge=0, lt=50)]


def _address(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if bitcoin.is_private(value):
        raise ValueError("this is a private key: take it out, nobody needs it to read a balance")
    return bitcoin.plain(value)


Address = Annotated[str, BeforeValidator(_address), Field(pattern=r"^[A-Za-z0-9:._-]{4,}$")]


class Account(Section):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    kind: Literal["exchange", "wallet", "manual"]
    broker: str | None = None
    broker_account: str | None = None
    pool: str | None = None
    venue: Annotated[str, Field(pattern=r"^[a-z0-9]+$")] | None = None
    key_file: str | None = None
    api_url: str | None = None
    rate_limit_ms: Annotated[int, Field(ge=1)] | None = None
    allow_trade_key: bool = True
    addresses: tuple[Address, ...] = ()
    chains: tuple[str, ...] = ()
    fee_percent: Percent | None = None
    spread_percent: Percent | None = None
    min_sale_usd: NotNegative | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "exchange" and not self.venue:
            raise ValueError('an exchange account needs venue, for example venue = "kraken"')
        if self.kind == "wallet" and not (self.addresses and self.chains):
            raise ValueError("a wallet account needs addresses and chains")
        if self.kind == "wallet":
            self._addresses_fit_chains()
        return self

    def _addresses_fit_chains(self) -> None:
        others = [a for a in self.addresses if not EVM_ADDRESS.fullmatch(a)]
        if bitcoin.NAME not in self.chains and others:
            raise ValueError(
                f"address {bitcoin.shown(others[0])} is of no EVM chain (0x and 40 hexadecimal "
                f'digits); one of Bitcoin needs chains = ["{bitcoin.NAME}"], list others in an '
                'account of kind = "manual"'
            )
        for other in others:
            if sentence := bitcoin.fault(other):
                raise ValueError(f"address {bitcoin.shown(other)} {sentence}")
        if bitcoin.NAME in self.chains and not others:
            raise ValueError("chains names bitcoin, but there is no address of it")
        if self.evm_chains and len(others) == len(self.addresses):
            raise ValueError(f"there is no address of {self.evm_chains[0]}")

    @property
    def evm_chains(self) -> tuple[str, ...]:
        return tuple(c for c in self.chains if c != bitcoin.NAME)

    @property
    def evm_addresses(self) -> tuple[str, ...]:
        return tuple(a for a in self.addresses if EVM_ADDRESS.fullmatch(a))

    @property
    def bitcoin_addresses(self) -> tuple[str, ...]:
        """With its extended public keys."""
        return tuple(a for a in self.addresses if not EVM_ADDRESS.fullmatch(a))

    @property
    def pool_name(self) -> str:
        """Where its lots are kept together: the broker's accounts are one pool (design, Words)."""
        if self.pool:
            return self.pool
        return BROKER + self.broker.casefold() if self.broker else self.name
