"""What a chain itself says of a wallet at one block, in one batch of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.chains import tokens
from connectors.chains.decoders import cow
from connectors.chains.moves import Order
from connectors.chains.rpc import Call, Rpc, as_int, said
from connectors.chains.topics import address_of

_ORDERS, _FILLED = "0x9c3f1e90", "0x2479fb6e"  # orders(digest), filledAmount(uid)
Holding = tuple[str, str]  # own address, contract
Single = tuple[str, str, int]  # own address, contract, token id


@dataclass(frozen=True, slots=True)
class Word:
    """Wei of all addresses together, deposits that they keep elsewhere included, and units of each
    token, by id where they are told apart (None where its contract does not say)."""

    number: int
    at: datetime
    wei: int
    held: dict[Holding, int | None]
    singles: dict[Single, int | None]


async def word(
    rpc: Rpc,
    number: int,
    addresses: Sequence[str],
    deposits: Iterable[Holding],
    contracts: Iterable[str],
    singles: Sequence[Single],
    orders: Sequence[tuple[str, Order]],
    role: Callable[[str], str],
) -> Word:
    """`deposits` are (address, entry point), `orders` what waits for a settlement by its uid, and
    `role` tells what the contract of a single token does."""
    calls = [("eth_getBlockByNumber", [hex(number), False])]
    calls += [("eth_getBalance", [a, hex(number)]) for a in addresses]
    for account, entry_point in deposits:
        calls += tokens.balance_calls(entry_point, [account], number)
    first = len(calls)
    holdings = [(a, c) for c in contracts for a in addresses]
    for own, contract in holdings:
        calls += tokens.balance_calls(contract, [own], number)
    after = len(calls)
    for single in singles:
        calls += tokens.single_calls(*single, number, role(single[1]))
    last = len(calls)
    for uid, order in orders:
        calls += _order_calls(uid, order, number)
    answers = await rpc.try_batch(calls)
    block, *coins = rpc.results(calls[:first], answers[:first])
    return Word(
        number,
        datetime.fromtimestamp(as_int(block["timestamp"]), UTC),
        sum(map(as_int, coins)) + _kept(rpc, orders, answers[last:]),
        {h: tokens.held(rpc, [a]) for h, a in zip(holdings, answers[first:after], strict=True)},
        {
            s: tokens.single_held(rpc, s[0], answers[after + 2 * i : after + 2 * i + 2], role(s[1]))
            for i, s in enumerate(singles)
        },
    )


def _order_calls(uid: str, order: Order, number: int) -> list[Call]:
    """Whose an order is with its keeper, and how much of it was settled."""
    name = f"{32:064x}{len(uid) // 2:064x}{uid:0<128}"
    asked = [(order.keeper, _ORDERS + uid[:64]), (cow.SETTLEMENT, _FILLED + name)]
    return [("eth_call", [{"to": to, "data": data}, hex(number)]) for to, data in asked]


def _kept(
    rpc: Rpc, orders: Sequence[tuple[str, Order]], answers: Sequence[Mapping[str, Any]]
) -> int:
    """Wei of orders that are neither settled nor taken back, by their keeper's own word."""
    total = 0
    for i, (_, order) in enumerate(orders):
        owner, filled = (said(rpc, a) or "0x" for a in answers[2 * i : 2 * i + 2])
        if len(owner) >= 66 and address_of(owner[:66]) == order.own and len(filled) == 66:
            total += max(order.wei - int(filled, 16), 0)
    return total
