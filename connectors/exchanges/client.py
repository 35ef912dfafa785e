"""Opens a ccxt client and calls it: exact numbers, our errors, our retries, one call at a time.

ccxt is transport only (signing, nonce, throttle). Its unified methods lose rows, so every call
here names an implicit endpoint and gets the answer back with numbers as text.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from config.errors import (
    AuthError,
    ConfigError,
    DataError,
    RateLimited,
    SyncerError,
    TransientError,
)
from config.secrets import ApiKey
from connectors.exchanges.ccxt_parts import errors, exchange_class
from connectors.retry import RetryPolicy, retry_after

_WITHIN = {"kraken": "result", "cryptocom": "result"}  # the field that holds what was asked for
_IMPLICIT = ("public_", "private_", "v1_")
_REFUSALS = (
    "invalid signature",
    "invalid key",
    "invalidapikey",
    "permission denied",
    "ip filter",
    "-2015",
)
_SLOWER = ("rate limit", "400.002", "resource_exhausted")


@cache
def _strict() -> Any:
    return import_module("connectors.strict")


class VenueClient:
    """One key at one venue, one call at a time. `name` is the account, for messages.

    Raises ConfigError if ccxt does not know the venue.
    """

    def __init__(
        self,
        venue: str,
        name: str,
        key: ApiKey | None = None,
        api_url: str | None = None,
        rate_limit_ms: int | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.venue, self.name = venue, name
        self.skew: timedelta | None = None
        self._retry = retry or RetryPolicy()
        self._status, self._answer_was_json = 0, False
        self._one_at_a_time = asyncio.Lock()
        options: dict[str, Any] = {"enableRateLimit": True, "timeout": 20_000}
        if key:
            options |= {"apiKey": key.key, "secret": key.secret, "password": key.password}
        if rate_limit_ms is not None:
            options["rateLimit"] = rate_limit_ms
        found = exchange_class(venue)
        if found is None:
            raise ConfigError(f"account {name}: ccxt knows no venue {venue}")
        self._client = found(options)
        if api_url:
            self._client.urls["api"] = _at(api_url, self._client.urls["api"])
        # ccxt would turn JSON numbers into floats
        self._client.on_json_response = self._with_exact_numbers
        self._client.on_rest_response = self._note_status

    def can(self, method: str) -> bool:
        """Whether ccxt says that the venue has a unified method."""
        return bool(self._client.has.get(method))

    def page_of(self, method: str) -> int | None:
        """How many rows ccxt says that a page of a unified method has."""
        spot = (self._client.features or {}).get("spot") or {}
        return (spot.get(method) or {}).get("limit")

    async def markets(self) -> dict[str, Any]:
        """All spot pairs that the venue lists, by ccxt's symbol; from then on all amounts that
        unified methods give are text."""
        self._client.number = float  # ccxt computes with the steps of prices
        found = await self.method("load_markets")
        self._client.number = str
        return {symbol: one for symbol, one in found.items() if one.get("spot")}

    async def call(self, endpoint: str, params: Mapping[str, Any] | None = None) -> Any:
        """What an implicit endpoint answers; raises AuthError, TransientError or DataError."""
        asked = dict(params or {})
        return await self._retry.run(lambda: self._once(endpoint, (asked,)))

    async def method(self, name: str, *arguments: Any) -> Any:
        """What a unified method answers, for venues without a file of their own."""
        return await self._retry.run(lambda: self._once(name, arguments))

    async def _once(self, endpoint: str, arguments: tuple[Any, ...]) -> Any:
        async with self._one_at_a_time:
            self._status, self._answer_was_json = 0, False
            if self._client.session is None:  # ccxt takes it as its own, and closes it
                self._client.ssl_context = _strict().trust(self._client.cafile)
                self._client.session = _strict().strict_session(self._client.cafile)
            try:
                answer = await getattr(self._client, endpoint)(*arguments)
            except (errors().BaseError, ValueError) as error:
                raise self._ours(error) from None
            except (TypeError, KeyError, AttributeError, IndexError):
                raise self.unreadable(endpoint) from None  # ccxt stumbled over the answer
            finally:
                self._compare_clocks()
        within = _WITHIN.get(self.venue) if endpoint.startswith(_IMPLICIT) else None
        if within is None and isinstance(answer, dict | list):
            return answer
        if within and isinstance(answer, dict) and within in answer:
            return answer[within]
        raise self.unreadable(endpoint)

    def unreadable(self, endpoint: str) -> TransientError:
        """The error for an answer that lacks what it must hold."""
        return TransientError(
            f"{self.venue} gave {self.name} an answer that cannot be read for "
            f"{endpoint}; it is tried again at the next sync"
        )

    def _ours(self, error: Exception) -> SyncerError:
        text = str(error)
        ccxt = errors()
        # ccxt signs before it asks: a secret of the wrong form is a ValueError
        refused = any(r in text.casefold() for r in _REFUSALS)
        if refused or isinstance(error, ccxt.AuthenticationError | ValueError):
            return AuthError(
                f"{self.venue} refused the key of {self.name}; "
                "check the key and its permissions at the venue"
            )
        slower = self._status in (418, 429) or any(s in text.casefold() for s in _SLOWER)
        if slower or isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
            headers = self._client.last_response_headers or {}
            wait = retry_after(headers.get("Retry-After"))
            return RateLimited(f"{self.venue} asked {self.name} to slow down", wait)
        # an answer that is no JSON, or a failure of the server's own, is no word on the request,
        # whatever ccxt makes of it
        broken = not self._answer_was_json or self._status >= 500 or "ERR_INTERNAL" in text
        if isinstance(error, ccxt.OperationFailed) or broken:
            return TransientError(
                f"{self.venue} could not be reached for {self.name} ({type(error).__name__}); "
                "it is tried again at the next sync"
            )
        return DataError(f"{self.venue} refused a request of {self.name}: {text[:200]}")

    def _note_status(self, status: int, reason: str, *answer: Any) -> Any:
        self._status = status
        text = answer[3]  # after address, method and headers
        return text

    def _with_exact_numbers(self, text: str) -> Any:
        answer = json.loads(text, parse_float=str)
        self._answer_was_json = True
        return answer

    def _compare_clocks(self) -> None:
        """How far the venue's clock is ahead of this machine's, by the answer's Date header."""
        told = (self._client.last_response_headers or {}).get("Date")
        try:
            theirs = parsedate_to_datetime(told) if told else None
        except ValueError:
            return
        if theirs and theirs.tzinfo:
            ours = datetime.fromtimestamp(self._client.milliseconds() / 1000, UTC)
            self.skew = theirs - ours

    async def close(self) -> None:
        await self._client.close()


def _at(api_url: str, group: Any) -> Any:
    """Addresses with another origin; ccxt's paths stay."""
    if isinstance(group, dict):
        return {name: _at(api_url, one) for name, one in group.items()}
    return api_url.rstrip("/") + urlsplit(group).path
