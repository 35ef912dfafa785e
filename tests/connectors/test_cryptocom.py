"""What the rows of Crypto.com mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.exchanges import cryptocom
from connectors.records import RawRecord
from tests.connectors.said import groups, said, told

MS = 1740830400000  # 2025-03-01 12:00 UTC


def test_cryptocom_fees_are_negative_where_they_were_paid() -> None:
    fields = {
        "side": "BUY",
        "instrument_name": "BTC_USD",
        "traded_price": "26347.16",
        "traded_quantity": "0.00021",
        "fee_instrument_name": "BTC",
        "order_id": "1",
        "create_time_ns": f"{MS}000001",
    }
    assert told("cryptocom", said("trades", "1", fees="-0.0000000525", **fields)) == [
        ("trade", "BTC", "0.00021", "principal"),
        ("trade", "USD", "-5.5329036", "principal"),
        ("trade", "BTC", "-0.0000000525", "fee"),
    ]
    rebate = told("cryptocom", said("trades", "1", fees="0.0000000525", **fields))
    assert rebate[0] == ("trade", "BTC", "0.0002100525", "principal")
    perp = said("trades", "2", fees="-1", **{**fields, "instrument_name": "BTCUSD-PERP"})
    assert [k for k, *_ in told("cryptocom", perp)] == ["unknown:derivative BTCUSD-PERP"]


def journal(number: str, type_: str, asset: str, quantity: str, **more: Any) -> RawRecord:
    fields = {
        "journal_type": type_,
        "instrument_name": asset,
        "transaction_qty": quantity,
        "event_timestamp_ns": f"{MS}000000",
        "trade_id": "0",
        "order_id": "0",
        **more,
    }
    at = datetime(2025, 3, 1, 12, tzinfo=UTC)
    return RawRecord("x", "journal", number, at, json.dumps(fields))


def test_cryptocom_a_fill_is_three_rows_of_the_journal_and_its_fill_adds_nothing() -> None:
    ids = {"trade_id": "7", "order_id": "3"}
    rows = [
        journal("1", "TRADING", "BTC", "-0.0002", **ids),
        journal("2", "TRADING", "USD", "6.06494", **ids),
        journal("3", "TRADE_FEE", "USD", "-0.001516235", **ids),
        said("trades", "7", instrument_name="BTC_USD", side="SELL"),
    ]
    assert told("cryptocom", *rows) == [
        ("trade", "BTC", "-0.0002", "principal"),
        ("trade", "USD", "6.06494", "principal"),
        ("trade", "USD", "-0.001516235", "fee"),
    ]
    assert set(groups("cryptocom", rows)) == {"trade:7"}


@pytest.mark.parametrize(
    ("type_", "quantity", "kind"),
    [
        ("ONCHAIN_DEPOSIT", "1", "deposit"),
        ("SUBACCOUNT_TX", "-1", "withdrawal"),
        ("FIAT_DEPOSIT", "1", "deposit"),
        ("STAKING", "-1", "unseen_pot"),
        ("STAKING_REWARDS", "1", "income:staking"),
        ("MANUAL_CONVERSION", "-1", "trade"),
        ("CRYPTO_DUSTING", "-1", "unknown:CRYPTO_DUSTING"),
        ("ADMIN_ADJUSTMENT", "-1", "unknown:ADMIN_ADJUSTMENT"),
        ("SOMETHING_NEW", "-1", "unknown:SOMETHING_NEW"),
    ],
)
def test_cryptocom_journal(type_: str, quantity: str, kind: str) -> None:
    row = journal("1", type_, "CRO", quantity)
    assert told("cryptocom", row) == [(kind, "CRO", quantity, "principal")]


def test_cryptocom_a_withdrawal_takes_hash_and_fee_from_its_history() -> None:
    history = said(
        "withdrawals",
        "5",
        currency="BTC",
        amount="24.2",
        fee="0.8",
        status="5",
        create_time=MS,
        txid="ab/2",
        address="me",
    )
    rows = [journal("1", "ONCHAIN_WITHDRAWAL", "BTC", "-25.0"), history]
    assert told("cryptocom", *rows) == [
        ("withdrawal", "BTC", "-24.2", "principal"),
        ("withdrawal", "BTC", "-0.8", "fee"),
    ]
    (first, _) = cryptocom.translate(rows).entries
    assert (first.txid, first.address) == ("ab", "me")
    # older than the journal goes back, the history stands alone
    later = journal("1", "ADJUSTMENT", "BTC", "1")
    old = replace(history, body=history.body.replace(str(MS), str(MS - 10**9)))
    assert told("cryptocom", later, old)[1:] == [
        ("withdrawal", "BTC", "-24.2", "principal"),
        ("withdrawal", "BTC", "-0.8", "fee"),
    ]


def test_cryptocom_a_hole_in_the_journal_is_filled_from_the_histories() -> None:
    def deposit(native_id: str, at: int) -> RawRecord:
        return said("deposits", native_id, currency="BTC", amount="2", status="1", create_time=at)

    begin, end = MS // 1000 + 1_000, MS // 1000 + 9_000
    hole = said("#unread", "journal 7", sentence="rows may be missing", feed="journal")
    body = json.loads(hole.body) | {"from": begin, "to": end}
    hole = replace(hole, body=json.dumps(body))
    rows = [
        journal("1", "ADJUSTMENT", "BTC", "1"),
        deposit("5", (begin + 60) * 1000),
        deposit("6", (end + 60) * 1000),
    ]
    found = cryptocom.translate([*rows, hole])
    assert [(e.native_id, str(e.quantity)) for e in found.entries][1:] == [("5", "2")]
    assert [p.sentence for p in found.problems] == ["rows may be missing"]
    assert len(cryptocom.translate(rows).entries) == 1


def test_cryptocom_a_derivative_moves_its_result_and_waits_for_a_word() -> None:
    row = journal("1", "SESSION_SETTLE", "BTCUSD-PERP", "0", realized_pnl="-0.0078")
    assert told("cryptocom", row) == [
        ("unknown:derivative BTCUSD-PERP", "USD", "-0.0078", "principal")
    ]


def test_cryptocom_staked_coins_are_the_coin_and_a_liquid_token_is_another() -> None:
    reward = said(
        "rewards",
        "1",
        staking_inst_name="SOL.staked",
        reward_inst_name="SOL.staked",
        reward_quantity="0.5",
        event_timestamp_ms=str(MS),
    )
    assert told("cryptocom", reward) == [("income:staking", "SOL", "0.5", "principal")]
    swapped = said(
        "converts",
        "2",
        from_instrument_name="ETH.staked",
        to_instrument_name="CDCETH",
        from_quantity="3",
        to_quantity="2.9",
        convert_id=2,
        status="COMPLETED",
        create_timestamp_ms=str(MS),
    )
    assert told("cryptocom", swapped) == [
        ("trade", "ETH", "-3", "principal"),
        ("trade", "cryptocom:CDCETH", "2.9", "principal"),
    ]


def test_rows_of_two_streams_with_one_number_are_two_events() -> None:
    fields = {"currency": "ETH", "amount": "1", "fee": "0", "create_time": MS}
    rows = [said("deposits", "2220", status="1", **fields)]
    rows.append(said("withdrawals", "2220", status="5", **fields))
    assert groups("cryptocom", rows) == ["deposits:2220", "withdrawals:2220"]


def test_cryptocom_the_transfer_at_the_journals_edge_counts_once() -> None:
    fields = {"currency": "BTC", "amount": "1", "fee": "0", "status": "1"}
    before = said("deposits", "5", create_time=MS - 60_000, **fields)
    assert told("cryptocom", journal("1", "ONCHAIN_DEPOSIT", "BTC", "1"), before) == [
        ("deposit", "BTC", "1", "principal")
    ]
