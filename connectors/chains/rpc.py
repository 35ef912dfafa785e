"""JSON-RPC through web3's provider: batches with an error per item, our errors, our retries.

web3's own batch helper loses the whole batch when one item fails, so the provider is used.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from config.errors import DataError, RateLimited, TransientError
from connectors.chains.endpoints import Endpoint, Endpoints
from connectors.retry import RetryPolicy, retry_after

BATCH = 100
TRACES = 20  # call trees are long
_FORGOTTEN = (
    "missing trie node",
    "no state available",
    "no state found",
    "state is not available",
    "state not available",
    "historical state",
    "blockoutofrange",
    "out of range",
    "pruned",
    "archive",
)
_TOO_MUCH = (400, 413, 422)  # some providers refuse what is too long in this way
_LONG = ("eth_getLogs", "debug_traceTransaction", "debug_traceBlockByNumber")
Call = tuple[str, list[Any]]


class Behind(TransientError):
    """The node has not got the blocks that it is asked about."""


def load_web3() -> Any:
    """When a chain is read: half a second that other commands need not wait.

    One of its libraries lets Python recurse so deep that the process breaks before an error says
    so; a file that is read later may lead there. The limit stays as it was.
    """
    limit = sys.getrecursionlimit()
    try:
        return import_module("web3")
    finally:
        sys.setrecursionlimit(limit)


class RpcError(DataError):
    """The node answered one request with an error."""


class Rpc:
    """One chain's endpoints in the person's order; one that fails rests, and the next serves."""

    def __init__(
        self,
        chain: str,
        urls: Sequence[str],
        retry: RetryPolicy | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        from aiohttp import ClientTimeout

        web3 = load_web3()

        def opened(url: str) -> Any:
            return web3.AsyncHTTPProvider(
                url,
                request_kwargs={"timeout": ClientTimeout(total=30)},
                exception_retry_configuration=None,
            )

        self.chain = chain
        self._endpoints = Endpoints([Endpoint(url, opened(url)) for url in urls], now)
        self._retry = retry or RetryPolicy()

    async def call(self, method: str, *params: Any) -> Any:
        """One result; raises RpcError for an error answer, TransientError if no node answers."""
        (answer,) = await self.batch([(method, list(params))])
        return answer

    async def batch(self, calls: Sequence[Call], patient: bool = True) -> list[Any]:
        """All results in order; raises RpcError if any item failed, TransientError if any is null:
        a node that does not know yet must not count as zero. Not `patient` means one try."""
        return self.results(calls, await self.try_batch(calls, patient))

    def results(self, calls: Sequence[Call], answers: Sequence[Mapping[str, Any]]) -> list[Any]:
        return [self._result(c[0], a) for c, a in zip(calls, answers, strict=True)]

    async def try_batch(self, calls: Sequence[Call], patient: bool = True) -> list[dict[str, Any]]:
        """All answers in order, each with `result` or `error`."""
        answers: list[dict[str, Any]] = []
        policy = self._retry if patient else RetryPolicy(attempts=1)
        for start in range(0, len(calls), BATCH):
            part = list(calls[start : start + BATCH])
            answers += await policy.run(partial(self._send, part))
        return answers

    async def states(self, calls: Sequence[Call]) -> list[Any]:
        """Results of reads of old states, from an endpoint that keeps them; raises DataError where
        none does."""
        return self.results(calls, await self.try_states(calls))

    async def try_states(self, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """All answers in order; one that fails for want of the state is asked elsewhere."""
        found: list[dict[str, Any]] = []
        while len(found) < len(calls):
            part = list(calls[len(found) : len(found) + BATCH])
            endpoint, answers = await self._retry.run(partial(self._send_old, part))
            if any(_is_forgotten(a.get("error")) for a in answers):
                endpoint.archive = False
                continue
            found += answers
        return found

    async def _send_old(self, calls: list[Call]) -> tuple[Endpoint, list[dict[str, Any]]]:
        endpoint = self._endpoints.archive
        if endpoint is None:
            raise DataError(
                f"no node of {self.chain} keeps old states; name an archive node in "
                f"[chains.{self.chain}] rpc"
            )
        return endpoint, await self._send(calls, endpoint)

    async def traces(self, calls: Sequence[Call]) -> list[Any]:
        """The result of each call for a call tree; None where no endpoint gives one. Raises
        TransientError where one that might give it did not answer: what is stored without is not
        asked for again."""
        found: list[Any] = [None] * len(calls)
        failure: TransientError | None = None
        for endpoint in self._endpoints:
            wanted = [i for i, one in enumerate(found) if one is None]
            if not wanted or endpoint.traces is False:
                continue
            try:
                await self._traces_of(endpoint, calls, wanted, found)
            except TransientError as error:
                failure = error
            except RpcError:
                continue  # it refuses what is asked for as a whole
        if failure and None in found:
            raise failure
        return found

    async def _traces_of(
        self, endpoint: Endpoint, calls: Sequence[Call], wanted: list[int], found: list[Any]
    ) -> None:
        for start in range(0, len(wanted), TRACES):
            part = wanted[start : start + TRACES]
            asked = [calls[i] for i in part]
            answers = await self._retry.run(partial(self._send, asked, endpoint))
            if all(_is_unknown_method(a.get("error")) for a in answers):
                endpoint.traces = False
                return
            for i, answer in zip(part, answers, strict=True):
                found[i] = answer.get("result")

    # ---- what was learnt of the endpoints

    @property
    def log_range(self) -> int | None:
        return self._endpoints.serving.log_range

    @log_range.setter
    def log_range(self, blocks: int) -> None:
        self._endpoints.serving.log_range = blocks

    def pass_over(self) -> bool:
        """Let the serving endpoint rest; whether there is another that does not."""
        return self._endpoints.pass_over()

    def recall(self, learnt: Mapping[str, Any]) -> None:
        self._endpoints.recall(learnt)

    def learnt(self) -> dict[str, Any]:
        return self._endpoints.learnt()

    # ---- sending

    async def _send(
        self, calls: list[Call], endpoint: Endpoint | None = None
    ) -> list[dict[str, Any]]:
        from aiohttp import ClientError, ClientResponseError
        from web3.exceptions import Web3Exception
        from web3.types import RPCEndpoint

        from connectors.strict import strict_session

        serving = endpoint or self._endpoints.serving
        requests = [(RPCEndpoint(method), params) for method, params in calls]
        try:
            if not serving.is_strict:
                await serving.provider.cache_async_session(strict_session(raise_for_status=True))
                serving.is_strict = True
            answer: Any = await serving.provider.make_batch_request(requests)
        except ClientResponseError as error:
            if error.status in _TOO_MUCH and calls[0][0] in _LONG:
                raise RpcError(
                    f"the node of {self.chain} refused a request: HTTP {error.status}"
                ) from None
            self._endpoints.failed(serving)
            if error.status == 429:
                raise self._limited(error.headers or {}) from None
            raise self._unreachable(f"HTTP {error.status}") from None
        except (ClientError, TimeoutError, OSError, ValueError, Web3Exception) as error:
            self._endpoints.failed(serving)
            raise self._unreachable(type(error).__name__) from None
        if not isinstance(answer, list) or len(answer) != len(calls):
            self._endpoints.failed(serving)
            raise self._unreachable("no answer to a batch")
        if any(_is_rate_limit(a.get("error")) for a in answer):
            self._endpoints.failed(serving)
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

    def _result(self, method: str, answer: Mapping[str, Any]) -> Any:
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
        for endpoint in self._endpoints:
            await endpoint.provider.disconnect()


def _is_contracts_own(error: Any) -> bool:
    """A contract reverts with whatever words it likes: they say nothing of the node."""
    if not isinstance(error, dict):
        return False
    return error.get("code") == 3 or "revert" in str(error.get("message", "")).casefold()


def _is_forgotten(error: Any) -> bool:
    if not isinstance(error, dict) or _is_contracts_own(error):
        return False
    text = str(error.get("message", error)).casefold()
    return any(words in text for words in _FORGOTTEN)


def _is_unknown_method(error: Any) -> bool:
    """A node without a tracer says so in its own words; one that has it may refuse one item."""
    if not isinstance(error, dict):
        return False
    text = str(error.get("message", "")).casefold()
    return error.get("code") in (-32601, -32004) or "method" in text


def is_refusal(error: Any) -> bool:
    """Whether a call failed in the contract itself, and not for want of the state or of time."""
    if _is_contracts_own(error):
        return True
    text = str(error).casefold()
    later = ("timeout", "timed out", "internal error", "header not found", "unknown block")
    passing = _is_forgotten(error) or _is_rate_limit(error) or any(w in text for w in later)
    return not passing


def said(rpc: Rpc, answer: Mapping[str, Any]) -> str | None:
    """What a contract returned; None if it does not say: it reverts, or stumbles in its own way,
    which no contract may stop a pull with. A node that cannot answer now raises TransientError."""
    error = answer.get("error")
    if error is None:
        return str(answer.get("result") or "0x")
    if is_refusal(error):
        return None
    raise TransientError(
        f"the node of {rpc.chain} could not read a token; it is tried again at the next sync"
    )


def _is_rate_limit(error: Any) -> bool:
    if not isinstance(error, dict) or _is_contracts_own(error):
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
