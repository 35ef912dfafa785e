"""The scripted years 2024 to 2026 of one person: what the exchange and the chain recorded.

Every figure can be worked by hand (`tests/golden/demo/`). The person lives in New York and files
single.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from syncer.demo.chain import SandboxChain, calldata, key
from syncer.demo.exchange import Book
from syncer.demo.market import price

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # after the dip
FEE_RATE = Decimal("0.004")

HOT_WALLET, DEPLOYER, STRANGER, PERSON = key(1), key(2), key(3), key(0xA11CE)
DEPOSIT_ADDRESS = key(0xDE9051).address
ETHER = 10**18
Act = Callable[[datetime], object]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Story:
    """Writes the book of the exchange and mines the chain."""

    book: Book = field(default_factory=Book)
    _number: int = 0
    _held: dict[str, Decimal] = field(default_factory=dict)

    def continue_after(self, number: int) -> None:
        """Give later rows ids above `number`, and running balances from the book."""
        self._number = number
        self._held = self.book.balances()

    # ---- exchange rows

    def _id(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number:05d}-SANDB-OXROWS"

    def _ledger(
        self, ref: str, when: datetime, type_: str, subtype: str, asset: str, amount: str, fee: str
    ) -> None:
        held = self._held.get(asset, Decimal(0)) + Decimal(amount) - Decimal(fee)
        self._held[asset] = held
        self.book.ledgers[self._id("L")] = {
            "refid": ref,
            "time": seconds(when),
            "type": type_,
            "subtype": subtype,
            "aclass": "currency",
            "asset": asset,
            "amount": amount,
            "fee": fee,
            "balance": format(held, "f"),
        }

    def trade(self, when: datetime, pair: str, side: str, volume: str) -> str:
        """A market order at the quarter's price with 0.4% fee in dollars; its trade id."""
        trade_id, base = self._id("T"), pair.removesuffix("ZUSD").removesuffix("USD")
        paid = price(pair, Decimal(int(when.timestamp())))
        cost = (paid * Decimal(volume)).quantize(Decimal("0.0001"))
        fee = (cost * FEE_RATE).quantize(Decimal("0.0001"))
        buying = side == "buy"
        self.book.trades[trade_id] = {
            "ordertxid": self._id("O"),
            "postxid": "TKH2SE-M7IF5-CFI7LT",
            "pair": pair,
            "aclass": "forex",
            "time": seconds(when),
            "type": side,
            "ordertype": "market",
            "price": format(paid, "f"),
            "cost": format(cost, "f"),
            "fee": format(fee, "f"),
            "vol": volume,
            "margin": "0.00000",
            "leverage": "0",
            "misc": "",
            "maker": False,
        }
        money = format(-cost if buying else cost, "f")
        coin = volume if buying else f"-{volume}"
        self._ledger(trade_id, when, "trade", "tradespot", "ZUSD", money, format(fee, "f"))
        self._ledger(trade_id, when, "trade", "tradespot", base, coin, "0.0000000000")
        return trade_id

    def deposit_dollars(self, when: datetime, amount: str, method: str) -> None:
        ref = self._id("Q")
        self._ledger(ref, when, "deposit", "", "ZUSD", amount, "0.0000")
        self.book.deposits.append(_status(method, "ZUSD", ref, None, None, amount, "0.0000", when))

    def card_purchase(self, when: datetime) -> None:
        """500 dollars by card: deposit, spend with a fee of 7.39, receive 0.0077 BTC."""
        self.deposit_dollars(when, "500.0000", "Visa card")
        ref = self._id("T")
        self._ledger(ref, when, "spend", "", "ZUSD", "-492.6100", "7.3900")
        self._ledger(ref, when, "receive", "", "XXBT", "0.0077000000", "0.0000000000")

    def reward(self, when: datetime, amount: str) -> None:
        self._ledger(self._id("E"), when, "earn", "reward", "SOL.F", amount, "0.0000000000")

    def withdraw_ether(self, when: datetime, amount: str, fee: str, txid: str) -> None:
        ref = self._id("Q")
        self._ledger(ref, when, "withdrawal", "", "XETH", f"-{amount}", fee)
        row = _status("Ether", "XETH", ref, txid, PERSON.address, amount, fee, when)
        self.book.withdrawals.append({**row, "network": "Ethereum", "key": "my wallet"})

    def deposit_ether(self, when: datetime, amount: str, txid: str) -> None:
        ref = self._id("Q")
        self._ledger(ref, when, "deposit", "", "XETH", amount, "0.0000000000")
        self.book.deposits.append(
            _status("Ether (Hex)", "XETH", ref, txid, DEPOSIT_ADDRESS, amount, "0.0000000000", when)
        )


def tell(chain: SandboxChain) -> Book:
    """Mine the chain's part (unless it is there already) and write the exchange's book."""
    if chain.empty:
        _mine(chain)
    sent, returned = _exchange_hashes(chain)
    story = Story()
    for when, act in sorted(_acts(story, sent, returned), key=lambda pair: pair[0]):
        act(when)
    return story.book


def weekly_mondays() -> list[datetime]:
    """Mondays 15:00 UTC from 2024-01-08 to 2026-10-26."""
    first, last = date(2024, 1, 8), date(2026, 10, 26)
    days = range(0, (last - first).days + 1, 7)
    return [at(f"{first + timedelta(days=d)} 15:00:00.2345") for d in days]


def _acts(story: Story, sent: str, returned: str) -> list[tuple[datetime, Act]]:
    def trade(pair: str, side: str, volume: str) -> Act:
        return lambda when: story.trade(when, pair, side, volume)

    def dollars(amount: str) -> Act:
        return lambda when: story.deposit_dollars(when, amount, "ACH")

    def reward(amount: str) -> Act:
        return lambda when: story.reward(when, amount)

    acts: list[tuple[str, Act]] = [
        ("2024-01-02 14:00:00", dollars("60000.0000")),
        ("2024-02-05 16:00:00.1111", trade("XETHZUSD", "buy", "2.0000000000")),
        ("2024-05-10 19:30:00", story.card_purchase),
        ("2024-06-03 16:00:00", trade("SOLUSD", "buy", "10.0000000000")),
        ("2024-09-02 01:20:00", reward("0.1000000000")),
        ("2024-11-18 17:00:00", trade("XXBTZUSD", "sell", "0.0550000000")),
        ("2024-12-02 01:20:00", reward("0.1000000000")),
        ("2025-01-02 14:00:00", dollars("60000.0000")),
        ("2025-01-15 16:00:00", trade("XETHZUSD", "buy", "1.5000000000")),
        (
            "2025-02-03 18:00:00",
            lambda when: story.withdraw_ether(when, "2.5000000000", "0.0025000000", sent),
        ),
        ("2025-03-03 01:20:00", reward("0.1200000000")),
        ("2025-03-17 17:00:00", trade("XXBTZUSD", "sell", "0.1000000000")),
        ("2025-05-19 17:00:00", trade("XXBTZUSD", "sell", "0.1000000000")),
        ("2025-07-07 18:20:00", lambda when: story.deposit_ether(when, "0.7000000000", returned)),
        ("2025-09-01 01:20:00", reward("0.1200000000")),
        ("2025-09-15 17:00:00", trade("XXBTZUSD", "sell", "0.0200000000")),
        ("2025-10-06 17:00:00", trade("SOLUSD", "sell", "5.0000000000")),
        ("2026-01-02 14:00:00", dollars("60000.0000")),
        ("2026-02-09 17:00:00", trade("XXBTZUSD", "sell", "0.0300000000")),
        ("2026-03-02 01:20:00", reward("0.1500000000")),
    ]
    weekly = trade("XXBTZUSD", "buy", "0.0100000000")
    return [(at(w), act) for w, act in acts] + [(when, weekly) for when in weekly_mondays()]


def _mine(chain: SandboxChain) -> None:
    """The wallet's life: received, wrap, approval, swap, a failed swap, spam, sent back."""

    def when(text: str) -> int:
        return int(at(text).timestamp())

    start = when("2024-01-02 00:00:00")
    weth = chain.deploy(DEPLOYER, start, "WrappedCoin")
    gold = chain.deploy(DEPLOYER, start + 60, "Token", "Sandbox Gold", "GLDX", 18, 10**6 * ETHER)
    pair = chain.deploy(DEPLOYER, start + 120, "Pair", weth, gold)
    chain.transact(
        DEPLOYER, start + 180, weth, 992 * ETHER // 10, calldata("WrappedCoin", "deposit")
    )
    fund = calldata("WrappedCoin", "transfer", pair, 992 * ETHER // 10)
    chain.transact(DEPLOYER, start + 240, weth, data=fund)
    fund = calldata("Token", "transfer", pair, 100_000 * ETHER)
    chain.transact(DEPLOYER, start + 300, gold, data=fund)

    chain.transact(HOT_WALLET, when("2025-02-03 18:04:00"), PERSON.address, 25 * ETHER // 10)
    wrap = calldata("WrappedCoin", "deposit")
    chain.transact(PERSON, when("2025-02-10 20:00:00"), weth, ETHER, wrap)
    approve = calldata("WrappedCoin", "approve", pair, ETHER)
    chain.transact(PERSON, when("2025-02-10 20:03:00"), weth, data=approve)
    swap = calldata("Pair", "swap", weth, 8 * ETHER // 10, 799 * ETHER)
    chain.transact(PERSON, when("2025-02-10 20:06:00"), pair, data=swap)
    greedy = calldata("Pair", "swap", weth, ETHER // 10, 500 * ETHER)
    chain.transact(PERSON, when("2025-02-11 15:00:00"), pair, data=greedy, gas=120_000)
    spam = chain.deploy(
        STRANGER, when("2025-04-01 09:00:00"), "Token", "Visit x.io", "USDC", 6, 10**12
    )
    gift = calldata("Token", "transfer", PERSON.address, 9_000_000_000)
    chain.transact(STRANGER, when("2025-04-01 09:01:00"), spam, data=gift)
    chain.transact(
        PERSON, when("2025-07-07 18:00:00"), DEPOSIT_ADDRESS, 7 * ETHER // 10, gas=21_000
    )


def _exchange_hashes(chain: SandboxChain) -> tuple[str, str]:
    """The hashes of the withdrawal's payout and of the deposit, as the exchange records them."""
    found = {}
    head = chain.tester.get_block_by_number("latest")["number"]
    for number in range(1, head + 1):
        for one in chain.tester.get_block_by_number(number, True)["transactions"]:
            found[one["from"], one["to"]] = one["hash"]
    return (
        found[HOT_WALLET.address, PERSON.address],
        found[PERSON.address, DEPOSIT_ADDRESS],
    )


def seconds(when: datetime) -> float | int:
    """Kraken's time: seconds with four decimals, as a JSON number."""
    stamp = when.timestamp()
    return int(stamp) if stamp == int(stamp) else round(stamp, 4)


def _status(
    method: str,
    asset: str,
    ref: str,
    txid: str | None,
    info: str | None,
    amount: str,
    fee: str,
    when: datetime,
) -> dict[str, object]:
    return {
        "method": method,
        "aclass": "currency",
        "asset": asset,
        "refid": ref,
        "txid": txid,
        "info": info,
        "amount": amount,
        "fee": fee,
        "time": int(when.timestamp()),
        "status": "Success",
    }
