"""A busy wallet: thousands of transactions over a hundred contracts, by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.chains.anvil import ETHER, Anvil, Contract, packaged, vyper
from tests.chains.zoo import OZ, signer


@dataclass
class Busy:
    """`hashes` are all transactions that touch `me`, the rest is what others do meanwhile."""

    node: Anvil
    chance: random.Random
    contracts: int = 100
    hashes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.maker, self.friend = self.node.accounts[:2]
        self.me = signer(11).address
        self.node.become(self.me)
        token = packaged(f"{OZ}ERC20PresetFixedSupply.json")
        count = self.contracts - 5
        self.tokens: list[Contract] = [
            self.node.deploy(self.maker, token, f"T {i}", f"T{i}", 10**12 * ETHER, self.maker)
            for i in range(count)
        ]
        self.payouts = [self.node.deploy(self.maker, vyper("Payout")) for _ in range(5)]
        self.hashes.add(self.node.send(self.maker, self.me, 1000 * ETHER))

    def live(self, count: int) -> None:
        for _ in range(count):
            self._one()

    def _one(self) -> None:
        kind = self.chance.choice(("in", "out", "token in", "token out", "paid", "other"))
        wei = self.chance.randint(1, ETHER // 100)
        token = self.chance.choice(self.tokens)
        if kind == "in":
            self.hashes.add(self.node.send(self.friend, self.me, wei))
        elif kind == "out":
            self.hashes.add(self.node.send(self.me, self.friend, wei))
        elif kind == "token in":
            self.hashes.add(token.send(self.maker, "transfer", self.me, wei, gas=100_000))
        elif kind == "token out" and token.read("balanceOf", self.me) > wei:
            self.hashes.add(token.send(self.me, "transfer", self.friend, wei, gas=100_000))
        elif kind == "paid":
            payout = self.chance.choice(self.payouts)
            to = ("pay", [self.me, self.friend], wei)
            self.hashes.add(payout.send(self.maker, *to, value=2 * wei, gas=200_000))
        else:
            self.node.send(self.maker, self.friend, wei)
