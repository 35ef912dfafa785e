"""Real reports about syncing and fees, with the right answer to the cent, through the whole
product: a local venue, the real client, the command line. Sources: the issue named at each test."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connectors.exchanges import binanceus
from tests.conftest import Run
from tests.serving import serving
from tests.venues.binanceus import LocalBinanceUs
from tests.venues.coinbase import LocalCoinbase
from tests.venues.local import LocalVenue

D = Decimal
Ask = Callable[..., Any]


@pytest.fixture
def asked(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`asked(local)` serves a venue and gives the command line over its books."""

    @contextmanager
    def serve(local: LocalVenue, held: dict[str, str]) -> Iterator[Ask]:
        local.now = int(datetime(2025, 12, 1, tzinfo=UTC).timestamp() * 1000)
        local.held = lambda: {a: D(q) for a, q in held.items()}  # type: ignore[method-assign]
        monkeypatch.setenv("SYNCER_NOW", "2025-12-01T00:00:00Z")
        key = f'{{"apiKey": "{local.key.key}", "secret": "{local.key.secret}"}}'
        monkeypatch.setenv("SYNCER_KEY_MINE", key)
        config = tmp_path / "syncer.toml"
        with serving(local.app()) as url:
            config.write_text(
                f'[prices]\nsources = []\n[[account]]\nname = "mine"\nkind = "exchange"\n'
                f'venue = "{local.venue}"\napi_url = "{url}"\nrate_limit_ms = 1\n'
            )
            yield lambda *words: run(*words, config=config)

    return serve


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def fill(number: int, at: int, quantity: str, price: str, fee: str, **more: Any) -> dict[str, Any]:
    """A purchase of ETH for dollars at Binance.US."""
    return {
        "symbol": "ETHUSD",
        "id": number,
        "orderId": 1,
        "price": price,
        "qty": quantity,
        "quoteQty": format(D(quantity) * D(price), "f"),
        "commission": fee,
        "commissionAsset": "USD",
        "time": at,
        "isBuyer": True,
        "isMaker": False,
        **more,
    }


def totals(rows: list[dict[str, Any]]) -> tuple[Decimal, Decimal]:
    return sum(D(r["quantity"]) for r in rows), sum(D(r["basis_usd"]) for r in rows)  # type: ignore[return-value]


def test_equal_fills_of_one_millisecond_are_two_and_the_page_edge_is_one(
    asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ccxt/ccxt#5861, ccxt/ccxt#15827; pages of three, so that 903 is on both."""
    monkeypatch.setattr(binanceus, "FILLS", 3)
    local = LocalBinanceUs(random.Random(1))
    local.fills = [
        fill(901, 1740000000123, "0.10", "2000", "0.20"),
        fill(902, 1740000000123, "0.10", "2000", "0.20"),
        fill(903, 1740000005000, "0.30", "2010", "0.60"),
        fill(904, 1740000009000, "0.05", "2020", "0.10"),
    ]
    with asked(local, {"ETH": "0.55", "USD": "-1105.10"}) as ask:
        first = ask("sync", "--json").json["sync"]["sources"][0]
        assert first["balance_gaps"] == 0
        assert totals(ask("lots", "--json").json["lots"]) == (D("0.55"), D("1105.10"))
        assert ask("sync", "--json").json["sync"]["sources"][0]["new_records"] == 0
        assert ask("sync", "--full", "--json").json["sync"]["sources"][0]["new_records"] == 0


def test_killed_between_pages_each_trade_is_there_once(
    asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """firefly-iii/firefly-iii#3786; the third page fails, twice, after two were stored."""
    monkeypatch.setattr(binanceus, "FILLS", 2)
    local = LocalBinanceUs(random.Random(1))
    local.fills = [fill(n, 1740000000000 + n, "0.1", "2000", "0.20") for n in range(1, 7)]
    pages = local._trades

    async def failing(request: web.Request) -> web.Response:
        if request.query["symbol"] == "ETHUSD" and int(request.query["fromId"]) >= 5:
            return web.Response(status=500)
        return await pages(request)

    with monkeypatch.context() as broken:
        broken.setattr(local, "_trades", failing)
        with asked(local, {"ETH": "0.6", "USD": "-1201.20"}) as ask:
            for _ in range(2):
                assert ask("sync").code == 1
                assert totals(ask("lots", "--json").json["lots"]) == (D("0.4"), D("800.80"))
    with asked(local, {"ETH": "0.6", "USD": "-1201.20"}) as ask:
        assert ask("sync").code == 0
        for again in (["sync"], ["sync", "--full"]):
            assert ask(*again).code == 0
            assert totals(ask("lots", "--json").json["lots"]) == (D("0.6"), D("1201.20"))


def test_after_three_days_off_one_pull_brings_what_happened_meanwhile(
    asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ritik4ever/stellar-portfolio-rebalancer#773; from the stored place, not from an hour ago."""
    local = LocalBinanceUs(random.Random(1))
    local.fills = [fill(1, ms("2025-05-01T10:00:00"), "0.1", "2000", "0.20")]
    with asked(local, {"ETH": "0.1", "USD": "-200.20"}) as ask:
        monkeypatch.setenv("SYNCER_NOW", "2025-05-01T10:00:30Z")
        local.now = ms("2025-05-01T10:00:30")
        assert ask("sync").code == 0
        for number, when in enumerate(("02T09:10:00", "03T22:41:00", "04T10:59:00"), 2):
            local.fills.append(fill(number, ms(f"2025-05-{when}"), "0.1", "2000", "0.20"))
        local.held = lambda: {"ETH": D("0.4"), "USD": D("-800.80")}  # type: ignore[method-assign]
        monkeypatch.setenv("SYNCER_NOW", "2025-05-04T11:00:00Z")
        local.now = ms("2025-05-04T11:00:00")
        caught_up = ask("sync", "--json").json["sync"]["sources"][0]
        assert (caught_up["new_records"], caught_up["balance_gaps"]) == (3, 0)
        assert totals(ask("lots", "--json").json["lots"]) == (D("0.4"), D("800.80"))
        (status,) = ask("status", "--json").json["status"]["sources"]
        assert (status["last_success_at"], status["problems"]) == ("2025-05-04T11:00:00Z", [])


def test_a_commission_without_a_currency_lowers_the_proceeds(
    asked: Callable[..., Any], tmp_path: Path
) -> None:
    """ccxt/ccxt#20257, ccxt/ccxt#6821; Coinbase's commission is in the quote currency."""
    local = LocalCoinbase(random.Random(1))
    local.fills = [
        {
            "entry_id": "e1",
            "trade_id": "t1",
            "order_id": "o1",
            "trade_time": "2025-06-01T12:00:00.000001Z",
            "price": "64000",
            "size": "0.025",
            "size_in_quote": False,
            "commission": "6.40",
            "product_id": "BTC-USD",
            "sequence_timestamp": "2025-06-01T12:00:00.000001Z",
            "side": "SELL",
        }
    ]
    opening = tmp_path / "opening.csv"
    opening.write_text(
        "time,kind,account,in_asset,in_quantity,lot_acquired_at,lot_basis_usd\n"
        "2025-01-09T12:00:00Z,opening,mine,BTC,0.025,2025-01-09T12:00:00Z,1200.00\n"
    )
    with asked(local, {"BTC": "0", "USD": "1593.60"}) as ask:
        assert ask("import", str(opening)).code == 0
        assert ask("sync", "--json").json["sync"]["sources"][0]["balance_gaps"] == 0
        (sale,) = ask("disposals", "--year", "2025", "--json").json["disposals"]
    told = sale["proceeds_usd"], sale["basis_usd"], sale["gain_usd"], sale["term"]
    assert told == ("1593.60", "1200.00", "393.60", "short")


def test_a_fee_in_a_third_coin_is_a_disposition_of_its_own(
    asked: Callable[..., Any], tmp_path: Path
) -> None:
    """eprbell/dali-rp2#164, freqtrade/freqtrade#4987; BNB was worth 600.00."""
    local = LocalBinanceUs(random.Random(1))
    paid = {"commissionAsset": "BNB"}
    local.fills = [fill(7484, ms("2025-03-12T10:00:00"), "0.1", "3000", "0.001", **paid)]
    journal = tmp_path / "journal.csv"
    journal.write_text(
        "time,kind,account,in_asset,in_quantity,lot_acquired_at,lot_basis_usd\n"
        "2024-01-05T12:00:00Z,opening,mine,BNB,0.01,2024-01-05T12:00:00Z,2.50\n"
    )
    with asked(local, {"ETH": "0.1", "USD": "-300", "BNB": "0.009"}) as ask:
        assert ask("import", str(journal)).code == 0
        assert ask("sync", "--json").json["sync"]["sources"][0]["balance_gaps"] == 0
        (gap,) = ask("review", "--json").json["review"]
        assert gap["kind"] == "no_price"
        assert (gap["asset"], gap["quantity"]) == ("BNB", "0.001")
        (disposal,) = ask("disposals", "--year", "2025", "--json").json["disposals"]
        assert (disposal["kind"], disposal["asset"], disposal["quantity"]) == (
            "fee",
            "BNB",
            "0.001",
        )
        (lot,) = [x for x in ask("lots", "--json").json["lots"] if x["asset"] == "ETH"]
        assert lot["quantity"] == "0.1"


def test_a_purchase_with_a_stablecoin_is_a_trade_and_no_transfer(
    asked: Callable[..., Any], tmp_path: Path
) -> None:
    """eprbell/dali-rp2#227; both legs carry one id."""
    local = LocalCoinbase(random.Random(1))
    sides = {"trade": {"id": "5551"}, "created_at": "2025-02-02T12:00:00Z", "status": "completed"}
    local.lists["acc-btc"] = [
        {
            "id": "b1",
            "type": "trade",
            "amount": {"amount": "0.01", "currency": "BTC"},
            "native_amount": {"amount": "950.00", "currency": "USD"},
            **sides,
        }
    ]
    local.accounts["acc-usdt"] = "USDT"
    local.lists["acc-usdt"] = [
        {
            "id": "u1",
            "type": "trade",
            "amount": {"amount": "-950", "currency": "USDT"},
            "native_amount": {"amount": "-950.00", "currency": "USD"},
            **sides,
        }
    ]
    opening = tmp_path / "opening.csv"
    opening.write_text(
        "time,kind,account,in_asset,in_quantity,lot_acquired_at,lot_basis_usd\n"
        "2025-01-02T12:00:00Z,opening,mine,USDT,1000,2025-01-02T12:00:00Z,1000.00\n"
    )
    with asked(local, {"BTC": "0.01", "USDT": "-950"}) as ask:
        assert ask("import", str(opening)).code == 0
        assert ask("sync").code == 0
        (trade,) = [
            e for e in ask("events", "--json").json["events"] if e["rule"] != "stated_by_the_file"
        ]
        assert trade["kind"] == "trade"
        (sale,) = ask("disposals", "--year", "2025", "--json").json["disposals"]
        assert (sale["proceeds_usd"], sale["gain_usd"]) == ("950.00", "0.00")
        lots = {x["asset"]: x for x in ask("lots", "--json").json["lots"]}
        assert (lots["BTC"]["quantity"], lots["BTC"]["basis_usd"]) == ("0.01", "950.00")
        assert (lots["USDT"]["quantity"], lots["USDT"]["basis_usd"]) == ("50", "50.00")


def test_an_unknown_kind_is_kept_shown_and_keeps_the_year_from_being_complete(
    asked: Callable[..., Any],
) -> None:
    local = LocalCoinbase(random.Random(1))
    local.lists["acc-btc"] = [
        {
            "id": "n1",
            "type": "brand_new_thing",
            "status": "completed",
            "amount": {"amount": "0.5", "currency": "BTC"},
            "native_amount": {"amount": "30000.00", "currency": "USD"},
            "created_at": "2025-02-02T12:00:00Z",
        }
    ]
    with asked(local, {"BTC": "0.5"}) as ask:
        done = ask("sync", "--json")
        assert (done.code, done.json["sync"]["sources"][0]["balance_gaps"]) == (0, 0)
        (item,) = ask("review", "--json").json["review"]
        assert (item["kind"], item["asset"], item["quantity"]) == ("unknown_event", "BTC", "0.5")
        assert ask("tax", "--year", "2025", "--json").json["tax"]["incomplete"] is True
