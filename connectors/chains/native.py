"""What one transaction does to the native coin of an address: moves and fee.

Facts: a frame of a call tree with `error` moved nothing, nor did any below it; the value of a
delegate or code call is its parent's, told again; an unknown transaction may be answered with an
empty struct-log object, which is no tree. The fee is what the receipt says: gas used times the
effective price; on the OP stack with an L1 fee and an operator fee (Isthmus: per million gas,
Jovian: per hundredth); blob gas only in type 3; deposits of an L2 (0x7e, Arbitrum's 0x64 to 0x6a)
pay none here. Arbitrum's L1 part is inside its gas used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.chains.rpc import as_int, optional_int

GWEI = 10**9
TRACER = {"tracer": "callTracer"}
OP_STACK = frozenset({10, 8453, 130, 480, 1135, 1868, 7777777, 34443, 57073, 81457})
_MOVING = frozenset({"CALL", "CREATE", "CREATE2", "SELFDESTRUCT", "SUICIDE"})
DEPOSIT, NOBODY = 0x7E, "0x" + "0" * 40
# Arbitrum's: a deposit of the coin, and one that asks for a call, which brings all it may cost
COIN_DEPOSIT, CALL_DEPOSIT = 0x64, 0x69
DEPOSITS = frozenset({DEPOSIT, COIN_DEPOSIT, CALL_DEPOSIT, 0x68})
_WITHOUT_FEE = frozenset({DEPOSIT, *range(0x64, 0x6B)})
Body = Mapping[str, Any]  # of a stored transaction: transaction, receipt, perhaps frames
Frame = list[str]  # from, to, value in hex text: as it is stored


def frames(root: Any, transaction: Mapping[str, Any]) -> list[Frame] | None:
    """Every move of value in a call tree, in order; None if this is not the transaction's tree."""
    if not isinstance(root, dict) or "type" not in root:
        return None
    if str(root.get("from", "")).lower() != transaction["from"].lower():
        return None
    return list(_walk(root))


def _walk(frame: Mapping[str, Any]) -> Iterator[Frame]:
    if frame.get("error"):
        return
    value = optional_int(frame.get("value"))
    if value and frame["type"] in _MOVING:
        yield [str(frame["from"]).lower(), str(frame.get("to") or "").lower(), hex(value)]
    for inner in frame.get("calls") or ():
        yield from _walk(inner)


def moves(body: Body) -> Iterator[tuple[str, str, int]]:
    """(from, to, wei) of what is known to have moved: by the call tree, else the value sent."""
    transaction = body["transaction"]
    # what a deposit from L1 brings is there even if the deposit fails
    if minted := _minted(transaction):
        yield NOBODY, transaction["from"].lower(), minted
    if (found := body.get("frames")) is not None:
        told = [(sender, to, as_int(value)) for sender, to, value in found]
    else:
        to = (transaction.get("to") or "").lower()
        told = [(transaction["from"].lower(), to, as_int(transaction["value"]))]
    if worked(body):
        yield from ((sender, to, wei) for sender, to, wei in told if wei and sender != to)


def _minted(transaction: Mapping[str, Any]) -> int:
    """Wei that a deposit from L1 brings to its sender."""
    place = {DEPOSIT: "mint", COIN_DEPOSIT: "value", CALL_DEPOSIT: "depositValue"}
    return optional_int(transaction.get(place.get(type_of(transaction), "")))


def fee(body: Body) -> int:
    """Wei that the sender paid for gas."""
    transaction, receipt = body["transaction"], body["receipt"]
    type_ = type_of(transaction)
    if type_ in _WITHOUT_FEE:
        return 0
    gas = as_int(receipt["gasUsed"])
    paid = gas * as_int(receipt.get("effectiveGasPrice") or transaction.get("gasPrice"))
    paid += optional_int(receipt.get("l1Fee")) + _operator_fee(receipt, gas)
    if type_ == 3:
        paid += optional_int(receipt.get("blobGasUsed")) * optional_int(receipt.get("blobGasPrice"))
    return paid


def _operator_fee(receipt: Mapping[str, Any], gas: int) -> int:
    scalar = optional_int(receipt.get("operatorFeeScalar"))
    constant = optional_int(receipt.get("operatorFeeConstant"))
    jovian = receipt.get("daFootprintGasScalar") is not None
    return (gas * scalar * 100 if jovian else gas * scalar // 10**6) + constant


def lacks_l1_fee(body: Body, chain_id: int) -> bool:
    """Whether a receipt of the OP stack leaves out the L1 fee, which does not mean that there was
    none."""
    deposit = type_of(body["transaction"]) == DEPOSIT
    return chain_id in OP_STACK and not deposit and body["receipt"].get("l1Fee") is None


def type_of(transaction: Mapping[str, Any]) -> int:
    return optional_int(transaction.get("type"))


def worked(body: Body) -> bool:
    """Whether it succeeded; before Byzantium receipts had no status, and failure used all gas."""
    transaction, receipt = body["transaction"], body["receipt"]
    if "status" in receipt:
        return as_int(receipt["status"]) == 1
    return bool(receipt["logs"]) or as_int(receipt["gasUsed"]) < as_int(transaction["gas"])


def change(body: Body, own: str) -> int:
    """By how much a transaction is known to change the balance of one address."""
    total = -fee(body) if body["transaction"]["from"].lower() == own else 0
    for sender, to, wei in moves(body):
        total += wei * ((to == own) - (sender == own))
    return total


def number(body: Body) -> int:
    return as_int(body["receipt"]["blockNumber"])
