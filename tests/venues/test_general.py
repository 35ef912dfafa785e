"""A venue without a file of its own: full windows are halved, and it is never called complete."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from connectors.exchanges import general
from connectors.exchanges.client import VenueClient
from connectors.exchanges.general import General
from connectors.exchanges.general_rights import rights
from connectors.records import RawRecord
from syncer.clock import Clock
from syncer.sources import Source
from syncer.store import records
from syncer.store.database import Database
from tests.venues.contract import IMPATIENT, Pulled, pulled_from
from tests.venues.cryptocom import LocalCryptoCom
from tests.venues.life import DAY_MS
from tests.venues.local import START


class LocalAnything(LocalCryptoCom):
    """Crypto.com, as somebody would meet it whose venue has no file."""

    kinds = ("trade", "trade", "trade", "deposit")


class PulledGenerally(Pulled):
    @property
    def source(self) -> Source:
        def open_(database: Database, clock: Clock) -> General:
            client = VenueClient("cryptocom", "x", self.local.key, self.url, 1, IMPATIENT)
            client._client.enableRateLimit = False
            return General("x", client, clock, True)

        return Source("x", "x", open_, general.translator("cryptocom"), general.alone)


@pytest.fixture(autouse=True)
def _opened_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general, "OPENED", START // 1000)


async def test_every_trade_and_transfer_comes_once_through_full_windows(tmp_path: Path) -> None:
    local = LocalAnything(random.Random(4))
    local.live(500, 365 * DAY_MS)
    local.live(700, DAY_MS // 24)  # more in an hour than a page holds
    with pulled_from(local, tmp_path) as found:
        pulled = PulledGenerally(found.local, found.url, found.database)
        first = await pulled.pull()
        assert first.sentence is None
        with pulled.database.read() as connection:
            stored = list(records.latest(connection))
        ids = sorted(json.loads(r.body)["id"] for r in stored)
        wanted = [r for name in ("trades", "deposits", "withdrawals") for r in local.lists[name]]
        assert ids == sorted(r.get("trade_id") or r["id"] for r in wanted)
        assert first.proof is not None
        # fills of a pair that is no longer listed are read by the symbol's words
        assert (first.proof.gaps, first.proof.unread) == (0, 0)
        assert (await pulled.pull()).new_records == 0


def test_a_venue_that_lists_a_short_time_only_says_so() -> None:
    assert general.note("okx").startswith("not verified complete")
    assert "only the last 90 days" in general.note("okx")
    assert "days" not in general.note("kucoin")


async def test_what_ccxt_cannot_list_is_refused_with_what_to_do_instead() -> None:
    client = VenueClient("krakenfutures", "x")
    try:
        with pytest.raises(ConfigError, match="import its files instead"):
            General("x", client, lambda: None)  # type: ignore[arg-type, return-value]
    finally:
        await client.close()
    with pytest.raises(ConfigError, match="ccxt knows no venue nowhere"):
        VenueClient("nowhere", "x")


def said(stream: str, **row: Any) -> RawRecord:
    body = {"id": "7", "timestamp": 1740000000000, "info": {}, **row}
    return RawRecord("x", stream, "7", None, json.dumps(body))


def entries(venue: str, record: RawRecord) -> list[tuple[str, str, str, str]]:
    found = general.translator(venue)([record])
    assert found.problems == ()
    return [(e.kind, e.asset, str(e.quantity), e.role) for e in found.entries]


def test_a_fee_without_its_currency_is_taken_in_the_quote_and_says_so() -> None:
    row = said(
        "trades",
        symbol="BTC/USD",
        side="sell",
        amount="0.025",
        price="64000",
        cost="1600.00",
        fee={"cost": "6.40", "currency": None},
    )
    assert entries("bybit", row) == [
        ("trade", "BTC", "-0.025", "principal"),
        ("trade", "USD", "1600.00", "principal"),
        ("trade", "USD", "-6.40", "fee"),
    ]
    (first, *_) = general.translator("bybit")([row]).entries
    assert first.evidence is not None
    assert first.evidence.endswith("the fee is taken to be in USD")


def test_a_fee_is_counted_once_and_a_negative_one_is_a_rebate() -> None:
    fee = {"cost": "-0.5", "currency": "USDT"}
    row = said("trades", symbol="BTC/USDT", side="buy", amount="1", cost="100", fee=fee, fees=[fee])
    assert entries("okx", row) == [
        ("trade", "BTC", "1", "principal"),
        ("trade", "USDT", "-99.5", "principal"),
    ]
    other = {"cost": "-0.5", "currency": "BNB"}
    row = said("trades", symbol="BTC/USDT", side="buy", amount="1", cost="100", fee=other)
    assert entries("okx", row)[2] == ("income:other", "BNB", "0.5", "principal")


def test_all_fees_of_a_fill_count() -> None:
    fees = [{"cost": "0.5", "currency": "USDT"}, {"cost": "0.001", "currency": "BNB"}]
    row = said("trades", symbol="BTC/USDT", side="buy", amount="1", cost="100", fees=fees)
    assert entries("kucoin", row) == [
        ("trade", "BTC", "1", "principal"),
        ("trade", "USDT", "-100", "principal"),
        ("trade", "USDT", "-0.5", "fee"),
        ("trade", "BNB", "-0.001", "fee"),
    ]


def test_only_what_is_through_counts_and_a_derivative_waits_for_a_word() -> None:
    pending = said("deposits", currency="BTC", amount="1", status="pending")
    assert entries("okx", pending) == []
    done = said("withdrawals", currency="BTC", amount="1", status="ok", fee={"cost": "0.1"})
    assert entries("okx", done) == [
        ("withdrawal", "BTC", "-1", "principal"),
        ("withdrawal", "BTC", "-0.1", "fee"),
    ]
    (odd,) = general.translator("cryptocom")([said("withdrawals", status="5")]).problems
    assert odd.sentence == "the status '5' of this transfer is not known"
    swap = said("trades", symbol="BTC/USDT:USDT", side="buy", amount="1", cost="1")
    assert {kind for kind, *_ in entries("okx", swap)} == {"unknown:derivative BTC/USDT:USDT"}


def test_a_row_that_cannot_be_told_from_others_is_set_aside() -> None:
    (problem,) = general.translator("okx")([said("trades", id=None)]).problems
    assert "gives this row no id" in problem.sentence


@pytest.mark.parametrize(
    ("venue", "answer", "trades", "withdraws"),
    [
        ("okx", {"data": [{"perm": "read_only"}]}, 0, 0),
        ("okx", {"data": [{"perm": "read_only,trade,withdraw"}]}, 2, 1),
        ("kucoin", {"data": {"permission": "General"}}, 0, 0),
        ("kucoin", {"data": {"permission": "General,Trade,Withdrawal"}}, 2, 1),
        ("bybit", {"result": {"readOnly": 1, "permissions": {"Spot": ["SpotTrade"]}}}, 0, 0),
        ("bybit", {"result": {"readOnly": 0, "permissions": {"Wallet": ["Withdraw"]}}}, 1, 1),
        ("bitfinex", [["orders", 1, 0], ["withdraw", 0, 0]], 0, 0),
        ("bitfinex", [["orders", 1, 1], ["withdraw", 0, 1]], 2, 1),
        ("binance", {"enableReading": True, "enableWithdrawals": False}, 0, 0),
        ("binance", {"enableReading": True, "enableWithdrawals": True}, 1, 1),
    ],
)
async def test_what_a_key_may_do_is_read_in_the_venues_words(
    venue: str, answer: Any, trades: int, withdraws: int
) -> None:
    class Answers:
        async def call(self, endpoint: str) -> Any:
            return answer

    asking = Answers()
    asking.venue = venue  # type: ignore[attr-defined]
    told = await rights(asking)  # type: ignore[arg-type]
    assert told is not None
    assert (len(told.trades), len(told.withdraws)) == (trades, withdraws)
