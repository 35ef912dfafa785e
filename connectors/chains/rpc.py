"""JSON-RPC through web3's provider: batches with an error per item, our errors, our retries.

web3's own batch helper loses the whole batch when one item fails, so the provider is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
from web3 import AsyncHTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from config.errors import DataError, RateLimited, TransientError
from connectors.retry import RetryPolicy

BATCH = 100
Call = tuple[str, list[Any]]


class RpcError(DataError):
    """The node answered one request with an error."""


class Rpc:
    """One chain's endpoints in the person's order; the next one serves when one fails."""

    def __init__(self, chain: str, urls: Sequence[str], retry: RetryPolicy | None = None) -> None:
        self.chain = chain
        self._providers = [
            AsyncHTTPProvider(
                url,
                request_kwargs={"timeout": aiohttp.ClientTimeout(total=30)},
                exception_retry_configuration=None,
            )
            for url in urls
        ]
        self._retry = retry or RetryPolicy()

    async def call(self, method: str, *params: Any) -> Any:
        """One result; raises RpcError for an error answer, TransientError if no node answers."""
        (answer,) = await self.try_batch([(method, list(params))])
        return self._result(answer)

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        """All results in order; raises RpcError if any item failed."""
        return [self._result(a) for a in await self.try_batch(calls)]

    async def try_batch(self, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """All answers in order, each with `result` or `error`."""
        answers: list[dict[str, Any]] = []
        for start in range(0, len(calls), BATCH):
            part = list(calls[start : start + BATCH])
            answers += await self._retry.run(lambda part=part: self._send(part))  # type: ignore[misc]
        return answers

    async def _send(self, calls: list[Call]) -> list[dict[str, Any]]:
        requests = [(RPCEndpoint(method), params) for method, params in calls]
        try:
            answer: Any = await self._providers[0].make_batch_request(requests)
        except aiohttp.ClientResponseError as error:
            self._rotate()
            if error.status == 429:
                raise RateLimited(f"the node of {self.chain} asked to slow down") from None
            raise self._unreachable(f"HTTP {error.status}") from None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError, Web3Exception) as error:
            self._rotate()
            raise self._unreachable(type(error).__name__) from None
        if not isinstance(answer, list) or len(answer) != len(calls):
            self._rotate()
            raise self._unreachable("no answer to a batch")
        return answer

    def _unreachable(self, why: str) -> TransientError:
        return TransientError(
            f"no node of {self.chain} answered ({why}); check [chains.{self.chain}] rpc"
        )

    def _rotate(self) -> None:
        self._providers.append(self._providers.pop(0))

    def _result(self, answer: dict[str, Any]) -> Any:
        if "error" in answer:
            message = str((answer["error"] or {}).get("message", answer["error"]))
            raise RpcError(f"the node of {self.chain} refused a request: {message[:200]}")
        return answer.get("result")

    async def close(self) -> None:
        for provider in self._providers:
            await provider.disconnect()


def as_int(value: Any) -> int:
    """An integer from JSON-RPC's hex text; missing is 0."""
    if isinstance(value, int):
        return value
    return int(value, 16) if value else 0
