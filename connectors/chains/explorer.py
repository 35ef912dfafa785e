"""An explorer's lists of an address, as one source of its history: Etherscan V2, Blockscout,
Routescan or one's own, which all answer the same questions.

Facts: a page times its size must stay within 10,000 rows and some plans give 1,000 a page, so a
list is walked by `startblock`, from the last block seen on, inclusive: a block may be cut by a
page. `status` "0" with a list is an empty list, with a text an error; any other status with rows is
a list known to be incomplete. Lists lag, lack fees and internal moves, so they only say where to
look: receipts, balances and the chain's own word decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from config.errors import AuthError, DataError, RateLimited, SyncerError, TransientError
from connectors.chains.native import Frame
from connectors.retry import RetryPolicy, retry_after

LISTS = ("txlist", "txlistinternal", "tokentx", "tokennfttx", "token1155tx")
PAGE, WINDOW = 1_000, 10_000
_CHAIN_PARAMETER = {"api.etherscan.io": "chainid", "api.blockscout.com": "chain_id"}
_UNKNOWN = ("invalid action", "unknown action", "not supported", "module/action")


class Explorer:
    """One explorer for one chain. `name` is the chain's, for messages."""

    def __init__(
        self,
        name: str,
        url: str,
        chain_id: int,
        key: str | None = None,
        retry: RetryPolicy | None = None,
        page: int = PAGE,
    ) -> None:
        self._name, self._url, self._page = name, url, page
        parameter = _CHAIN_PARAMETER.get(urlsplit(url).hostname or "")
        self._always = {parameter: str(chain_id)} if parameter else {}
        self._always |= {"apikey": key} if key else {}
        self._retry = retry or RetryPolicy()
        self._session: Any = None
        self._whole = True
        self.internals: dict[str, list[Frame]] = {}  # by hash, of what was listed last

    async def transactions(
        self, addresses: Sequence[str], lo: int, hi: int
    ) -> tuple[set[str], bool]:
        """Hashes of all transactions in blocks lo..hi that any of its lists names, and whether
        they are whole: it has all lists, and says of none that it is incomplete."""
        found: set[str] = set()
        self._whole, self.internals = True, {}
        for address in addresses:
            for action in LISTS:
                try:
                    found |= await self._list(action, address, lo, hi)
                except _Lacking:
                    self._whole = False
        return found, self._whole

    def _note(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """What internal moves say; a row has no id, so the longest telling of a transaction counts:
        it may be cut by a page, and is listed for each of our addresses."""
        told: dict[str, list[Frame]] = defaultdict(list)
        for row in rows:
            value = str(row.get("value") or "")
            if value.isdecimal() and int(value) and str(row.get("isError", "0")) == "0":
                to = str(row.get("to") or row.get("contractAddress") or "").lower()
                hash_ = str(row.get("hash") or row.get("transactionHash")).lower()
                told[hash_].append([str(row.get("from", "")).lower(), to, hex(int(value))])
        for hash_, frames in told.items():
            if len(frames) > len(self.internals.get(hash_, ())):
                self.internals[hash_] = frames

    async def _list(self, action: str, address: str, lo: int, hi: int) -> set[str]:
        found: set[str] = set()
        start, page = lo, 1
        while True:
            rows = await self._rows(action, address, start, hi, page)
            hashes = (str(r.get("hash") or r.get("transactionHash")).lower() for r in rows)
            found |= {h for h in hashes if h.startswith("0x")}  # GENESIS_... is no transaction
            if action == "txlistinternal":
                self._note(rows)
            if not rows:
                return found  # a short page may be a cap that nobody told of
            last = max(int(r["blockNumber"]) for r in rows)
            if last > start:
                start, page = last, 1  # its rest may be on the next page
            elif (page + 1) * self._page <= WINDOW:
                page += 1  # one block that fills pages
            else:
                raise DataError(
                    f"the explorer of {self._name} lists more than {WINDOW} rows of {action} in "
                    f"block {last} and gives no more; leave explorer_url out to read by logs"
                )

    async def _rows(
        self, action: str, address: str, start: int, hi: int, page: int
    ) -> list[dict[str, Any]]:
        asked = {
            "module": "account",
            "action": action,
            "address": address,
            "startblock": str(start),
            "endblock": str(hi),
            "page": str(page),
            "offset": str(self._page),
            "sort": "asc",
            **self._always,
        }
        return await self._retry.run(lambda: self._once(asked))

    async def _once(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        from aiohttp import ClientError, ClientTimeout

        from connectors.strict import strict_session

        if self._session is None:
            self._session = strict_session(timeout=ClientTimeout(total=30))
        try:
            async with self._session.get(self._url, params=asked) as answer:
                if answer.status == 429:
                    raise self._slower(answer.headers.get("Retry-After"))
                answer.raise_for_status()
                said = await answer.json(content_type=None)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise TransientError(
                f"the explorer of {self._name} did not answer ({type(error).__name__}); it is "
                "tried again at the next sync"
            ) from None
        return self._read(said, asked["action"])

    def _read(self, said: Any, action: str) -> list[dict[str, Any]]:
        rows = said.get("result") if isinstance(said, dict) else None
        if isinstance(rows, list) and all(isinstance(r, dict) for r in rows):
            self._whole = self._whole and (not rows or str(said.get("status")) == "1")
            return rows
        text = f"{rows or ''} {said.get('message', '') if isinstance(said, dict) else ''}".strip()
        if rows is None and "no" in text.casefold() and "found" in text.casefold():
            return []
        raise self._refusal(text, action)

    def _refusal(self, text: str, action: str) -> SyncerError:
        plain = text.casefold()
        if "rate limit" in plain or "max calls" in plain:
            return self._slower(None)
        if "api key" in plain or "apikey" in plain or "paid plan" in plain:
            return AuthError(
                f"the explorer of {self._name} refused ({text[:120]}); check explorer_url and "
                f"explorer_key_file of [chains.{self._name}]"
            )
        if action != "txlist" and any(word in plain for word in _UNKNOWN):
            return _Lacking(text)
        return TransientError(
            f"the explorer of {self._name} answered {text[:120]!r} to {action}; it is tried again "
            "at the next sync"
        )

    def _slower(self, header: str | None) -> RateLimited:
        return RateLimited(f"the explorer of {self._name} asked to slow down", retry_after(header))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Lacking(DataError):
    """The explorer has no such list."""
