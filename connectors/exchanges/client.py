"""Opens a ccxt client and calls it: exact numbers, our errors, our retries.

ccxt is transport only (signing, nonce, throttle). Its unified methods lose rows, so every call
here names an implicit endpoint and gets the answer back with numbers as text.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from config.errors import AuthError, DataError, RateLimited, SyncerError, TransientError
from config.secrets import ApiKey
from connectors.retry import RetryPolicy, retry_after

_REFUSALS = ("invalid signature", "invalid key", "permission denied")


@cache
def _ccxt() -> Any:
    """Loaded when a venue is called: half a second that other commands need not wait."""
    return import_module("ccxt.async_support")


class VenueClient:
    """One key at one venue. `name` is the account, for messages."""

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
        self._retry = retry or RetryPolicy()
        options: dict[str, Any] = {"enableRateLimit": True, "timeout": 20_000}
        if key:
            options |= {"apiKey": key.key, "secret": key.secret, "password": key.password}
        if rate_limit_ms is not None:
            options["rateLimit"] = rate_limit_ms
        self._client = getattr(_ccxt(), venue)(options)
        if api_url:
            api = self._client.urls["api"]
            self._client.urls["api"] = dict.fromkeys(api, api_url)
        # ccxt would turn JSON numbers into floats
        self._client.on_json_response = _with_exact_numbers

    async def call(self, endpoint: str, params: Mapping[str, Any] | None = None) -> Any:
        """The `result` of an implicit endpoint; raises AuthError, TransientError or DataError."""
        return await self._retry.run(lambda: self._once(endpoint, dict(params or {})))

    async def _once(self, endpoint: str, params: dict[str, Any]) -> Any:
        try:
            answer = await getattr(self._client, endpoint)(params)
        except (_ccxt().BaseError, binascii.Error) as error:
            raise self._ours(error) from None
        if not isinstance(answer, dict) or "result" not in answer:
            raise TransientError(
                f"{self.venue} gave {self.name} an answer that cannot be read for "
                f"{endpoint}; it is tried again at the next sync"
            )
        return answer["result"]

    def _ours(self, error: Exception) -> SyncerError:
        text = str(error)
        ccxt = _ccxt()
        refused = any(r in text.casefold() for r in _REFUSALS)
        if refused or isinstance(error, ccxt.AuthenticationError | binascii.Error):
            return AuthError(
                f"{self.venue} refused the key of {self.name}; "
                "check the key and its permissions at the venue"
            )
        if isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
            headers = self._client.last_response_headers or {}
            wait = retry_after(headers.get("Retry-After"))
            return RateLimited(f"{self.venue} asked {self.name} to slow down", wait)
        if isinstance(error, ccxt.OperationFailed):
            return TransientError(
                f"{self.venue} could not be reached for {self.name} ({type(error).__name__}); "
                "it is tried again at the next sync"
            )
        return DataError(f"{self.venue} refused a request of {self.name}: {text[:200]}")

    async def close(self) -> None:
        await self._client.close()


def _with_exact_numbers(text: str) -> Any:
    return json.loads(text, parse_float=str)
