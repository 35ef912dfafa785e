"""What a token's contract says: decimals, symbol, and how much an address holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from config.errors import TransientError
from connectors.chains.rpc import Call, Rpc, is_refusal
from connectors.chains.topics import (
    DEPOSIT,
    NATIVE_LOGS,
    TRANSFER,
    WITHDRAWAL,
    address_of,
    padded,
)

_FUNGIBLE = frozenset({(TRANSFER, 3), (DEPOSIT, 2), (WITHDRAWAL, 2)})
_DECIMALS, _SYMBOL, _BALANCE_OF = "0x313ce567", "0x95d89b41", "0x70a08231"
_OWNER_OF, _BALANCE_OF_ID = "0x6352211e", "0x00fdd58e"  # ownerOf(id), balanceOf(address,id)


async def facts(rpc: Rpc, contracts: Sequence[str]) -> list[dict[str, Any]]:
    """Contract, decimals and symbol of each; None where it does not say."""
    calls = [
        ("eth_call", [{"to": contract, "data": data}, "latest"])
        for contract in contracts
        for data in (_DECIMALS, _SYMBOL)
    ]
    words = [said(rpc, answer) for answer in await rpc.try_batch(calls)]
    return [
        {
            "contract": contract,
            "decimals": _small_int(words[2 * i]),
            "symbol": _string(words[2 * i + 1]),
        }
        for i, contract in enumerate(contracts)
    ]


def balance_calls(contract: str, addresses: Sequence[str], block: int) -> list[Call]:
    return [
        ("eth_call", [{"to": contract, "data": _BALANCE_OF + padded(a)[2:]}, hex(block)])
        for a in addresses
    ]


def held(rpc: Rpc, answers: Iterable[Mapping[str, Any]]) -> int | None:
    """The token's own word for all addresses together; None if it does not give one."""
    words = [said(rpc, answer) for answer in answers]
    if any(w is None or len(w) != 66 for w in words):
        return None
    return sum(int(w, 16) for w in words if w)


def single_calls(own: str, contract: str, token_id: int, block: int) -> list[Call]:
    """Whose it is (ERC-721), and how many of its kind the address has (ERC-1155)."""
    word = f"{token_id:064x}"
    asked = (_OWNER_OF + word, _BALANCE_OF_ID + padded(own)[2:] + word)
    return [("eth_call", [{"to": contract, "data": data}, hex(block)]) for data in asked]


def single_held(rpc: Rpc, own: str, answers: Sequence[Mapping[str, Any]]) -> int | None:
    """How many the address has, by the standard that its contract answers to."""
    owner, count = (said(rpc, answer) for answer in answers)
    if owner is not None and len(owner) == 66:
        return int(address_of(owner) == own)
    return int(count, 16) if count is not None and len(count) == 66 else None


def said(rpc: Rpc, answer: Mapping[str, Any]) -> str | None:
    """What a contract returned; None if it does not say: it reverts, or stumbles in its own way,
    which no contract may stop a pull with. A node that cannot answer now raises TransientError."""
    error = answer.get("error")
    if error is None:
        return str(answer.get("result") or "0x")
    if is_refusal(error):
        return None
    raise TransientError(
        f"the node of {rpc.chain} could not read a token; it is tried again at the next sync"
    )


def is_fungible(log: Mapping[str, Any]) -> bool:
    """Whether an event moves units of its contract that are alike."""
    topics = log["topics"]
    if not topics or log["address"].lower() in NATIVE_LOGS:
        return False
    return (topics[0], len(topics)) in _FUNGIBLE


def _small_int(data: str | None) -> int | None:
    value = int(data, 16) if data and data != "0x" else None
    return value if value is not None and value <= 77 else None


def _string(data: str | None) -> str | None:
    if not data or data == "0x":
        return None
    from eth_abi.abi import decode  # loaded when a token is asked for its name
    from eth_abi.exceptions import DecodingError

    raw = bytes.fromhex(data[2:])
    try:
        return str(decode(["string"], raw)[0])
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return raw.rstrip(b"\0").decode("utf-8", "replace")
