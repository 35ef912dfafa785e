"""Each price source against a server that speaks its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from config.errors import AuthError, DataError, RateLimited, TransientError
from config.listings import Listing
from connectors.chains.rpc import Rpc
from connectors.exchanges.client import VenueClient
from connectors.prices import coingecko
from connectors.prices.candles import VENUES, Candles
from connectors.prices.chainlink import Chainlink
from connectors.prices.coingecko import CoinGecko
from connectors.prices.defillama import DefiLlama
from connectors.prices.ecb import EcbRates
from connectors.prices.source import PriceSource, UnknownAsset
from connectors.retry import RetryPolicy
from connectors.web import Web
from tests.chains.anvil import NOON, anvil, vyper
from tests.prices.servers import CANDLES, MINUTE, USDC, Api, Ecb, Gecko, Llama
from tests.serving import serving

D = Decimal
AT = datetime(2025, 3, 4, 12, 30, 40, tzinfo=UTC)
T = int(AT.timestamp())
LISTING = Listing({"ethereum": 1, "home": 31337})
ONCE = RetryPolicy(attempts=1)


@asynccontextmanager
async def _asked(api: Api, make: Any) -> AsyncIterator[PriceSource]:
    with serving(api.app()) as url:
        source = make(url)
        try:
            yield source
        finally:
            await source.close()


def _llama(url: str) -> PriceSource:
    return DefiLlama(Web("defillama", url, retry=ONCE), LISTING)


async def test_defillama_by_contract_and_by_coin_stale_and_thin_ones_are_marked() -> None:
    token = f"ethereum:{USDC}"
    api = Llama(
        {
            token: [(T - 100, "0.9995", "0.99")],
            "coingecko:bitcoin": [(T + 7_200, "90000.5", "0.5")],
            "coingecko:dogecoin": [(T, "0", "0.99")],
            "coingecko:cardano": [(T, "1", "0.1")],
        }
    )
    async with _asked(api, _llama) as source:
        found = {a: await source.past(a, AT) for a in ("USDC", "BTC", "DOGE", "ADA", "SOL")}
        with pytest.raises(UnknownAsset):
            await source.past("kraken:XNEW", AT)
        with pytest.raises(UnknownAsset):
            await source.past("home:0xabc", AT)
        now = await source.present(["BTC", "USDC", "SOL", "w:WORD"])
    assert found["USDC"] is not None
    assert (found["USDC"].usd, "stale" in found["USDC"].method) == (D("0.9995"), False)
    assert found["BTC"] is not None
    assert found["BTC"].usd == D("90000.5")
    assert found["BTC"].method.endswith("thin (confidence 0.5), stale by 2:00:00")
    # a price of zero, one that nobody trusts, and none at all
    assert [found[a] for a in ("DOGE", "ADA", "SOL")] == [None] * 3
    assert {a: p.usd for a, p in now.items()} == {"BTC": D("90000.5"), "USDC": D("0.9995")}


async def test_a_wait_that_is_too_long_is_told_and_not_waited_for() -> None:
    api = Llama({})
    async with _asked(api, _llama) as source:
        api.limited = 1
        with pytest.raises(RateLimited) as limited:
            await source.past("BTC", AT)
        api.broken = True
        with pytest.raises(TransientError, match="status 503"):
            await source.past("BTC", AT)
    assert limited.value.retry_after == 120


async def test_coingecko_nearest_hour_a_year_back_and_no_further_without_a_key() -> None:
    points = {"bitcoin": [(T - 2_000, "90000.25"), (T + 1_700, "90010")], "solana": []}
    api = Gecko(points, AT + timedelta(days=300))  # type: ignore[arg-type]

    def free(url: str) -> PriceSource:
        return CoinGecko(Web("coingecko", url, retry=ONCE), LISTING)

    async with _asked(api, free) as source:
        price = await source.past("BTC", AT)
        assert price is not None
        assert price.usd == D("90010")
        assert await source.past("SOL", AT) is None
        with pytest.raises(UnknownAsset, match="coingecko knows no ETH"):
            await source.past("ETH", AT)
        with pytest.raises(DataError, match="365 days"):
            await source.past("BTC", AT - timedelta(days=100))
    api.today = AT + timedelta(days=3000)

    def paid(url: str) -> PriceSource:
        headers = coingecko.key_header("https://pro-api.coingecko.com", "secret")
        return CoinGecko(Web("coingecko", url, headers=headers, retry=ONCE), LISTING)

    async with _asked(api, paid) as source:
        assert await source.past("BTC", AT) == price


@pytest.mark.parametrize(
    ("status", "document", "error"),
    [
        (401, {"status": {"error_code": 401, "error_message": "Invalid API key"}}, AuthError),
        (200, {"status": {"error_code": 429, "error_message": "Rate"}}, RateLimited),
        (400, {"error": "coin not found"}, UnknownAsset),
        (400, {"error": "odd"}, DataError),
    ],
)
async def test_coingecko_says_its_errors_in_many_shapes(
    status: int, document: Any, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = Web("coingecko", "http://127.0.0.1:1", retry=ONCE)

    async def said(*_: Any) -> tuple[int, Any]:
        return status, document

    monkeypatch.setattr(web, "json", said)
    with pytest.raises(error):
        await CoinGecko(web, LISTING).past("BTC", AT)


async def test_other_money_by_the_last_rate_before() -> None:
    """2025-03-08 was a Saturday."""
    rates = {"USD": {"2025-03-07": "1.0857"}, "GBP": {"2025-03-07": "0.84050"}}
    api = Ecb({**rates, "CAD": {"2025-03-08": "NaN"}})
    async with _asked(api, lambda url: EcbRates(Web("ecb", url, retry=ONCE))) as source:
        saturday = datetime(2025, 3, 8, 12, tzinfo=UTC)
        euro, pound = await source.past("EUR", saturday), await source.past("GBP", saturday)
        assert await source.past("CAD", saturday) is None
        assert await source.past("EUR", saturday + timedelta(days=30)) is None
        for asset in ("USD", "BTC"):
            with pytest.raises(UnknownAsset):
                await source.past(asset, saturday)
    assert euro is not None
    assert (euro.usd, euro.method) == (D("1.0857"), "reference rate of EUR on 2025-03-07")
    assert pound is not None
    assert pound.usd == D("1.0857") / D("0.84050")


@pytest.mark.parametrize("venue", sorted(CANDLES))
async def test_the_minutes_candle_of_each_venue_by_the_real_client(venue: str) -> None:
    minute = T - T % MINUTE
    bars = [
        (minute - 2 * MINUTE, "90001.5", "0.25"),
        (minute - 90 * MINUTE, "90002.5", "1"),
        (minute + MINUTE, "12345", "9"),  # later: not known then
    ]
    api: Api = CANDLES[venue](bars)

    def opened(url: str) -> PriceSource:
        return Candles(venue, VenueClient(VENUES[venue], "prices", None, url, 1, ONCE))

    async with _asked(api, opened) as source:
        price = await source.past("BTC", AT)
        earlier = await source.past("BTC", AT - timedelta(minutes=20))
        none = await source.past("BTC", AT - timedelta(days=2))
        with pytest.raises(UnknownAsset):
            await source.past("XYZ", AT)
    assert price is not None
    assert price.usd == D("90001.5")
    assert price.method.startswith("candle of BTC/USD at 2025-03-04 12:28 UTC")
    assert earlier is not None
    assert (earlier.usd, "stale by 1:10:00" in earlier.method) == (D("90002.5"), True)
    assert none is None


async def test_all_held_coins_are_asked_for_at_once() -> None:
    api = CANDLES["bitstamp"]([])

    def opened(url: str) -> PriceSource:
        return Candles("bitstamp", VenueClient(VENUES["bitstamp"], "prices", None, url, 1, ONCE))

    async with _asked(api, opened) as source:
        found = await source.present(["BTC", "ETH", "XYZ"])
    assert {a: p.usd for a, p in found.items()} == {"BTC": D("60000.5"), "ETH": D("3000.25")}
    assert api.asked["/api/v2/ticker/"] == 1


FEED = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419"


@contextmanager
def _feed() -> Any:
    """A chain on which the feed's price moves each hour from 3000 on, with blocks between."""
    with anvil(chain_id=1) as node:
        built = node.deploy(node.accounts[0], vyper("Feed"))
        node.mine(3)
        feed = node.at(FEED, built, {})
        for hour in range(1, 9):
            node("evm_setNextBlockTimestamp", NOON + hour * 3_600)
            feed.send(node.accounts[0], "write", (3_000 + hour) * 10**8)
            for step in range(1, 5):
                node("evm_setNextBlockTimestamp", NOON + hour * 3_600 + step * 700)
                node("evm_mine")
        yield node


async def test_a_feed_at_the_block_of_an_instant() -> None:
    noon = datetime.fromtimestamp(NOON, UTC)
    with _feed() as node:
        source = Chainlink(Rpc("ethereum", [node.url], ONCE))
        try:
            told = {
                hour: await source.past("ETH", noon + timedelta(hours=hour, minutes=30))
                for hour in (0, 1, 4, 8)
            }
            wrapped = await source.past("WETH", noon + timedelta(hours=5))
            before = await source.past("ETH", noon - timedelta(days=9))
            much_later = await source.past("ETH", noon + timedelta(days=9))
            with pytest.raises(UnknownAsset):
                await source.past("DOGE", noon)
            nothing_there = await source.past("BTC", noon + timedelta(hours=2))
        finally:
            await source.close()
    prices = {hour: price.usd for hour, price in told.items() if price}
    assert prices == {1: D(3001), 4: D(3004), 8: D(3008)}
    assert wrapped is not None
    assert wrapped.usd == D(3005)
    assert told[4] is not None
    assert "round of 2025-01-01 16:00:00 UTC" in told[4].method
    assert (before, much_later, nothing_there) == (None, None, None)
