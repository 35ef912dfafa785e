"""What the rows of Gemini mean."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.records import RawRecord
from tests.connectors.said import problems, said, told

MS = 1740830400000  # 2025-03-01 12:00 UTC


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
