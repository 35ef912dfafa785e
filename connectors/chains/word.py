"""What a chain itself says of a wallet at one block, in one batch of requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.chains import tokens
from connectors.chains.rpc import Rpc, as_int

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
) -> Word:
    """`deposits` are (address, entry point)."""
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
        calls += tokens.single_calls(*single, number)
    answers = await rpc.try_batch(calls)
    block, *coins = rpc.results(calls[:first], answers[:first])
    return Word(
        number,
        datetime.fromtimestamp(as_int(block["timestamp"]), UTC),
        sum(map(as_int, coins)),
        {h: tokens.held(rpc, [a]) for h, a in zip(holdings, answers[first:after], strict=True)},
        {
            s: tokens.single_held(rpc, s[0], answers[after + 2 * i : after + 2 * i + 2])
            for i, s in enumerate(singles)
        },
    )
