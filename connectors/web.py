"""Asks an API by HTTP: exact numbers, our errors, our retries, no faster than it wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from config.errors import RateLimited, TransientError
from connectors.retry import RetryPolicy, retry_after

PATIENCE = 20  # seconds for one answer


class Web:
    """One API. `name` is for messages; `pause` the seconds between two questions."""

    def __init__(
        self,
        name: str,
        url: str,
        pause: float = 0.0,
        headers: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._name, self._url, self._pause = name, url.rstrip("/"), pause
        self._headers, self._retry = dict(headers or {}), retry or RetryPolicy()
        self._session: Any = None
        self._turn = asyncio.Lock()

    async def text(self, path: str, params: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and text; raises RateLimited or TransientError."""
        return await self._retry.run(lambda: self._once(path, params or {}))

    async def json(self, path: str, params: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Status and document, numbers exact; raises RateLimited or TransientError."""

        async def asked() -> tuple[int, Any]:
            status, text = await self._once(path, params or {})
            try:
                return status, json.loads(text, parse_float=Decimal)
            except ValueError:
                raise TransientError(f"{self._name} answered something that is no JSON") from None

        return await self._retry.run(asked)

    async def _once(self, path: str, params: Mapping[str, str]) -> tuple[int, str]:
        from aiohttp import ClientError, ClientTimeout

        from connectors.strict import strict_session

        if self._session is None:
            timeout = ClientTimeout(total=PATIENCE)
            self._session = strict_session(headers=self._headers, timeout=timeout)
        async with self._turn:
            try:
                async with self._session.get(self._url + path, params=params) as answer:
                    text = await answer.text()
            except (ClientError, TimeoutError, UnicodeDecodeError) as error:
                raise TransientError(
                    f"{self._name} did not answer ({type(error).__name__})"
                ) from None
            await asyncio.sleep(self._pause)
        if answer.status == 429:
            wait = retry_after(answer.headers.get("Retry-After"))
            raise RateLimited(f"{self._name} asks to slow down", wait)
        if answer.status >= 500:
            raise TransientError(f"{self._name} answered with status {answer.status}")
        return int(answer.status), text

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
