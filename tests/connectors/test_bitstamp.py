"""What the rows of Bitstamp mean."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.exchanges import bitstamp
from connectors.records import RawRecord
from tests.connectors.said import said, told

MS = 1740830400000  # 2025-03-01 12:00 UTC


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
        ("26", "-1", ("unseen_pot", "-1")),
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
