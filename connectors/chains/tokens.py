"""What a token's contract says: decimals, symbol, and how much an address holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connectors.chains import lender
from connectors.chains.lender import Part
from connectors.chains.rpc import Call, Rpc, said
from connectors.chains.topics import (
    DEPOSIT,
    NATIVE_LOGS,
    TRANSFER,
    WITHDRAWAL,
    address_of,
    padded,
)

_FUNGIBLE = frozenset({(TRANSFER, 3), (DEPOSIT, 2), (WITHDRAWAL, 2)})
_DECIMALS, _SYMBOL, _NAME = "0x313ce567", "0x95d89b41", "0x06fdde03"
_BALANCE_OF = "0x70a08231"
_OWNER_OF, _BALANCE_OF_ID = "0x6352211e", "0x00fdd58e"  # ownerOf(id), balanceOf(address,id)
# how much liquidity a position has: the call, and the word of its answer
_LIQUIDITY = {"positions": ("0x99fbab88", 7), "positions4": ("0x1efeed33", 0)}


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a contract: `symbol` and `name` are its own words, which anybody may choose;
    `part` what it is at a lender."""

    decimals: int | None
    symbol: str | None = None
    name: str | None = None
    part: Part | None = None

    @property
    def is_share(self) -> bool:
        return self.part is not None and not self.part.debt

    @property
    def is_debt(self) -> bool:
        return self.part is not None and self.part.debt


def token_of(body: Mapping[str, Any]) -> Token:
    """Out of its stored record."""
    part = body.get("part")
    lent = Part(**part) if part else None
    return Token(body["decimals"], body.get("symbol"), body.get("name"), lent)


async def facts(rpc: Rpc, contracts: Sequence[str], chain_id: int) -> list[dict[str, Any]]:
    """What is stored of each contract; None where it does not say."""
    calls = [
        ("eth_call", [{"to": contract, "data": data}, "latest"])
        for contract in contracts
        for data in (_DECIMALS, _SYMBOL, _NAME)
    ]
    words = [said(rpc, answer) for answer in await rpc.try_batch(calls)]
    parts = await lender.parts(rpc, contracts, chain_id)
    return [
        {
            "contract": contract,
            "decimals": _small_int(words[3 * i]),
            "symbol": _string(words[3 * i + 1]),
            "name": _string(words[3 * i + 2]),
            "part": asdict(parts[contract]) if contract in parts else None,
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


def single_calls(own: str, contract: str, token_id: int, block: int, role: str = "") -> list[Call]:
    """Whose it is (ERC-721), and how many of its kind the address has (ERC-1155), or how much
    liquidity it is, if its contract's `role` is to keep positions."""
    word = f"{token_id:064x}"
    units = _BALANCE_OF_ID + padded(own)[2:] + word
    if role in _LIQUIDITY:
        units = _LIQUIDITY[role][0] + word
    return [
        ("eth_call", [{"to": contract, "data": data}, hex(block)])
        for data in (_OWNER_OF + word, units)
    ]


def single_held(
    rpc: Rpc, own: str, answers: Sequence[Mapping[str, Any]], role: str = ""
) -> int | None:
    """How many the address has, by the standard that its contract answers to."""
    owner, units = (said(rpc, answer) for answer in answers)
    if owner is not None and len(owner) == 66:
        its = address_of(owner) == own
        if role not in _LIQUIDITY:
            return int(its)
        at = 2 + 64 * _LIQUIDITY[role][1]
        word = (units or "")[at : at + 64]
        return int(its) * int(word, 16) if len(word) == 64 else None
    return int(units, 16) if units is not None and len(units) == 66 else None


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
