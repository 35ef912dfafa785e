"""Chainlink's feeds on Ethereum at the block of an instant, by a node that keeps old states.

Facts: a call to the feed's proxy at a block gives the round of then, whichever aggregator it had;
an answer is signed; before the proxy was there the call returns nothing; a round is written when
the price moved or the heartbeat is over, so one much older is stale.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from config.assets import names
from connectors.chains.rpc import Rpc
from connectors.prices.source import OLDEST, Price, UnknownAsset, apart

LATEST_ROUND, DECIMALS = "0xfeaf968c", "0x313ce567"
CHAIN_ID = 1
LAG = 300  # seconds between now and a node's newest block
_WORD = 64
_NEGATIVE = 1 << 255


@dataclass(frozen=True, slots=True)
class _Block:
    number: int
    time: int


class Chainlink:
    name = "chainlink"

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._blocks: dict[int, int] = {}  # time by number
        self._head: _Block | None = None

    async def past(self, asset: str, at: datetime) -> Price | None:
        feed = _feed(asset)
        if feed is None:
            raise UnknownAsset(f"chainlink has no feed of {asset} in dollars")
        block = await self._block_at(int(at.timestamp()))
        if block is None:
            return None
        asked = [
            ("eth_call", [{"to": feed[0], "data": data}, hex(block.number)])
            for data in (LATEST_ROUND, DECIMALS)
        ]
        answers = await self._rpc.try_states(asked)
        if any("revert" in str(a.get("error", "")) for a in answers):
            return None  # a proxy without a round yet
        round_, places = self._rpc.results(asked, answers)
        return _price(asset, str(round_), str(places), feed[1], block)

    async def present(self, assets: list[str]) -> dict[str, Price]:
        return {}  # a feed lags the market by its deviation: no price to sell at

    async def _block_at(self, wanted: int) -> _Block | None:
        """The last block at or before a time, by ever better guesses between two known ones."""
        low, high = await self._block(1), await self._newest(wanted)
        if wanted < low.time or wanted > high.time + LAG:
            return None  # the node has not got the block of then
        if wanted >= high.time:
            return high
        guesses = 0
        while (span := high.number - low.number) > 1:
            # blocks come evenly, so a share of the time is a share of the blocks; every third guess
            # halves what is left, so that it ends soon where they do not
            guesses += 1
            ahead = (
                span * (wanted - low.time) // (high.time - low.time) if guesses % 3 else span // 2
            )
            block = await self._block(low.number + min(max(ahead, 1), span - 1))
            low, high = (block, high) if block.time <= wanted else (low, block)
        return low

    async def _newest(self, wanted: int) -> _Block:
        if self._head is None or self._head.time < wanted:
            self._head = _block_of(await self._rpc.call("eth_getBlockByNumber", "latest", False))
        return self._head

    async def _block(self, number: int) -> _Block:
        if number not in self._blocks:
            found = _block_of(await self._rpc.call("eth_getBlockByNumber", hex(number), False))
            self._blocks[number] = found.time
        return _Block(number, self._blocks[number])

    async def close(self) -> None:
        await self._rpc.close()


def _block_of(body: Any) -> _Block:
    return _Block(int(body["number"], 16), int(body["timestamp"], 16))


def _price(asset: str, round_: str, places: str, heartbeat: int, block: _Block) -> Price | None:
    words = [round_[2 + n * _WORD : 2 + (n + 1) * _WORD] for n in range(5)]
    if len(words[4]) < _WORD or len(places) < 3:
        return None  # there was no feed yet
    answer, updated = int(words[1], 16), int(words[3], 16)
    if not 0 < answer < _NEGATIVE or not 0 < updated <= block.time:
        return None
    if block.time - updated > heartbeat + OLDEST.total_seconds():
        return None
    usd = Decimal(answer).scaleb(-int(places, 16))
    when, then = (datetime.fromtimestamp(t, UTC) for t in (updated, block.time))
    late = apart(when, then) if then - when > timedelta(seconds=heartbeat) else ""
    told = f"feed of {asset} in block {block.number}, round of {when:%Y-%m-%d %H:%M:%S} UTC{late}"
    return Price(usd, Chainlink.name, told)


def _feed(asset: str) -> tuple[str, int] | None:
    """A feed's proxy and heartbeat; a wrapper is worth its coin."""
    found = _feeds().get(asset) or _feeds().get(names().wrapped(asset) or "")
    return (found["proxy"], found["heartbeat"]) if found else None


@cache
def _feeds() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("config").joinpath("feeds.toml").read_text(encoding="utf-8"))
