"""What one stored transaction moves of a wallet: the native coin, and tokens by their standards.

ERC-20, 721 and 1155 say all of their moves in events; the native coin in the call tree. What a
protocol means beyond that is its decoder's (`decoders/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from config.assets import names
from config.contracts import contracts
from config.errors import DataError
from connectors.chains import native
from connectors.chains.rpc import as_int
from connectors.chains.tokens import Token
from connectors.chains.topics import (
    NATIVE_LOGS,
    TRANSFER,
    TRANSFER_BATCH,
    TRANSFER_SINGLE,
    address_of,
)
from connectors.records import Role

Log = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """Wei of an own address that somebody keeps until its order is settled."""

    own: str
    keeper: str
    wei: int


@dataclass(slots=True)
class Position:
    """What is known of a position of a pool: the own address that it came to last, whether its
    making was seen; by event whether it came to us, its changes of liquidity, and (collected or
    taken out, amounts)."""

    own: str | None = None
    made: bool = False
    ours: dict[tuple[int, int, int], bool] = field(default_factory=dict)
    units: dict[tuple[int, int, int], int] = field(default_factory=dict)
    paid: dict[tuple[int, int, int], tuple[bool, int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose moves are looked for, and where; and what other transactions told (`decoders.learn`).

    `tokens` is what is known of the contracts that moved, `depositors` own addresses and the
    ERC-4337 entry points that they keep coins with, `positions` those of pools by contract and
    token id, `orders` the coins that were kept for a settlement, by its uid, `settled` how many of
    them were by which transaction, and `ended` those that came back.
    """

    own: frozenset[str]
    chain: str
    chain_id: int
    tokens: Mapping[str, Token] = field(default_factory=dict)
    depositors: set[tuple[str, str]] = field(default_factory=set)
    positions: dict[tuple[str, int], Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    settled: dict[str, dict[str, int]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def asset(self, contract: str | None) -> str:
        """The name of a token, or of the chain's own coin."""
        if contract is None:
            return names().native(self.chain, self.chain_id)
        return names().token(self.chain, self.chain_id, contract)

    def position(self, contract: str, token_id: int) -> Position:
        return self.positions.setdefault((contract, token_id), Position())

    def role(self, address: str) -> str:
        """What a known contract does here; empty if none is known."""
        known = contracts().at(self.chain_id, address)
        return known.role if known else ""

    def protocol(self, address: str | None, role: str) -> str | None:
        """The protocol of a contract, if that is what it does here."""
        return contracts().name(self.chain_id, address, role)


@dataclass(frozen=True, slots=True)
class Move:
    """A signed change of one own address; `raw` in the asset's smallest unit; `contract` None is
    the native coin.

    `place` tells what it changes: the wallet's balance, a deposit that the wallet keeps elsewhere
    and that counts as its own, or `between` them, which is no entry at all. `note` is what it is to
    its protocol, which is named in `by`; `part` sets it apart as an event of its own, since it
    means something else than the rest of its transaction.
    """

    own: str
    contract: str | None
    raw: int
    other: str | None
    role: Role = "principal"
    token_id: int | None = None
    note: str = ""
    place: Literal["wallet", "deposit", "between"] = "wallet"
    by: str = ""
    part: str = ""

    @property
    def of_balance(self) -> int:
        """Wei by which the address's native balance changes."""
        return 0 if self.contract or self.place == "deposit" else self.raw


def plain(body: native.Body, sight: Sight) -> Iterator[Move]:
    """All moves that need no protocol to be understood."""
    for sender, to, wei in native.moves(body):
        if sender in sight.own:
            yield Move(sender, None, -wei, to or None)
        if to in sight.own:
            yield Move(to, None, wei, sender)
    sender = body["transaction"]["from"].lower()
    if sender in sight.own and (fee := native.fee(body)):
        yield Move(sender, None, -fee, None, role="fee")
    for log in logs(body):
        yield from _of_log(log, sight)


def logs(body: native.Body) -> list[Log]:
    """The events of a transaction that worked, but for those that repeat native transfers."""
    if not native.worked(body):
        return []
    told = body["receipt"]["logs"]
    return [g for g in told if g["topics"] and g["address"].lower() not in NATIVE_LOGS]


def _of_log(log: Log, sight: Sight) -> Iterator[Move]:
    topics, contract = log["topics"], log["address"].lower()
    if topics[0] == TRANSFER and len(topics) == 3:
        yield from _pair(topics[1:], contract, as_int(log["data"]), None, sight)
    elif topics[0] == TRANSFER and len(topics) == 4:
        yield from _pair(topics[1:], contract, 1, as_int(topics[3]), sight)
    elif topics[0] == TRANSFER_SINGLE and len(topics) == 4:
        token_id, raw = int(log["data"][2:66], 16), int(log["data"][66:130], 16)
        yield from _pair(topics[2:], contract, raw, token_id, sight)
    elif topics[0] == TRANSFER_BATCH and {address_of(t) for t in topics[2:4]} & sight.own:
        for token_id, raw in _batch(log["data"]):
            yield from _pair(topics[2:], contract, raw, token_id, sight)


def _pair(
    ends: list[str], contract: str, raw: int, token_id: int | None, sight: Sight
) -> Iterator[Move]:
    sender, receiver = address_of(ends[0]), address_of(ends[1])
    if not raw or sender == receiver:
        return  # a zero-value transfer is somebody's trick, not a movement
    if sender in sight.own:
        yield Move(sender, contract, -raw, receiver, token_id=token_id)
    if receiver in sight.own:
        yield Move(receiver, contract, raw, sender, token_id=token_id)


def _batch(data: str) -> list[tuple[int, int]]:
    """(id, amount) of each token in a TransferBatch; one id may be told twice."""
    from eth_abi.abi import decode  # loaded when it is met
    from eth_abi.exceptions import DecodingError

    try:
        ids, amounts = decode(["uint256[]", "uint256[]"], bytes.fromhex(data[2:]))
    except (DecodingError, ValueError) as error:
        raise DataError(f"a TransferBatch cannot be read ({type(error).__name__})") from None
    if len(ids) != len(amounts):
        raise DataError("a TransferBatch has not as many amounts as ids")
    return list(zip(ids, amounts, strict=True))
