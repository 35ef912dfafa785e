"""Which tokens are shares in a lender, or debts to it: the token names its pool, and a pool that is
known must name the token in turn, since anybody may claim anything.

Aave V3 and what runs its code; the pools are in `config/contracts.toml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.contracts import contracts as known
from connectors.chains.rpc import Call, Rpc, said
from connectors.chains.topics import address_of, padded

_POOL, _UNDERLYING, _RESERVE = "0x7535d246", "0xb16a19de", "0x35ea6a75"
# words of getReserveData(asset): the share, the debt at a stable rate, the debt at a variable rate
_SHARE, _DEBTS = 8, (9, 10)


@dataclass(frozen=True, slots=True)
class Part:
    """What a token is at a lender: a share of an asset that was lent, or a debt of it."""

    pool: str
    asset: str
    debt: bool


async def parts(rpc: Rpc, contracts: Sequence[str], chain_id: int) -> dict[str, Part]:
    """By contract, of those that are a share or a debt."""
    claims = await _claims(rpc, contracts)
    claims = {c: claim for c, claim in claims.items() if _is_lender(chain_id, claim[0])}
    asked = [_call(pool, _RESERVE + padded(asset)[2:]) for pool, asset in claims.values()]
    answers = await rpc.try_batch(asked)
    found: dict[str, Part] = {}
    for (contract, (pool, asset)), answer in zip(claims.items(), answers, strict=True):
        told = said(rpc, answer) or "0x"
        words = [address_of(told[at : at + 64]) for at in range(2, len(told), 64)]
        if words[_SHARE : _SHARE + 1] == [contract]:
            found[contract] = Part(pool, asset, debt=False)
        elif contract in [words[i] for i in _DEBTS if i < len(words)]:
            found[contract] = Part(pool, asset, debt=True)
    return found


def _is_lender(chain_id: int, pool: str) -> bool:
    return known().name(chain_id, pool, "lender") is not None


async def _claims(rpc: Rpc, contracts: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The pool and the asset that each contract names, of those that do."""
    calls = [_call(contract, data) for contract in contracts for data in (_POOL, _UNDERLYING)]
    words = [said(rpc, answer) for answer in await rpc.try_batch(calls)]
    named = {c: words[2 * i : 2 * i + 2] for i, c in enumerate(contracts)}
    return {
        contract: (address_of(pool), address_of(asset))
        for contract, (pool, asset) in named.items()
        if pool and asset and len(pool) == len(asset) == 66
    }


def _call(contract: str, data: str) -> Call:
    return ("eth_call", [{"to": contract, "data": data}, "latest"])
