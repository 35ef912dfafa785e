"""Asks an Esplora server: electrs behind blockstream.info or mempool.space, or one's own.

Facts of its API: amounts are satoshis; an address has the count of its confirmed transactions and
the sums of what it got and spent; its confirmed transactions come newest first, page by page, the
next page by the last id of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from config.errors import DataError, TransientError
from connectors.web import Web

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stats:
    """Of one address, confirmed: transactions, and satoshis that came and went."""

    count: int
    funded: int
    spent: int


class Esplora:
    """`web` is opened at the address under which the server has `/blocks/tip/height`."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def tip(self) -> int:
        status, text = await self._web.text("/blocks/tip/height")
        if status != 200 or not text.strip().isdigit():
            raise DataError(
                f"the Esplora server answered {text.strip()[:60]!r} to /blocks/tip/height; "
                "correct esplora_url of [bitcoin]"
            )
        return int(text)

    async def stats(self, address: str) -> Stats:
        path = f"/address/{address}"
        said = await self._known(path)
        with suppress(KeyError, TypeError):
            told = said["chain_stats"]
            return Stats(told["tx_count"], told["funded_txo_sum"], told["spent_txo_sum"])
        raise DataError(f"the Esplora server told no counts of {path}")

    async def transactions(self, address: str, after: str | None) -> list[Body]:
        """One page of confirmed ones, newest first, from the one that is named on."""
        tail = f"/{after}" if after else ""
        path = f"/address/{address}/txs/chain{tail}"
        said = await self._known(path)
        try:
            return [body for body in said if body["status"]["confirmed"]]
        except (KeyError, TypeError):
            raise DataError(f"the Esplora server told no transactions at {path}") from None

    async def transaction(self, txid: str) -> Body | None:
        """None if the server knows none, or knows it as not confirmed."""
        status, text = await self._web.text(f"/tx/{txid}")
        if status == 404:
            return None
        found: Body = self._read(status, text, f"/tx/{txid}")
        return found if found["status"]["confirmed"] else None

    async def _known(self, path: str) -> Any:
        return self._read(*await self._web.text(path), path)

    @staticmethod
    def _read(status: int, text: str, path: str) -> Any:
        if status == 200:
            with suppress(ValueError):
                return json.loads(text, parse_float=Decimal)
        raise TransientError(
            f"the Esplora server answered {path} with status {status} and {text.strip()[:60]!r}"
        )

    async def close(self) -> None:
        await self._web.close()
