"""Histories of own transfers whose truth is known: hops, batches, fees, odd times, lost halves, and
payments to and from others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from syncer.events import Event, Leg
from syncer.ledger.addresses import AddressBook

D = Decimal
START = datetime(2023, 1, 1, tzinfo=UTC)
EXCHANGES, WALLETS = ("coinbase", "kraken", "gemini"), ("cold", "hot", "phone")
PLACES = {"BTC": 8, "ETH": 18, "SOL": 9, "USDC": 6}
ROUND = ("0.1", "0.25", "0.5", "1", "2", "5", "10", "100")
MOST_FEE = {"BTC": "0.0005", "ETH": "0.003", "SOL": "0.01", "USDC": "5"}
LOST = 0.02  # of the transfers lack a half
BOOK = AddressBook({f"0x{name}": name for name in WALLETS})


@dataclass
class History:
    """Events, the pairs that belong together, and the halves whose other half is missing."""

    events: list[Event] = field(default_factory=list)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)


class Maker:
    """Makes one history from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._made = History()
        self._count = 0

    def history(self, events: int, days: int = 1095) -> History:
        chance = self._random
        while len(self._made.events) < events:
            at = START + timedelta(seconds=chance.randrange(days * 86_400))
            kind = chance.random()
            if kind < 0.31:
                self._trade(at)
            elif kind < 0.35:
                self._stranger(at)
            elif kind < 0.42:
                self._batch(at)
            elif kind < 0.47:
                self._one_receipt(at)
            elif kind < 0.55:
                self._hops(at)
            else:
                self._transfer(at, *chance.sample((*EXCHANGES, *WALLETS), 2))
        chance.shuffle(self._made.events)
        return self._made

    # ---- what happens

    def _trade(self, at: datetime) -> None:
        place, (coin, quantity) = self._random.choice(EXCHANGES), self._amount()
        legs = (Leg(place, "USD", D(-100), "principal"), Leg(place, coin, quantity, "principal"))
        self._made.events.append(
            Event(self._id("t"), "buy", at, legs, "bought_with_money", "", "sure")
        )

    def _stranger(self, at: datetime) -> None:
        """Somebody else pays, or is paid, as often a round amount as not."""
        coin, quantity = self._amount()
        place = self._random.choice((*EXCHANGES, *WALLETS))
        letter, sign = self._random.choice((("w", -1), ("d", 1)))
        txid = self._hash() if place in WALLETS else None
        address = f"0xshop{self._random.randrange(20)}" if letter == "w" else None
        half = self._half(letter, place, coin, sign * quantity, at, txid, address)
        self._made.events.append(half)
        self._made.alone.add(half.event_id)

    def _transfer(self, at: datetime, source: str, target: str) -> None:
        coin, quantity = self._amount()
        self._move(at, source, target, coin, quantity)

    def _hops(self, at: datetime) -> None:
        """The same coins over several places, a little less each time."""
        coin, quantity = self._amount()
        road = self._random.sample((*EXCHANGES, *WALLETS), self._random.choice((3, 4)))
        for source, target in pairwise(road):
            at, quantity = self._move(at, source, target, coin, quantity)
            at += timedelta(minutes=self._random.randrange(30, 4_000))

    def _batch(self, at: datetime) -> None:
        """An exchange pays several withdrawals in one transaction."""
        coin, txid = self._amount()[0], self._hash()
        source = self._random.choice(EXCHANGES)
        for target in self._random.sample(WALLETS, self._random.choice((2, 3))):
            quantity = self._amount(coin)[1]
            out = self._half("w", source, coin, -quantity, at, txid, f"0x{target}")
            self._pair(out, self._half("d", target, coin, quantity, self._later(at), txid, "0xhot"))

    def _one_receipt(self, at: datetime) -> None:
        """Several withdrawals arrive as one receipt."""
        coin, txid, parts = self._amount()[0], self._hash(), self._random.choice((2, 3))
        source, target = self._random.choice(EXCHANGES), self._random.choice(WALLETS)
        quantities = [self._amount(coin)[1] for _ in range(parts)]
        into = self._half("d", target, coin, sum(quantities, D(0)), self._later(at), txid, "0xhot")
        outs = [self._half("w", source, coin, -q, at, txid, f"0x{target}") for q in quantities]
        self._made.events += [*outs, into]
        self._made.pairs |= {(o.event_id, into.event_id) for o in outs}

    def _move(
        self, at: datetime, source: str, target: str, coin: str, quantity: Decimal
    ) -> tuple[datetime, Decimal]:
        chance = self._random
        arrived = quantity - self._fee(coin, quantity) if chance.random() < 0.3 else quantity
        txid = self._hash()
        chain = source in WALLETS or target in WALLETS
        told = [txid if place in WALLETS or (chain and chance.random() < 0.6) else None
                for place in (source, target)]  # fmt: skip
        address = f"0x{target}" if target in WALLETS and chance.random() < 0.5 else None
        out = self._half("w", source, coin, -quantity, at, told[0], address)
        into = self._half("d", target, coin, arrived, self._later(at), told[1], None)
        if chance.random() < LOST:
            kept = chance.choice((out, into))
            self._made.events.append(kept)
            self._made.alone.add(kept.event_id)
        else:
            self._pair(out, into)
        return into.at, arrived

    # ---- its parts

    def _pair(self, out: Event, into: Event) -> None:
        self._made.events += [out, into]
        self._made.pairs.add((out.event_id, into.event_id))

    def _half(
        self,
        letter: str,
        place: str,
        coin: str,
        quantity: Decimal,
        at: datetime,
        txid: str | None,
        address: str | None,
    ) -> Event:
        kind = "withdrawal" if quantity < 0 else "deposit"
        leg = Leg(place, coin, quantity, "principal")
        half = Event(self._id(letter), kind, at, (leg,), "one_half", "", "unsure", txid, address)
        return replace(half, fees_beside=place in WALLETS)

    def _later(self, at: datetime) -> datetime:
        """Mostly soon, sometimes a day, sometimes before it was sent by the other's clock."""
        chance = self._random.random()
        if chance < 0.05:
            return at - timedelta(seconds=self._random.randrange(1_200))
        most = 7_200 if chance < 0.9 else 40 * 3_600
        return at + timedelta(seconds=self._random.randrange(most))

    def _amount(self, coin: str | None = None) -> tuple[str, Decimal]:
        coin = coin or self._random.choice(tuple(PLACES))
        if self._random.random() < 0.2:
            return coin, D(self._random.choice(ROUND))
        places = min(PLACES[coin], 8)
        return coin, D(self._random.randrange(10**6, 10**10)).scaleb(-places)

    def _fee(self, coin: str, quantity: Decimal) -> Decimal:
        most = min(D(MOST_FEE[coin]), quantity / 25)
        share = D(self._random.randrange(1, 100)) / 100
        return (most * share).quantize(D(1).scaleb(-min(PLACES[coin], 8)))

    def _hash(self) -> str:
        return f"0x{self._random.getrandbits(64):x}"

    def _id(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count:06}"


def found_pairs(matched: list[Event]) -> Iterator[tuple[tuple[str, str], str]]:
    """((withdrawal, deposit), confidence) of the transfers of matched events."""
    for event in matched:
        if event.kind == "transfer" and len(event.parts) == 2:
            yield (event.parts[0], event.parts[1]), event.confidence
