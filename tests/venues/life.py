"""A made-up life of one exchange account, by a seed: what happened, told in no venue's words.

Each local venue puts these happenings into its own rows. What the account holds is added up here,
by arithmetic that shares nothing with the product.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

D = Decimal
ZERO = D(0)
DAY_MS = 86_400_000
Kind = Literal["trade", "convert", "deposit", "withdrawal", "reward"]
KINDS: tuple[Kind, ...] = ("trade", "trade", "trade", "convert", "deposit", "withdrawal", "reward")
COINS = ("BTC", "ETH", "SOL", "LTC")
PRICES = {"BTC": D(60000), "ETH": D(3000), "SOL": D(150), "LTC": D(80)}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: `out` left, `into` came, `fee` was paid on top, in `fee_asset`.
    `at` is in unix milliseconds; a trade's dollars are quantity times `price`, exactly."""

    number: int
    kind: Kind
    at: int
    out: tuple[str, Decimal] | None = None
    into: tuple[str, Decimal] | None = None
    fee_asset: str | None = None
    fee: Decimal = ZERO
    price: Decimal = ZERO
    pending: bool = False

    @property
    def moves(self) -> dict[str, Decimal]:
        """What it changes, asset by asset."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        if self.out:
            found[self.out[0]] -= self.out[1]
        if self.into:
            found[self.into[0]] += self.into[1]
        if self.fee_asset:
            found[self.fee_asset] -= self.fee
        return found

    @property
    def coin(self) -> str:
        """The coin side of a trade for dollars, else what came, else what left."""
        sides = [side[0] for side in (self.into, self.out) if side and side[0] != "USD"]
        return sides[0] if sides else "USD"


@dataclass
class Life:
    """Happenings of one account, oldest number first."""

    chance: random.Random
    kinds: Sequence[Kind] = KINDS
    happenings: list[Happening] = field(default_factory=list)

    def live(self, count: int, first: int, last: int) -> list[Happening]:
        """`count` more happenings between two instants, many of them in shared milliseconds."""
        made: list[Happening] = []
        at = self._instant(first, last)
        for _ in range(count):
            if self.chance.random() < 0.7:
                at = self._instant(first, last)
            made.append(self._one(self.chance.choice(self.kinds), at))
            self.happenings.append(made[-1])
        return made

    def _instant(self, first: int, last: int) -> int:
        return self.chance.randint(first, max(first, last))

    def _one(self, kind: Kind, at: int) -> Happening:
        number = len(self.happenings) + 1
        coin = self.chance.choice(COINS)
        quantity = D(self.chance.randint(1, 10**8)) / 10**8
        price = PRICES[coin] + D(self.chance.randint(0, 999)) / 100
        usd = (quantity * PRICES[coin]).quantize(D("0.01")) + D("0.01")
        fee = (usd * D("0.004")).quantize(D("0.0001"))
        if kind == "trade":
            sides = ("USD", quantity * price), (coin, quantity)
            out, into = sides if self.chance.random() < 0.5 else sides[::-1]
            return Happening(number, kind, at, out, into, "USD", fee, price)
        if kind == "convert":
            other = self.chance.choice([c for c in COINS if c != coin])
            got = (usd / PRICES[other]).quantize(D("0.00000001"))
            return Happening(number, kind, at, (coin, quantity), (other, got or D("0.00000001")))
        pending = self.chance.random() < 0.2
        if kind == "deposit":
            what = (coin, quantity) if self.chance.random() < 0.7 else ("USD", usd)
            return Happening(number, kind, at, None, what, pending=pending)
        if kind == "withdrawal":
            return Happening(
                number, kind, at, (coin, quantity), None, coin, D("0.0001"), pending=pending
            )
        return Happening(number, kind, at, None, (coin, quantity))

    def held(self, happened: Sequence[Happening] | None = None) -> dict[str, Decimal]:
        """What these happenings (all of them) add up to."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for one in self.happenings if happened is None else happened:
            for asset, quantity in one.moves.items():
                sums[asset] += quantity
        return dict(sums)
