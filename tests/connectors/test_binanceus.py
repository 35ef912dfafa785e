"""What the rows of Binance.US mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.said import groups, problems, said, told

MS = 1740830400000  # 2025-03-01 12:00 UTC


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


def test_binanceus_a_widget_order_of_rounded_amounts_is_read() -> None:
    fields = {"orderId": "1", "orderStatus": "SUCCESS", "createTime": MS, "feeAmount": "0.5"}
    fields |= {"fromCoin": "USD", "fromAmount": "100", "toCoin": "BTC", "toAmount": "0.00196834"}
    found = told("binanceus", said("orders", "1", feeCoin="USD", ratio="50550.26", **fields))
    assert [(asset, quantity) for _, asset, quantity, _ in found] == [
        ("USD", "-99.5"),
        ("BTC", "0.00196834"),
        ("USD", "-0.5"),
    ]
