"""The sandbox behaves as the real ones do, defects included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import ccxt.async_support as ccxt
import pytest

from syncer.demo.sandbox import API_KEY, API_SECRET, Addresses, running
from syncer.demo.story import PERSON


def _client(url: str, **options: Any) -> ccxt.kraken:
    client = ccxt.kraken({"apiKey": API_KEY, "secret": API_SECRET, "rateLimit": 1, **options})
    client.urls["api"] = dict.fromkeys(client.urls["api"], url)
    return client


async def test_exchange_gives_only_the_latest_candles_and_one_page_of_rows(
    sandbox: Addresses,
) -> None:
    client = _client(sandbox.exchange)
    try:
        candles = await client.fetch_ohlcv("BTC/USD", "1h", since=1704067200000)
        page = await client.private_post_ledgers({})
        ticker = await client.fetch_ticker("ETH/USD")
    finally:
        await client.close()
    assert len(candles) == 720
    assert candles[-1][4] == 50000
    assert (len(page["result"]["ledger"]), page["result"]["count"]) == (50, 325)
    assert ticker["bid"] == 2000


async def test_exchange_checks_signature_and_nonce(sandbox: Addresses) -> None:
    wrong = _client(sandbox.exchange, secret="AAAA")
    stuck = _client(sandbox.exchange)
    stuck.nonce = lambda: 1
    try:
        with pytest.raises(ccxt.ExchangeError, match="EAPI:Invalid signature"):
            await wrong.private_post_balanceex()
        with pytest.raises(ccxt.InvalidNonce):
            await stuck.private_post_balanceex()
    finally:
        await wrong.close()
        await stuck.close()


def _rpc(url: str, asked: Any) -> Any:
    body = Request(url, json.dumps(asked).encode(), {"Content-Type": "application/json"})
    with urlopen(body) as answer:
        return json.load(answer)


def test_chain_answers_batches_item_by_item(sandbox: Addresses) -> None:
    good = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [PERSON.address]}
    bad = {"jsonrpc": "2.0", "id": 2, "method": "eth_nothing", "params": []}
    none = {"jsonrpc": "2.0", "id": 3, "method": "eth_getTransactionByHash"}
    first, second, third = _rpc(sandbox.chain, [good, bad, {**none, "params": ["0x" + "0" * 64]}])
    assert int(first["result"], 16) == 795558180000000000
    assert second["error"]["code"] == -32601
    assert third["result"] is None
    assert _rpc(sandbox.chain, good)["result"] == first["result"]


def test_ports_and_chain_are_found_again(tmp_path: Path) -> None:
    def head(url: str) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber"}
        return _rpc(url, {**asked, "params": ["latest", False]})["result"]["hash"]

    with running(tmp_path) as first:
        before = head(first.chain)
    with running(tmp_path) as second:
        assert (second, head(second.chain)) == (first, before)
