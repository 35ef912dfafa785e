"""CoW: the chain's own coin is sold in two transactions, by way of a contract that keeps it.

What is placed with it stays the wallet's own until a settlement, which somebody else sends, or
until it comes back. Other orders are settled in one transaction, and what came and left tells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from eth_hash.auto import keccak

from connectors.chains.moves import Log, Move, Order, Sight, logs
from connectors.chains.native import Body
from connectors.chains.topics import INVALIDATED, PLACED, REFUNDED, TRADED, address_of

SETTLEMENT = "0x9008d19f58aabd9ed0d60971565aa8510560ab41"
FOREVER = "ffffffff"  # the validity that an order of the keeper's states
WORDS = 12  # of an order, which come first in the event
_ORDER = keccak(
    b"Order(address sellToken,address buyToken,address receiver,uint256 sellAmount,"
    b"uint256 buyAmount,uint32 validTo,bytes32 appData,uint256 feeAmount,string kind,"
    b"bool partiallyFillable,string sellTokenBalance,string buyTokenBalance)"
)
_DOMAIN = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)


def learn(body: Body, sight: Sight) -> None:
    """The orders that were placed, what was settled of any, and those whose coins came back."""
    for log in logs(body):
        keeper, topics = log["address"].lower(), log["topics"]
        if topics[0] == PLACED and sight.protocol(keeper, "orders"):
            own = address_of(topics[1])
            if own in sight.own:
                words = _words(log)
                wei = int(words[3], 16) + int(words[7], 16)  # what is sold, and a fee
                sight.orders[uid(words[:WORDS], keeper, sight.chain_id)] = Order(own, keeper, wei)
        elif topics[0] == TRADED and sight.protocol(keeper, "settlement"):
            tx_hash, sold = body["transaction"]["hash"], int(_words(log)[2], 16)
            sight.settled.setdefault(_name(log, 5), {})[tx_hash] = sold
        elif topics[0] in (INVALIDATED, REFUNDED) and sight.protocol(keeper, "orders"):
            sight.ended.add(_name(log, 0))


def uid(words: list[str], keeper: str, chain_id: int) -> str:
    """The name of an order: its digest by EIP-712, whose it is, until when."""
    place = f"{chain_id:064x}{SETTLEMENT[2:]:0>64}"
    domain = keccak(_DOMAIN + keccak(b"Gnosis Protocol") + keccak(b"v2") + bytes.fromhex(place))
    digest = keccak(b"\x19\x01" + domain + keccak(_ORDER + bytes.fromhex("".join(words))))
    return digest.hex() + keeper[2:] + FOREVER


def decode(moves: list[Move], body: Body, sight: Sight) -> list[Move]:
    keepers = {order.keeper for order in sight.orders.values()}
    if not keepers:
        return moves
    found = [replace(m, place="between") if _is_kept(m, keepers) else m for m in moves]
    for log in logs(body):
        found += _settled(log, sight)
    return found


def waiting(sight: Sight) -> list[tuple[str, Order]]:
    """Orders of which something may still be with their keeper."""
    return [
        (uid, order)
        for uid, order in sorted(sight.orders.items(), key=lambda o: o[0])
        if uid not in sight.ended and sum(sight.settled.get(uid, {}).values()) < order.wei
    ]


def _is_kept(move: Move, keepers: set[str]) -> bool:
    return move.contract is None and move.role == "principal" and move.other in keepers


def _settled(log: Log, sight: Sight) -> Iterator[Move]:
    """What a settlement took of an order."""
    if log["topics"][0] != TRADED or not sight.protocol(log["address"], "settlement"):
        return
    order = sight.orders.get(_name(log, 5))
    if order:
        sold = int(_words(log)[2], 16)
        yield Move(order.own, None, -sold, None, place="deposit", by="CoW")


def _words(log: Log) -> list[str]:
    return [log["data"][at : at + 64] for at in range(2, len(log["data"]), 64)]


def _name(log: Log, word: int) -> str:
    """A uid: 56 bytes at the offset that a word names."""
    data = log["data"][2:]
    at = 2 * int(data[64 * word : 64 * word + 64], 16)
    return str(data[at + 64 : at + 64 + 112]).lower()
