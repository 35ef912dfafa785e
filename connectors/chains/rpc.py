"""JSON-RPC through web3's provider: batches with an error per item, our errors, our retries.

web3's own batch helper loses the whole batch when one item fails, so the provider is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from config.errors import DataError, RateLimited, TransientError
from connectors.retry import RetryPolicy, retry_after

BATCH = 100
Call = tuple[str, list[Any]]


class RpcError(DataError):
    """The node answered one request with an error."""


class Rpc:
    """One chain's endpoints in the person's order; the next one serves when one fails."""

    def __init__(self, chain: str, urls: Sequence[str], retry: RetryPolicy | None = None) -> None:
        # loaded when a chain is read: half a second that other commands need not wait
        from aiohttp import ClientTimeout
        from web3 import AsyncHTTPProvider

        self.chain = chain
        self._providers = [
            AsyncHTTPProvider(
                url,
                request_kwargs={"timeout": ClientTimeout(total=30)},
                exception_retry_configuration=None,
            )
            for url in urls
        ]
        self._retry = retry or RetryPolicy()

    async def call(self, method: str, *params: Any) -> Any:
        """One result; raises RpcError for an error answer, TransientError if no node answers."""
        (answer,) = await self.batch([(method, list(params))])
        return answer

    async def batch(self, calls: Sequence[Call], patient: bool = True) -> list[Any]:
        """All results in order; raises RpcError if any item failed, TransientError if any is null:
        a node that does not know yet must not count as zero. Not `patient` means one try."""
        answers = await self.try_batch(calls, patient)
        return [self._result(c[0], a) for c, a in zip(calls, answers, strict=True)]

    async def try_batch(self, calls: Sequence[Call], patient: bool = True) -> list[dict[str, Any]]:
        """All answers in order, each with `result` or `error`."""
        answers: list[dict[str, Any]] = []
        policy = self._retry if patient else RetryPolicy(attempts=1)
        for start in range(0, len(calls), BATCH):
            part = list(calls[start : start + BATCH])
            answers += await policy.run(partial(self._send, part))
        return answers

    async def _send(self, calls: list[Call]) -> list[dict[str, Any]]:
        from aiohttp import ClientError, ClientResponseError
        from web3.exceptions import Web3Exception
        from web3.types import RPCEndpoint

        requests = [(RPCEndpoint(method), params) for method, params in calls]
        try:
            answer: Any = await self._providers[0].make_batch_request(requests)
        except ClientResponseError as error:
            self._rotate()
            if error.status == 429:
                raise self._limited(error.headers or {}) from None
            raise self._unreachable(f"HTTP {error.status}") from None
        except (ClientError, TimeoutError, OSError, ValueError, Web3Exception) as error:
            self._rotate()
            raise self._unreachable(type(error).__name__) from None
        if not isinstance(answer, list) or len(answer) != len(calls):
            self._rotate()
            raise self._unreachable("no answer to a batch")
        if any(_is_rate_limit(a.get("error")) for a in answer):
            self._rotate()
            raise self._limited({})
        return answer

    def _limited(self, headers: Mapping[str, str]) -> RateLimited:
        return RateLimited(
            f"the node of {self.chain} asked to slow down", retry_after(headers.get("Retry-After"))
        )

    def _unreachable(self, why: str) -> TransientError:
        return TransientError(
            f"no node of {self.chain} answered ({why}); check [chains.{self.chain}] rpc"
        )

    def _rotate(self) -> None:
        self._providers.append(self._providers.pop(0))

    def _result(self, method: str, answer: dict[str, Any]) -> Any:
        if "error" in answer:
            message = str((answer["error"] or {}).get("message", answer["error"]))
            raise RpcError(f"the node of {self.chain} refused a request: {message[:200]}")
        if answer.get("result") is None:
            raise TransientError(
                f"the node of {self.chain} answered nothing to {method}; "
                "it is tried again at the next sync"
            )
        return answer["result"]

    async def close(self) -> None:
        for provider in self._providers:
            await provider.disconnect()


def _is_rate_limit(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    text = str(error.get("message", "")).casefold()
    return error.get("code") == 429 or "rate limit" in text or "too many requests" in text


def as_int(value: Any) -> int:
    """An integer from JSON-RPC's hex text; raises DataError if it is missing or malformed."""
    try:
        return value if isinstance(value, int) else int(value, 16)
    except (TypeError, ValueError):
        raise DataError(f"a node answered {value!r} where a number belongs") from None


def optional_int(value: Any) -> int:
    """The same for a field that may be left out, which means 0."""
    return 0 if value is None else as_int(value)
