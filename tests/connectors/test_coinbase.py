"""What Coinbase's rows mean."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.exchanges import coinbase
from connectors.records import RawRecord
from tests.connectors.said import groups, problems, said, told

USD = {"currency": "USD"}


def row(native_id: str, type_: str, amount: str, coin: str = "BTC", **more: Any) -> RawRecord:
    fields = {
        "id": native_id,
        "type": type_,
        "status": "completed",
        "amount": {"amount": amount, "currency": coin},
        "native_amount": {"amount": "100.00", **USD},
        "created_at": "2025-03-01T12:00:00Z",
        **more,
    }
    return said("transactions", native_id, **fields)


def order(fee: str, total: str, method: str) -> dict[str, Any]:
    return {
        "id": "o1",
        "fee": {"amount": fee, **USD},
        "total": {"amount": total, **USD},
        "payment_method_name": method,
    }


def test_bought_with_a_card_the_dollars_come_and_go() -> None:
    card = row("b1", "buy", "0.05", "ETH", buy=order("1.99", "112.50", "Visa *1234"))
    assert told("coinbase", card) == [
        ("trade", "ETH", "0.05", "principal"),
        ("trade", "USD", "-110.51", "principal"),
        ("trade", "USD", "-1.99", "fee"),
        ("deposit", "USD", "112.50", "principal"),
    ]
    assert groups("coinbase", [card]) == ["o1", "o1", "o1", "o1:payment"]


def test_bought_from_the_cash_balance_the_dollars_have_a_row_of_their_own() -> None:
    coins = row("b1", "buy", "0.05", "ETH", buy=order("1.99", "112.50", "USD Wallet"))
    cash = row("b2", "buy", "-112.50", "USD", buy=order("1.99", "112.50", "USD Wallet"))
    assert told("coinbase", coins, cash) == [
        ("trade", "ETH", "0.05", "principal"),
        ("trade", "USD", "-110.51", "principal"),
        ("trade", "USD", "-1.99", "fee"),
    ]
    assert set(groups("coinbase", [coins, cash])) == {"o1"}


def test_sold_to_a_bank_the_fee_lowers_what_is_paid_out() -> None:
    sale = row("s1", "sell", "-0.05", "ETH", sell=order("2.00", "98.00", "Bank ****1"))
    assert told("coinbase", sale) == [
        ("trade", "ETH", "-0.05", "principal"),
        ("trade", "USD", "100.00", "principal"),
        ("trade", "USD", "-2.00", "fee"),
        ("withdrawal", "USD", "-98.00", "principal"),
    ]


def test_the_sides_of_a_conversion_join_over_accounts_and_carry_coinbases_value() -> None:
    out = row("t1", "trade", "-0.02", "ETH", trade={"id": "c1"})
    into = row("t2", "trade", "0.001", trade={"id": "c1"})
    assert groups("coinbase", [out, into]) == ["c1", "c1"]
    entries = coinbase.translate([out, into]).entries
    assert [str(e.usd) for e in entries] == ["100.00", "100.00"]


@pytest.mark.parametrize(
    ("type_", "amount", "kind"),
    [
        ("send", "1", "deposit"),
        ("receive", "1", "deposit"),
        ("pro_deposit", "-1", "withdrawal"),
        ("exchange_withdrawal", "1", "deposit"),
        ("staking_reward", "1", "income:staking"),
        ("inflation_reward", "1", "income:staking"),
        ("interest", "1", "income:interest"),
        ("earn_payout", "1", "income:other"),
        ("airdrop", "1", "income:airdrop"),
        ("fork", "1", "income:fork"),
        ("staking_reward", "-1", "unknown:negative income:staking"),
        ("staking_transfer", "-1", "unseen_pot"),
        ("vault_withdrawal", "1", "deposit"),
        ("transfer", "-1", "withdrawal"),
        ("tx", "1", "unknown:tx"),
        ("cardspend", "-1", "spend"),
        ("clawback", "-1", "unknown:clawback"),
        ("retail_simple_dust", "-1", "unknown:retail_simple_dust"),
        ("what_is_new", "1", "unknown:what_is_new"),
    ],
)
def test_kinds(type_: str, amount: str, kind: str) -> None:
    assert told("coinbase", row("n1", type_, amount)) == [(kind, "BTC", amount, "principal")]


def test_both_rows_of_a_move_between_own_accounts_are_no_event() -> None:
    out, into = row("v1", "vault_withdrawal", "-1.5"), row("v2", "vault_withdrawal", "1.5")
    assert [k for k, *_ in told("coinbase", out, into)] == ["pot_move", "pot_move"]


def test_money_is_only_deposited_and_withdrawn() -> None:
    spent = row("c1", "cardspend", "-12.00", "USD")
    assert told("coinbase", spent) == [("withdrawal", "USD", "-12.00", "principal")]
    futures = row("c2", "derivatives_settlement", "5.00", "USD")
    assert told("coinbase", futures) == [
        ("unknown:derivatives_settlement", "USD", "5.00", "principal")
    ]


def test_a_send_holds_its_network_fee() -> None:
    fee = {"transaction_fee": {"amount": "1.530199", "currency": "USDT"}, "hash": "0xab"}
    sent = row("s1", "send", "-2.010000", "USDT", network=fee, to={"address": "0xme"})
    assert told("coinbase", sent) == [
        ("withdrawal", "USDT", "-0.479801", "principal"),
        ("withdrawal", "USDT", "-1.530199", "fee"),
    ]
    (first, _) = coinbase.translate([sent]).entries
    assert (first.txid, first.address) == ("0xab", "0xme")


def test_older_rewards_for_learning_are_sends_from_coinbase() -> None:
    learned = {"from": {"resource": "user"}, "details": {"subtitle": "From Coinbase Earn"}}
    earned = row("e1", "send", "3", "XLM", **learned)
    assert told("coinbase", earned) == [("income:other", "XLM", "3", "principal")]


def test_what_is_not_completed_does_not_count() -> None:
    for status in ("pending", "failed", "canceled", "expired"):
        assert told("coinbase", row("p1", "send", "1", status=status)) == []


def fill(**more: Any) -> RawRecord:
    fields = {
        "entry_id": "e1",
        "order_id": "o1",
        "trade_time": "2025-03-01T12:00:00.123456789Z",
        "price": "30000.01",
        "size": "0.001",
        "commission": "0.18",
        "product_id": "BTC-USD",
        "side": "BUY",
        "size_in_quote": False,
        **more,
    }
    return said("fills", str(fields["entry_id"]), **fields)


def test_a_fill_is_told_by_v3_with_all_digits_and_v2s_rows_of_its_order_are_passed_over() -> None:
    same = {"order_id": "o1"}
    v2 = [
        row("a1", "advanced_trade_fill", "0.001", advanced_trade_fill=same),
        row("a2", "advanced_trade_fill", "-30.18", "USD", advanced_trade_fill=same),
    ]
    assert told("coinbase", fill(), *v2) == [
        ("trade", "BTC", "0.001", "principal"),
        ("trade", "USD", "-30.00001", "principal"),
        ("trade", "USD", "-0.18", "fee"),
    ]


def test_a_fill_that_v3_does_not_know_is_read_from_v2_with_its_commission_once() -> None:
    fields = {"order_id": "o9", "product_id": "ONDO-USDC", "commission": "0.2962121916"}
    into = row("a1", "advanced_trade_fill", "26.77", "ONDO", advanced_trade_fill=fields)
    out = row("a2", "advanced_trade_fill", "-24.6843493", "USDC", advanced_trade_fill=fields)
    assert told("coinbase", into, out) == [
        ("trade", "coinbase:ONDO", "26.77", "principal"),
        ("trade", "USDC", "-24.6843493", "principal"),
        ("trade", "USDC", "-0.2962121916", "fee"),
    ]
    assert len(set(groups("coinbase", [into, out]))) == 1


def test_an_order_in_dollars_that_was_paid_in_usdc_is_so_told() -> None:
    paid = row("a2", "advanced_trade_fill", "-30", "USDC", advanced_trade_fill={"order_id": "o1"})
    assert [a for _, a, _, _ in told("coinbase", fill(), paid)] == ["BTC", "USDC", "USDC"]


def test_a_fill_that_is_a_correction_waits_for_a_word() -> None:
    assert {k for k, *_ in told("coinbase", fill(trade_type="CORRECTION"))} == {
        "unknown:CORRECTION"
    }


def test_how_many_coins_a_fill_in_dollars_was_is_v2s_word() -> None:
    in_dollars = fill(size="30", size_in_quote=True)
    v2 = row("a1", "advanced_trade_fill", "0.00099", advanced_trade_fill={"order_id": "o1"})
    assert told("coinbase", in_dollars, v2)[0] == ("trade", "BTC", "0.00099", "principal")
    # 30 / 30000.01 = 0.000999999666...
    assert told("coinbase", in_dollars)[0] == ("trade", "BTC", "0.00100000", "principal")


def test_a_row_of_another_shape_is_set_aside_and_the_rest_is_read() -> None:
    odd = said("transactions", "x", type="send", status="completed", created_at="2025-03-01")
    assert problems("coinbase", odd, row("s1", "send", "1")) == ["it lacks 'amount'"]


def test_a_future_moves_no_coins() -> None:
    future = fill(product_id="BIT-29NOV24-CDE")
    assert told("coinbase", future) == [("unknown:derivative", "USD", "-0.18", "principal")]
