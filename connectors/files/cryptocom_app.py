"""The Crypto.com App's export, which has no API.

Facts: `Amount` is signed as the person sees it, `To Amount` is not; the native amount's sign means
nothing; no fee is told; rows of a dust conversion share a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from config.errors import DataError
from config.exact import ZERO
from connectors.exchanges.pots import STAKED
from connectors.files.cells import Row
from connectors.files.statement import Context, Format, Line, by_sign

_TRADES = frozenset(
    {"viban_purchase", "van_purchase", "recurring_buy_order", "xfers_purchase"}
    | {"crypto_viban_exchange", "crypto_to_van_sell_order", "crypto_exchange"}
    | {"trading.limit_order.cash_account.purchase_commit"}
    | {"trading.limit_order.fiat_wallet.purchase_commit"}
    | {
        "trading.limit_order.fiat_wallet.sell_commit",
        "trading.limit_order.cash_account.sell_commit",
    }
    | {"trading.limit_order.crypto_wallet.exchange"}
)
_INCOME = {
    **dict.fromkeys(
        (
            *("crypto_earn_interest_paid", "crypto_earn_extra_interest_paid"),
            "finance.crypto_earn.loyalty_program_extra_interest_paid.crypto_wallet",
        ),
        "income:interest",
    ),
    **dict.fromkeys(
        (
            *("mco_stake_reward", "staking_reward", "supercharger_reward_to_app_credited"),
            "finance.lockup.dpos_compound_interest.crypto_wallet",
            "finance.dpos.non_compound_interest.crypto_wallet",
            "finance.dpos.compound_interest.crypto_wallet",
        ),
        "income:staking",
    ),
    **dict.fromkeys(
        (
            *("rewards_platform_deposit_credited", "referral_bonus", "referral_gift"),
            *("campaign_reward", "admin_wallet_credited", "gift_card_reward"),
            *("referral_card_cashback", "transfer_cashback", "pay_checkout_reward"),
            *("reimbursement", "mobile_airtime_reward"),
            "reward.loyalty_program.trading_rebate.crypto_wallet",
        ),
        "income:other",
    ),
}
_MOVES = frozenset(
    {"crypto_deposit", "crypto_withdrawal", "viban_deposit", "viban_withdrawal"}
    | {"viban_card_top_up", "viban_deposit_precredit", "viban_deposit_precredit_repayment"}
    | {"crypto_to_exchange_transfer", "exchange_to_crypto_transfer", "crypto_transfer"}
    | {"airdrop_to_exchange_transfer"}
)
_POTS = frozenset(
    {"crypto_earn_program_created", "crypto_earn_program_withdrawn", "lockup_lock"}
    | {"lockup_unlock", "lockup_upgrade", "supercharger_deposit", "supercharger_withdrawal"}
    | {"council_node_deposit_created", "finance.lockup.dpos_lock.crypto_wallet"}
    | {"finance.dpos.staking.crypto_wallet", "finance.dpos.unstaking.crypto_wallet"}
)
_HELD = "trading.limit_order."  # ..._lock and ..._unlock hold coins back for an order
_SWAPPED = ("dust_conversion", "dynamic_coin_swap", "interest_swap", "lockup_swap")
_SWAPPED_TOO = ("crypto_wallet_swap",)


def lines(row: Row, context: Context) -> Iterator[Line]:
    kind, at = row.text("Transaction Kind").casefold(), row.when("Timestamp (UTC)")
    coin, amount = row.text("Currency"), row.amount("Amount")
    usd, note = _usd(row), row.text("Transaction Description")
    side = by_sign(coin, amount)
    txid = row.text("Transaction Hash")
    if kind in _TRADES:
        other = row.text("To Currency"), abs(row.amount("To Amount"))
        left, came = ((coin, abs(amount)), other)
        yield Line("trade", at, out=left, into=came, usd=usd, note=note)
    elif kind == "crypto_purchase" or kind.startswith("trading.crypto_purchase"):
        paid = row.text("Native Currency"), abs(row.amount("Native Amount"))
        yield Line("trade", at, out=paid, into=(coin, abs(amount)), note=note)
        # the card paid: the money was never in the account
        yield Line("deposit", at, into=paid, note=f"{note}, paid by card")
    elif kind in _INCOME and amount > ZERO:
        yield Line(_INCOME[kind], at, into=(coin, amount), usd=usd, note=note)
    elif kind in ("card_top_up", "crypto_payment") and amount < ZERO:
        yield Line("spend", at, out=(coin, -amount), usd=usd, note=note)
    elif kind in _MOVES:
        way = "deposit" if amount > ZERO else "withdrawal"
        yield Line(way, at, txid=txid, note=note, **side)
    elif kind in _POTS:
        yield Line(STAKED, at, note=note, **side)
    elif kind.startswith(_HELD) and kind.endswith(("lock", "unlock")):
        return
    elif kind.startswith((*_SWAPPED, *_SWAPPED_TOO)) and kind.endswith(("debited", "credited")):
        stem = kind.rsplit("_", 1)[0]
        yield Line("trade", at, usd=usd, group=f"{stem} {at.isoformat()}", note=note, **side)
    elif kind:
        yield Line(f"unknown:{kind}", at, usd=usd, note=note, **side)
    else:
        raise DataError("Transaction Kind is empty: the card's own file moves no coins")


def _usd(row: Row) -> Decimal | None:
    found = row.number("Native Amount (in USD)")
    if not found and row.text("Native Currency") == "USD":
        found = row.number("Native Amount")
    return abs(found) if found else None


FORMAT = Format(
    name="cryptocom-app",
    title="Crypto.com App transactions",
    columns=(
        *(("Timestamp (UTC)",), ("Transaction Description",), ("Currency",), ("Amount",)),
        *(("To Currency",), ("Native Amount",), ("Transaction Kind",)),
    ),
    lines=lines,
    venue="cryptocom",
    content=lambda row: tuple(
        row.text(c)
        for c in (
            *("Timestamp (UTC)", "Transaction Kind", "Currency", "Amount", "To Currency"),
            *("To Amount", "Transaction Description"),
        )
    ),
)
