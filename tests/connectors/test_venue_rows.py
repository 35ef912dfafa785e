"""What the rows of Gemini, Binance.US, Bitstamp and Crypto.com mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.exchanges import bitstamp, cryptocom
from connectors.records import RawRecord
from tests.connectors.said import groups, problems, said, told

MS = 1740830400000  # 2025-03-01 12:00 UTC


# ---- Gemini


def gemini_fill(symbol: str, **more: Any) -> RawRecord:
    fields = {
        "tid": 1,
        "symbol": symbol,
        "type": "Buy",
        "amount": "2",
        "price": "10.5",
        "fee_currency": "USD",
        "fee_amount": "0.02",
        "timestampms": MS,
        **more,
    }
    return said("trades", "1", **fields)


def test_gemini_a_pair_is_what_gemini_says_and_else_what_the_fee_says() -> None:
    pair = said("symbols", "paxgusd", base_currency="PAXG", quote_currency="USD")
    assert told("gemini", pair, gemini_fill("PAXGUSD"))[0][1] == "gemini:PAXG"
    assert told("gemini", gemini_fill("LTCUSD")) == [
        ("trade", "LTC", "2", "principal"),
        ("trade", "USD", "-21.0", "principal"),
        ("trade", "USD", "-0.02", "fee"),
    ]
    (sentence,) = problems("gemini", gemini_fill("LTCBTC"))
    assert sentence == "gemini no longer lists LTCBTC and its fee was paid in USD"


def test_gemini_a_fill_that_was_broken_in_full_never_happened() -> None:
    assert told("gemini", gemini_fill("LTCUSD", **{"break": "full"})) == []
    assert len(told("gemini", gemini_fill("LTCUSD", **{"break": "manual"}))) == 3
    assert {k for k, *_ in told("gemini", gemini_fill("BTCGUSDPERP"))} == {"unknown:BTCGUSDPERP"}


@pytest.mark.parametrize(
    ("type_", "more", "expected"),
    [
        ("Deposit", {}, [("deposit", "BTC", "1", "principal")]),
        ("Deposit", {"status": "Pending"}, []),
        ("Deposit", {"status": "Advanced"}, [("deposit", "BTC", "1", "principal")]),
        (
            "Withdrawal",
            {"feeAmount": "0.1", "feeCurrency": "BTC"},
            [("withdrawal", "BTC", "-1", "principal"), ("withdrawal", "BTC", "-0.1", "fee")],
        ),
        (
            "Withdrawal",
            {"currency": "USD", "txHash": "ab"},
            [("withdrawal", "GUSD", "-1", "principal")],
        ),
        ("Reward", {}, [("income:other", "BTC", "1", "principal")]),
        ("AdminDebit", {}, [("unknown:AdminDebit", "BTC", "-1", "principal")]),
        ("AdminCredit", {}, [("unknown:AdminCredit", "BTC", "1", "principal")]),
    ],
)
def test_gemini_transfers(type_: str, more: dict[str, Any], expected: list[Any]) -> None:
    fields = {"status": "Complete", "timestampms": MS, "currency": "BTC", "amount": "1", **more}
    assert told("gemini", said("transfers", "5", type=type_, **fields)) == expected


@pytest.mark.parametrize(
    ("stream", "type_", "kinds"),
    [
        ("staking", "Interest", ["income:staking"]),
        ("earn", "Interest", ["income:interest"]),
        ("staking", "Deposit", []),
        ("staking", "Redeem", []),
        ("staking", "AdminCreditAdjustment", ["unknown:staking AdminCreditAdjustment"]),
    ],
)
def test_gemini_programs(stream: str, type_: str, kinds: list[str]) -> None:
    row = said(stream, "7", transactionType=type_, amountCurrency="SOL", amount="1e-8", dateTime=MS)
    assert [k for k, *_ in told("gemini", row)] == kinds


# ---- Binance.US


def test_binanceus_a_fee_in_a_third_coin_and_a_pair_that_vanished() -> None:
    fields = {
        "id": 1,
        "orderId": 2,
        "qty": "0.1",
        "quoteQty": "300",
        "commission": "0.001",
        "commissionAsset": "BNB",
        "time": MS,
        "isBuyer": False,
    }
    row = said("trades", "LUNAUSDT:1", symbol="LUNAUSDT", **fields)
    assert told("binanceus", row) == [
        ("trade", "LUNA", "-0.1", "principal"),
        ("trade", "USDT", "300", "principal"),
        ("trade", "BNB", "-0.001", "fee"),
    ]
    old = said("trades", "LUNAUSDT:1", symbol="LUNAUSDT", **{**fields, "time": 1640000000000})
    assert told("binanceus", old)[0][1] == "LUNC"  # what that id meant then


def test_binanceus_dust_is_swept_into_bnb_with_its_charge() -> None:
    rows = [
        said(
            "dust",
            f"4359321:{coin}",
            fromAsset=coin,
            toAsset="BNB",
            amount="0.0009",
            transferredAmount=got,
            serviceChargeAmount=fee,
            operateTime=MS,
        )
        for coin, got, fee in (
            ("USDT", "0.000441", "0.000009"),
            ("ETH", "0.00088156", "0.00001799"),
        )
    ]
    assert told("binanceus", *rows)[:3] == [
        ("trade", "USDT", "-0.0009", "principal"),
        ("trade", "BNB", "0.000450", "principal"),
        ("trade", "BNB", "-0.000009", "fee"),
    ]
    assert len(set(groups("binanceus", rows))) == 2  # two that share a sweep are two trades


def test_binanceus_what_did_not_go_through_does_not_count() -> None:
    fields = {
        "coin": "BTC",
        "amount": "1",
        "transactionFee": "0.1",
        "applyTime": "2025-03-01 12:00:00",
    }
    kinds = {
        status: len(told("binanceus", said("withdrawals", "w", status=status, **fields)))
        for status in range(7)
    }
    assert kinds == {0: 0, 1: 0, 2: 2, 3: 0, 4: 2, 5: 0, 6: 2}
    deposit = {"coin": "BTC", "amount": "1", "insertTime": MS, "txId": "ab"}
    assert told("binanceus", said("deposits", "d", status=0, **deposit)) == []


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("Token airdrop", "income:airdrop"),
        ("BNB Vault", "income:interest"),
        ("Referral rebate", "income:other"),
        ("Mystery", "unknown:mystery"),
    ],
)
def test_binanceus_distributions(category: str, kind: str) -> None:
    row = said("distributions", "1", asset="BNB", amount="1", divTime=MS, category=category)
    assert told("binanceus", row) == [(kind, "BNB", "1", "principal")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (  # sold, the fee beside what it brought
            {"fromCoin": "BTC", "fromAmount": 1, "toCoin": "USD", "toAmount": "50550.26"}
            | {"feeCoin": "USD", "feeAmount": "0.26", "ratio": "50550.26"},
            [("BTC", "-1"), ("USD", "50550.26"), ("USD", "-0.26")],
        ),
        (  # bought, the fee within what was paid
            {"fromCoin": "USD", "fromAmount": "1000.5", "toCoin": "ETH", "toAmount": "0.5"}
            | {"feeCoin": "USD", "feeAmount": "0.5", "ratio": "2000"},
            [("USD", "-1000.0"), ("ETH", "0.5"), ("USD", "-0.5")],
        ),
        (
            {"fromCoin": "USD", "fromAmount": "1000", "toCoin": "ETH", "toAmount": "0.5"}
            | {"feeCoin": "USD", "feeAmount": "0.5", "ratio": "2000"},
            [("USD", "-1000"), ("ETH", "0.5"), ("USD", "-0.5")],
        ),
    ],
)
def test_binanceus_whether_an_order_holds_its_fee_is_told_by_its_rate(
    row: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    fields = {"orderId": "1", "orderStatus": "SUCCESS", "createTime": MS // 1000, **row}
    found = told("binanceus", said("orders", "1", **fields))
    assert [(asset, quantity) for _, asset, quantity, _ in found] == expected
    (sentence,) = problems("binanceus", said("orders", "1", **{**fields, "ratio": "7"}))
    assert sentence == "whether order 1 holds its fee cannot be told"


def test_binanceus_dollars_come_net_and_leave_with_their_fees() -> None:
    fields = {
        "orderId": "f",
        "orderStatus": "Successful",
        "fiatCurrency": "USD",
        "amount": "0.99",
        "transactionFee": "0.01",
        "platformFee": "0",
        "createTime": MS,
    }
    assert told("binanceus", said("fiat_deposits", "f", **fields)) == [
        ("deposit", "USD", "0.99", "principal")
    ]
    assert told("binanceus", said("fiat_withdrawals", "f", **fields)) == [
        ("withdrawal", "USD", "-0.99", "principal"),
        ("withdrawal", "USD", "-0.01", "fee"),
    ]
    assert problems("binanceus", said("fiat_deposits", "f", **{**fields, "amount": None})) != []


# ---- Bitstamp


def bitstamp_row(number: str, type_: str, **more: Any) -> RawRecord:
    fields = {
        "usd": 0,
        "btc": 0,
        "eur": 0,
        "fee": "0.00",
        "datetime": "2025-03-01 12:00:00",
        **more,
    }
    return said("transactions", number, id=int(number), type=type_, **fields)


def test_bitstamp_less_than_one_coin_is_read_and_the_quote_has_all_its_digits() -> None:
    deposit = bitstamp_row("1", "0", btc="0.50000000", btc_usd="0.00")
    assert told("bitstamp", deposit) == [("deposit", "BTC", "0.50000000", "principal")]
    trade = bitstamp_row(
        "2", "2", eth="0.00500000", usdt="-22.26", eth_usdt="4451.25", fee="0.11128", order_id=9
    )
    assert told("bitstamp", trade) == [
        ("trade", "ETH", "0.00500000", "principal"),
        ("trade", "USDT", "-22.2562500000", "principal"),
        ("trade", "USDT", "-0.11128", "fee"),
    ]


@pytest.mark.parametrize(
    ("type_", "amount", "expected"),
    [
        ("1", "-1", ("withdrawal", "-1")),
        ("14", "-1", ("withdrawal", "-1")),
        ("35", "1", ("deposit", "1")),
        ("26", "-1", ("pot_move", "-1")),
        ("27", "1", ("income:staking", "1")),
        ("32", "1", ("income:other", "1")),
        ("58", "1", ("unknown:type 58", "1")),
    ],
)
def test_bitstamp_types(type_: str, amount: str, expected: tuple[str, str]) -> None:
    ((kind, asset, quantity, _),) = told("bitstamp", bitstamp_row("3", type_, eth=amount))
    assert (kind, asset, quantity) == (expected[0], "ETH", expected[1])


def test_bitstamp_a_simple_buy_is_a_trade() -> None:
    row = bitstamp_row("4", "36", eur="-5.00", usdc="5.810770", usdc_eur="0.86047")
    assert [k for k, *_ in told("bitstamp", row)] == ["trade", "trade"]


def test_bitstamp_a_hash_is_lent_once_to_the_nearest_of_equal_amounts() -> None:
    rows = [
        bitstamp_row("5", "0", btc="0.5", datetime="2025-03-01 12:00:00"),
        bitstamp_row("6", "0", btc="0.5", datetime="2025-03-01 12:30:00"),
        bitstamp_row("7", "0", btc="0.5", datetime="2025-03-01 18:00:00"),
        *(
            said(
                "crypto",
                f"deposits:{n}",
                direction="deposits",
                currency="BTC",
                amount="0.5",
                txid=f"hash{n}",
                datetime=MS // 1000 + seconds,
            )
            for n, seconds in ((1, -60), (2, 1700))
        ),
    ]
    assert [e.txid for e in bitstamp.translate(rows).entries] == ["hash1", "hash2", None]


# ---- Crypto.com


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
        ("STAKING", "-1", "pot_move"),
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


def test_binanceus_a_widget_order_of_rounded_amounts_is_read() -> None:
    fields = {"orderId": "1", "orderStatus": "SUCCESS", "createTime": MS, "feeAmount": "0.5"}
    fields |= {"fromCoin": "USD", "fromAmount": "100", "toCoin": "BTC", "toAmount": "0.00196834"}
    found = told("binanceus", said("orders", "1", feeCoin="USD", ratio="50550.26", **fields))
    assert [(asset, quantity) for _, asset, quantity, _ in found] == [
        ("USD", "-99.5"),
        ("BTC", "0.00196834"),
        ("USD", "-0.5"),
    ]
