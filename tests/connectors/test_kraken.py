"""Ledger rows to entries, keys, and prices of the past."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.exchanges import kraken
from connectors.exchanges.client import VenueClient
from connectors.prices.kraken import KrakenPrices
from connectors.prices.source import UnknownAsset
from connectors.records import RawRecord
from syncer.demo import story
from syncer.ledger.group import drafts
from tests.venue import NOW, venue

D = Decimal


def record(native_id: str, stream: str = "ledgers", **row: Any) -> RawRecord:
    fields = {"refid": "R1", "time": 1738573200, "subtype": "", "fee": "0", **row}
    return RawRecord("kraken", stream, native_id, None, json.dumps(fields))


def entries(*records: RawRecord) -> list[tuple[str, str, str, Decimal, str]]:
    found = kraken.translate(records)
    assert found.problems == ()
    return [(e.group, e.kind, e.asset, e.quantity, e.role) for e in found.entries]


def test_amount_less_fee_is_what_the_balance_changes_by() -> None:
    row = record("L1", type="trade", asset="XXBT", amount="0.0200000000", fee="0.0001")
    assert entries(row) == [
        ("R1", "trade", "BTC", D("0.0200000000"), "principal"),
        ("R1", "trade", "BTC", D("-0.0001"), "fee"),
    ]


def test_pots_of_one_coin_are_one_coin_and_their_moves_no_event() -> None:
    out = record("L1", type="earn", subtype="allocation", asset="DOT", amount="-200")
    into = record("L2", type="earn", subtype="allocation", asset="DOT.F", amount="200")
    old = record("L3", type="transfer", subtype="spottostaking", asset="ADA", amount="-1000")
    reward = record("L4", type="earn", subtype="reward", asset="DOT28.S", amount="1.2")
    assert [(kind, asset, q) for _, kind, asset, q, _ in entries(out, into, old, reward)] == [
        ("pot_move", "DOT", D(-200)),
        ("pot_move", "DOT", D(200)),
        ("withdrawal", "ADA", D(-1000)),
        ("income:staking", "DOT", D("1.2")),
    ]


@pytest.mark.parametrize(
    ("type_", "subtype", "amount", "kind"),
    [
        ("transfer", "spottofutures", "-1", "withdrawal"),
        ("transfer", "spotfromfutures", "1", "deposit"),
        ("transfer", "airdrop", "1", "income:airdrop"),
        ("transfer", "fork", "1", "income:fork"),
        ("transfer", "", "1", "unknown:transfer"),
        ("credit", "", "1", "income:other"),
        ("credit", "", "-1", "unknown:negative income:other"),
        ("invite bonus", "", "1", "income:other"),
        ("staking", "", "1", "income:staking"),
        ("margin", "", "1", "unknown:margin"),
        ("rollover", "", "-1", "unknown:rollover"),
    ],
)
def test_kinds(type_: str, subtype: str, amount: str, kind: str) -> None:
    row = record("L1", type=type_, subtype=subtype, asset="DOT", amount=amount)
    assert [(k, q) for _, k, _, q, _ in entries(row)] == [(kind, D(amount))]


def test_a_delisted_coin_taken_for_another_is_a_trade_and_a_renamed_one_is_nothing() -> None:
    swapped = [
        record("L1", type="adjustment", asset="XREP", amount="-10"),
        record("L2", type="adjustment", asset="REPV2", amount="10"),
    ]
    assert [(g, k, a) for g, k, a, _, _ in entries(*swapped)] == [
        ("R1", "trade", "REPV1"),
        ("R1", "trade", "REP"),
    ]
    renamed = [
        record("L1", type="adjustment", asset="MATIC", amount="-10"),
        record("L2", type="adjustment", asset="POL", amount="10"),
    ]
    (draft,) = drafts(kraken.translate(renamed).entries)
    assert draft.legs == ()


def test_names_are_not_made_from_letters() -> None:
    # stripping a leading X or Z once turned XTER and ZETA into other coins
    rows = [record(f"L{a}", type="trade", asset=a, amount="1") for a in ("XTER", "ZETA", "XXRP")]
    assert [asset for _, _, asset, _, _ in entries(*rows)] == ["kraken:XTER", "kraken:ZETA", "XRP"]


def test_status_streams_give_hash_and_address() -> None:
    row = record("L1", type="withdrawal", asset="XETH", amount="-2.5", fee="0.0025")
    status = record("R1", "withdrawals", txid="0xAB", info="0xme", network="Ethereum")
    first, fee = kraken.translate([row, status]).entries
    assert (first.txid, first.address, first.network) == ("0xAB", "0xme", "Ethereum")
    assert (first.quantity, fee.quantity) == (D("-2.5"), D("-0.0025"))


def test_microseconds_of_the_venue_are_kept() -> None:
    row = record("L1", type="trade", asset="XXBT", amount="1", time="1700000000.4491")
    (entry,) = kraken.translate([row]).entries
    assert entry.at == datetime(2023, 11, 14, 22, 13, 20, 449100, tzinfo=UTC)


@pytest.mark.parametrize(
    ("permissions", "hidden", "refusal"),
    [
        (["query-ledger"], {}, None),
        (["query-ledger", "withdraw-funds"], {}, "the key of kraken can withdraw"),
        (["query-ledger"], {"queryFrom": "1700000000"}, "the key of kraken hides part"),
    ],
)
async def test_key_reports(
    permissions: list[str], hidden: dict[str, str], refusal: str | None, tmp_path: Path
) -> None:
    with venue(tmp_path) as found:
        info = found.server.private_GetApiKeyInfo({})
        told = {**info, "permissions": permissions, **hidden}
        found.server.private_GetApiKeyInfo = lambda asked: told  # type: ignore[method-assign]
        from config.secrets import ApiKey
        from syncer.demo.sandbox import API_KEY, API_SECRET

        client = VenueClient("kraken", "kraken", ApiKey(API_KEY, API_SECRET), found.url, 1)
        try:
            report = await kraken.Kraken("kraken", client, lambda: NOW).check_key()
        finally:
            await client.close()
    assert (report.refusal or "").startswith(refusal or "")
    assert (report.refusal is None) == (refusal is None)


async def test_price_of_the_past_is_the_last_trade_before(tmp_path: Path) -> None:
    with venue(tmp_path) as found:
        client = VenueClient("kraken", "prices", None, found.url, 1)
        prices = KrakenPrices(client)
        try:
            at = datetime(2025, 3, 31, 23, 59, 30, tzinfo=UTC)
            before = await prices.past("BTC", at)
            after = await prices.past("BTC", datetime(2025, 4, 1, 0, 0, 30, tzinfo=UTC))
            wrapped = await prices.past("WETH", at)
            with pytest.raises(UnknownAsset, match="kraken lists no ethereum:0xabc"):
                await prices.past("ethereum:0xabc", at)
            now = await prices.present(["BTC", "WETH", "kraken:XNEW"])
        finally:
            await prices.close()
    assert before is not None
    assert (before.usd, before.method) == (
        D(96000),
        "trade of XXBTZUSD at 2025-03-31 23:59:00 UTC",
    )
    assert after is not None
    assert after.usd == D(52000)
    assert wrapped is not None
    assert wrapped.usd == D(3300)
    assert {a: p.usd for a, p in now.items()} == {"BTC": D(52000), "WETH": D(1800)}


async def test_price_is_found_where_more_trades_lie_between_than_a_page_holds(
    tmp_path: Path,
) -> None:
    with venue(tmp_path) as found:
        whole = found.server.public_Trades

        def gap(asked: dict[str, str]) -> Any:
            """Nothing traded for 20 hours; then 1,000 rows a page from a day before on."""
            answer = whole({**asked, "count": "1000"})
            end = story.at("2025-05-02 04:00:00").timestamp()
            rows = [r for r in answer["XXBTZUSD"] if r[2] < end]
            return {"XXBTZUSD": rows, "last": answer["last"]}

        found.server.public_Trades = gap  # type: ignore[method-assign]
        prices = KrakenPrices(VenueClient("kraken", "prices", None, found.url, 1))
        try:
            price = await prices.past("BTC", datetime(2025, 5, 2, 23, 0, tzinfo=UTC))
        finally:
            await prices.close()
    assert price is not None
    assert price.method == "trade of XXBTZUSD at 2025-05-02 03:59:00 UTC, stale by 19:01:00"


async def test_rows_arriving_during_the_walk_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    from config.secrets import ApiKey
    from syncer.demo.sandbox import API_KEY, API_SECRET
    from tests.venue import row

    with venue(tmp_path) as found:
        found.book.ledgers = {
            f"L{i:03d}": row(
                f"T{i}", f"2025-05-01 10:{i // 60:02d}:{i % 60:02d}", "staking", "XXBT", "1"
            )
            for i in range(120)
        }
        client = VenueClient("kraken", "kraken", ApiKey(API_KEY, API_SECRET), found.url, 1)
        puller, seen, pages = kraken.Kraken("kraken", client, lambda: NOW), [], 0
        try:
            async for page in puller.pull({}):
                if page.stream == "ledgers":
                    pages += 1
                    seen += [r.native_id for r in page.records]
                    late = row(f"N{pages}", f"2025-05-01 11:00:0{pages}", "staking", "XXBT", "1")
                    found.book.ledgers[f"N{pages}"] = late
        finally:
            await client.close()
    assert {i for i in seen if i.startswith("L")} == {f"L{i:03d}" for i in range(120)}
